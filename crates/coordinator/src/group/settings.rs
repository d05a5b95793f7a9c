//! The configs that groups follow.

use dohle_metadata::config::Layers;
use dohle_metadata::config::value::Value;

/// Configs of the broker, resolved. Those that a group may override are limits here; see
/// `consumer` for a group's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the config of that name; times are milliseconds")]
pub struct Settings {
    pub group_min_session_timeout_ms: i32,
    pub group_max_session_timeout_ms: i32,
    pub group_initial_rebalance_delay_ms: i32,
    pub group_max_size: i32,
    pub offset_metadata_max_bytes: i32,
    pub offsets_retention_ms: i64,
    pub offsets_retention_check_interval_ms: i64,
    pub consumer_session_timeout_ms: i32,
    pub consumer_min_session_timeout_ms: i32,
    pub consumer_max_session_timeout_ms: i32,
    pub consumer_heartbeat_interval_ms: i32,
    pub consumer_min_heartbeat_interval_ms: i32,
    pub consumer_max_heartbeat_interval_ms: i32,
    pub consumer_max_size: i32,
    pub consumer_assignors: Vec<String>,
    pub consumer_migration_policy: String,
    pub consumer_regex_refresh_interval_ms: i32,
    pub consumer_assignment_interval_ms: i32,
}

impl Settings {
    /// What the layers of a broker's configs say.
    pub fn of(configs: Layers<'_>) -> Self {
        let long = |name| configs.value(name).integer();
        let int = |name| i32::try_from(long(name)).unwrap_or(i32::MAX);
        let text = |name| {
            let value = configs.value(name);
            if let Value::Text(text) = value { text } else { String::new() }
        };
        Self {
            group_min_session_timeout_ms: int("group.min.session.timeout.ms"),
            group_max_session_timeout_ms: int("group.max.session.timeout.ms"),
            group_initial_rebalance_delay_ms: int("group.initial.rebalance.delay.ms"),
            group_max_size: int("group.max.size"),
            offset_metadata_max_bytes: int("offset.metadata.max.bytes"),
            offsets_retention_ms: long("offsets.retention.minutes").saturating_mul(60_000),
            offsets_retention_check_interval_ms: long("offsets.retention.check.interval.ms"),
            consumer_session_timeout_ms: int("group.consumer.session.timeout.ms"),
            consumer_min_session_timeout_ms: int("group.consumer.min.session.timeout.ms"),
            consumer_max_session_timeout_ms: int("group.consumer.max.session.timeout.ms"),
            consumer_heartbeat_interval_ms: int("group.consumer.heartbeat.interval.ms"),
            consumer_min_heartbeat_interval_ms: int("group.consumer.min.heartbeat.interval.ms"),
            consumer_max_heartbeat_interval_ms: int("group.consumer.max.heartbeat.interval.ms"),
            consumer_max_size: int("group.consumer.max.size"),
            consumer_assignors: configs
                .value("group.consumer.assignors")
                .list()
                .map(<[String]>::to_vec)
                .unwrap_or_default(),
            consumer_migration_policy: text("group.consumer.migration.policy").to_lowercase(),
            consumer_regex_refresh_interval_ms: int("group.consumer.regex.refresh.interval.ms"),
            consumer_assignment_interval_ms: int("group.consumer.assignment.interval.ms"),
        }
    }
}

/// Kafka's defaults.
impl Default for Settings {
    fn default() -> Self {
        let nothing = dohle_metadata::config::resource::Configs::default();
        Self::of(Layers { broker: &nothing, cluster: &nothing, file: &nothing })
    }
}
