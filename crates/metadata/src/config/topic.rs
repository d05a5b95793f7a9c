//! A topic's configs: what holds, and what may be set.

use super::error::ConfigError;
use super::keys::Scope;
use super::keys::row::Key;
use super::layers::Layers;
use super::resource::Configs;
use super::value::Value;

/// What holds for one topic: its own configs over the broker's.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// Size at which a segment is full (`internal.segment.bytes` over `segment.bytes`).
    pub segment_bytes: u32,
    /// Age at which a segment is closed.
    pub segment_ms: i64,
    /// Most by which that comes earlier.
    pub segment_jitter_ms: i64,
    /// Largest index file.
    pub segment_index_bytes: u32,
    /// Records after which the log is flushed.
    pub flush_messages: i64,
    /// Time after which records must be on disk.
    pub flush_ms: i64,
    /// Size above which old segments go; -1 for never.
    pub retention_bytes: i64,
    /// Age at which records go; -1 for never.
    pub retention_ms: i64,
    /// Largest batch.
    pub max_message_bytes: u32,
    /// Bytes between two index entries.
    pub index_interval_bytes: u32,
    /// How long compaction keeps tombstones.
    pub delete_retention_ms: i64,
    /// How long a record stays out of compaction's reach.
    pub min_compaction_lag_ms: i64,
    /// How long a record may stay uncompacted.
    pub max_compaction_lag_ms: i64,
    /// How long deleted files stay.
    pub file_delete_delay_ms: i64,
    /// Share of uncompacted bytes at which a log is compacted.
    pub min_cleanable_dirty_ratio: f64,
    /// Whether the log is compacted.
    pub compact: bool,
    /// Whether old segments are deleted.
    pub delete: bool,
    /// Whether a replica outside the in-sync set may lead.
    pub unclean_leader_election_enable: bool,
    /// Replicas that acks=all needs.
    pub min_insync_replicas: u32,
    /// The codec that batches are stored with.
    pub compression: StoredCompression,
    /// Level for gzip.
    pub compression_gzip_level: i32,
    /// Level for lz4.
    pub compression_lz4_level: i32,
    /// Level for zstd.
    pub compression_zstd_level: i32,
    /// Whether a segment file gets its full size at once.
    pub preallocate: bool,
    /// True if records get the broker's time instead of the producer's.
    pub log_append_time: bool,
    /// How far a record's time may lie in the past.
    pub message_timestamp_before_max_ms: i64,
    /// How far a record's time may lie in the future.
    pub message_timestamp_after_max_ms: i64,
    /// Whether closed segments go to remote storage.
    pub remote_storage_enable: bool,
    /// Age at which copied segments go from the local disk; -2 for `retention_ms`.
    pub local_retention_ms: i64,
    /// Size above which they do; -2 for `retention_bytes`.
    pub local_retention_bytes: i64,
}

/// The codec that a topic's batches are stored with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredCompression {
    /// The producer's.
    Producer,
    /// None.
    Uncompressed,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd.
    Zstd,
}

impl TopicConfig {
    /// What holds for a topic with these configs on a broker with those.
    pub fn resolve(topic: &Configs, broker: Layers<'_>) -> Self {
        let resolved = Resolved { topic, broker };
        let integer = |name| resolved.value(name).integer();
        let small = |name| u32::try_from(integer(name)).unwrap_or(0);
        let level = |name| i32::try_from(integer(name)).unwrap_or(-1);
        let flag = |name| resolved.value(name).is_true();
        let policy = resolved.value("cleanup.policy");
        let has = |word: &str| policy.list().unwrap_or_default().iter().any(|part| part == word);
        let internal = small("internal.segment.bytes");
        Self {
            segment_bytes: if internal > 0 { internal } else { small("segment.bytes") },
            segment_ms: integer("segment.ms"),
            segment_jitter_ms: integer("segment.jitter.ms"),
            segment_index_bytes: small("segment.index.bytes"),
            flush_messages: integer("flush.messages"),
            flush_ms: integer("flush.ms"),
            retention_bytes: integer("retention.bytes"),
            retention_ms: integer("retention.ms"),
            max_message_bytes: small("max.message.bytes"),
            index_interval_bytes: small("index.interval.bytes"),
            delete_retention_ms: integer("delete.retention.ms"),
            min_compaction_lag_ms: integer("min.compaction.lag.ms"),
            max_compaction_lag_ms: integer("max.compaction.lag.ms"),
            file_delete_delay_ms: integer("file.delete.delay.ms"),
            min_cleanable_dirty_ratio: resolved.value("min.cleanable.dirty.ratio").real(),
            compact: has("compact"),
            delete: has("delete"),
            unclean_leader_election_enable: flag("unclean.leader.election.enable"),
            min_insync_replicas: small("min.insync.replicas"),
            compression: stored_compression(resolved.value("compression.type").text()),
            compression_gzip_level: level("compression.gzip.level"),
            compression_lz4_level: level("compression.lz4.level"),
            compression_zstd_level: level("compression.zstd.level"),
            preallocate: flag("preallocate"),
            log_append_time: resolved.value("message.timestamp.type").text()
                == Some("LogAppendTime"),
            message_timestamp_before_max_ms: integer("message.timestamp.before.max.ms"),
            message_timestamp_after_max_ms: integer("message.timestamp.after.max.ms"),
            remote_storage_enable: flag("remote.storage.enable"),
            local_retention_ms: integer("local.retention.ms"),
            local_retention_bytes: integer("local.retention.bytes"),
        }
    }
}

fn stored_compression(text: Option<&str>) -> StoredCompression {
    match text {
        Some("uncompressed") => StoredCompression::Uncompressed,
        Some("gzip") => StoredCompression::Gzip,
        Some("snappy") => StoredCompression::Snappy,
        Some("lz4") => StoredCompression::Lz4,
        Some("zstd") => StoredCompression::Zstd,
        // "producer"; the check let nothing else in.
        _ => StoredCompression::Producer,
    }
}

/// A topic's configs over a broker's.
#[derive(Clone, Copy)]
struct Resolved<'a> {
    topic: &'a Configs,
    broker: Layers<'a>,
}

impl Resolved<'_> {
    fn value(self, name: &str) -> Value {
        match Scope::Topic.key(name) {
            Some(key) => value(key, self.topic, self.broker),
            None => Value::Null,
        }
    }
}

/// What holds for one key of a topic.
pub fn value(key: &Key, topic: &Configs, broker: Layers<'_>) -> Value {
    topic
        .get(key.name)
        .and_then(|text| key.parse(text).ok())
        .unwrap_or_else(|| broker.inherited(key))
}

/// Checks all configs that a topic would have; `before` is what it has.
pub fn check(
    configs: &Configs,
    before: &Configs,
    broker: Layers<'_>,
    remote_storage: bool,
) -> Result<(), ConfigError> {
    for name in configs.keys() {
        if Scope::Topic.key(name).is_none() {
            return Err(ConfigError::new(format!("Unknown topic config name: {name}")));
        }
    }
    for key in Scope::Topic.keys() {
        if let Some(text) = configs.get(key.name) {
            key.parse(text)?;
        }
    }
    let topic = Resolved { topic: configs, broker };
    let integer = |name| topic.value(name).integer();
    let (least, most) = (integer("min.compaction.lag.ms"), integer("max.compaction.lag.ms"));
    if least > most {
        return Err(ConfigError::new(format!(
            "conflict topic config setting min.compaction.lag.ms ({least}) > \
             max.compaction.lag.ms ({most})"
        )));
    }
    if topic.value("remote.storage.enable").is_true() {
        check_remote(topic, remote_storage)
    } else if before.get("remote.storage.enable").is_some_and(|was| was == "true")
        && !topic.value("remote.log.delete.on.disable").is_true()
    {
        Err(ConfigError::new(
            "It is invalid to disable remote storage without deleting remote data. If you want \
             to keep the remote data and turn to read only, please set \
             `remote.storage.enable=true,remote.log.copy.disable=true`. If you want to disable \
             remote storage and delete all remote data, please set \
             `remote.storage.enable=false,remote.log.delete.on.disable=true`.",
        ))
    } else {
        Ok(())
    }
}

fn check_remote(topic: Resolved<'_>, remote_storage: bool) -> Result<(), ConfigError> {
    if !remote_storage {
        return Err(ConfigError::new(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured \
             with remote log storage.",
        ));
    }
    let policy = topic.value("cleanup.policy");
    if !matches!(policy.list().unwrap_or_default(), [] | [_])
        || policy.list().unwrap_or_default().iter().any(|part| part != "delete")
    {
        return Err(ConfigError::new(
            "Remote log storage only supports topics with cleanup.policy=delete or \
             cleanup.policy being an empty list.",
        ));
    }
    for (whole, local) in
        [("retention.bytes", "local.retention.bytes"), ("retention.ms", "local.retention.ms")]
    {
        let (most, kept) = (topic.value(whole).integer(), topic.value(local).integer());
        if most <= -1 || kept == -2 {
            continue;
        }
        if kept == -1 {
            let why = format!("Value must not be -1 as {whole} value is set as {most}.");
            return Err(ConfigError::value(local, kept, why));
        }
        if kept > most {
            let why = format!("Value must not be more than {whole} property value: {most}");
            return Err(ConfigError::value(local, kept, why));
        }
    }
    if topic.value("remote.log.copy.disable").is_true() {
        for (whole, local) in
            [("retention.bytes", "local.retention.bytes"), ("retention.ms", "local.retention.ms")]
        {
            let kept = topic.value(local).integer();
            if kept != -2 && kept != topic.value(whole).integer() {
                return Err(ConfigError::new(format!(
                    "When `remote.log.copy.disable` is set to true, the `{local}` and `{whole}` \
                     must be set to the identical value because there will be no more logs \
                     copied to the remote storage."
                )));
            }
        }
    }
    Ok(())
}
