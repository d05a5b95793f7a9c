//! How a consumer works, by Kafka's names and with Kafka's defaults.

use super::GroupProtocol;
use crate::group::Strategy;
use crate::{Error, Properties};
use dohle_protocol::wire::Text;
use std::time::Duration;

/// Where a partition without a position begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// With the oldest record.
    Earliest,
    /// With what comes next.
    Latest,
    /// Nowhere: it is an error.
    None,
}

/// Settings of a consumer.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// `group.id`.
    pub group: Option<Text>,
    /// `group.instance.id`: a static member.
    pub instance_id: Option<Text>,
    /// `group.protocol`.
    pub group_protocol: GroupProtocol,
    /// `group.remote.assignor`: how the coordinator is to share out; it decides where that is not said.
    pub remote_assignor: Option<Text>,
    /// `auto.offset.reset`.
    pub offset_reset: OffsetReset,
    /// `enable.auto.commit`.
    pub auto_commit: bool,
    /// `auto.commit.interval.ms`.
    pub auto_commit_interval: Duration,
    /// `isolation.level`: only what was committed.
    pub read_committed: bool,
    /// `fetch.min.bytes`.
    pub fetch_bytes_min: i32,
    /// `fetch.max.bytes`.
    pub fetch_bytes_max: i32,
    /// `max.partition.fetch.bytes`.
    pub partition_bytes_max: i32,
    /// `fetch.max.wait.ms`.
    pub fetch_wait_max: Duration,
    /// `max.poll.records`.
    pub poll_records_max: usize,
    /// `max.poll.interval.ms`: how long a member may take to come back to a rebalance.
    pub poll_interval_max: Duration,
    /// `session.timeout.ms`.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `client.rack`.
    pub rack: Text,
    /// `partition.assignment.strategy`, the favourite first.
    pub strategies: Vec<Strategy>,
    /// `check.crcs`.
    pub check_crcs: bool,
    /// `allow.auto.create.topics`.
    pub may_create_topics: bool,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            group: None,
            instance_id: None,
            group_protocol: GroupProtocol::Classic,
            remote_assignor: None,
            offset_reset: OffsetReset::Latest,
            auto_commit: true,
            auto_commit_interval: Duration::from_secs(5),
            read_committed: false,
            fetch_bytes_min: 1,
            fetch_bytes_max: 50 << 20,
            partition_bytes_max: 1 << 20,
            fetch_wait_max: Duration::from_millis(500),
            poll_records_max: 500,
            poll_interval_max: Duration::from_secs(300),
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rack: Text::default(),
            strategies: vec![Strategy::Range, Strategy::CooperativeSticky],
            check_crcs: true,
            may_create_topics: true,
        }
    }
}

impl ConsumerConfig {
    /// Whether a member keeps what it has while its group changes: all its strategies must know how
    /// (KIP-429).
    #[must_use]
    pub fn is_cooperative(&self) -> bool {
        self.strategies.iter().all(|strategy| strategy.is_cooperative())
    }

    /// Takes over what `properties` say under Kafka's names.
    ///
    /// # Errors
    /// Values that are none.
    pub fn apply(&mut self, properties: &Properties) -> Result<(), Error> {
        if let Some(group) = properties.get("group.id") {
            self.group = (!group.is_empty()).then(|| group.into());
        }
        if let Some(id) = properties.get("group.instance.id") {
            self.instance_id = (!id.is_empty()).then(|| id.into());
        }
        if let Some(name) = properties.get("group.protocol") {
            self.group_protocol = GroupProtocol::of_name(name.trim())
                .ok_or_else(|| invalid("group.protocol", name))?;
        }
        if let Some(assignor) = properties.get("group.remote.assignor") {
            self.remote_assignor = (!assignor.is_empty()).then(|| assignor.into());
        }
        self.check_protocol(properties)?;
        if let Some(rack) = properties.get("client.rack") {
            self.rack = rack.into();
        }
        if let Some(reset) = properties.get("auto.offset.reset") {
            self.offset_reset = match reset.trim() {
                "earliest" => OffsetReset::Earliest,
                "latest" => OffsetReset::Latest,
                "none" => OffsetReset::None,
                other => return Err(invalid("auto.offset.reset", other)),
            };
        }
        if let Some(level) = properties.get("isolation.level") {
            self.read_committed = match level.trim() {
                "read_committed" => true,
                "read_uncommitted" => false,
                other => return Err(invalid("isolation.level", other)),
            };
        }
        if let Some(list) = properties.get("partition.assignment.strategy") {
            self.strategies = list
                .split(',')
                .map(|name| {
                    Strategy::of_class(name.trim())
                        .ok_or_else(|| invalid("partition.assignment.strategy", name))
                })
                .collect::<Result<_, _>>()?;
        }
        properties.read("enable.auto.commit", &mut self.auto_commit)?;
        properties.read("check.crcs", &mut self.check_crcs)?;
        properties.read("allow.auto.create.topics", &mut self.may_create_topics)?;
        properties.read("fetch.min.bytes", &mut self.fetch_bytes_min)?;
        properties.read("fetch.max.bytes", &mut self.fetch_bytes_max)?;
        properties.read("max.partition.fetch.bytes", &mut self.partition_bytes_max)?;
        properties.read("max.poll.records", &mut self.poll_records_max)?;
        for (name, place) in [
            ("auto.commit.interval.ms", &mut self.auto_commit_interval),
            ("fetch.max.wait.ms", &mut self.fetch_wait_max),
            ("max.poll.interval.ms", &mut self.poll_interval_max),
            ("session.timeout.ms", &mut self.session_timeout),
            ("heartbeat.interval.ms", &mut self.heartbeat_interval),
        ] {
            properties.duration_ms(name, place)?;
        }
        Ok(())
    }
}

/// What only members that share out by themselves can be told.
const ONLY_CLASSIC: [&str; 3] =
    ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"];
/// What only members can be told whose coordinator shares out.
const ONLY_CONSUMER: [&str; 1] = ["group.remote.assignor"];

impl ConsumerConfig {
    /// What one protocol cannot do is not to be asked of it.
    fn check_protocol(&self, properties: &Properties) -> Result<(), Error> {
        let foreign = match self.group_protocol {
            GroupProtocol::Classic => &ONLY_CONSUMER[..],
            GroupProtocol::Consumer => &ONLY_CLASSIC,
        };
        let is_set =
            |name: &&&str| properties.get(name).is_some_and(|value| !value.trim().is_empty());
        let set: Vec<&str> = foreign.iter().filter(is_set).copied().collect();
        if set.is_empty() {
            return Ok(());
        }
        let protocol = self.group_protocol;
        let text = format!("{} cannot be set when group.protocol={protocol}", set.join(", "));
        Err(Error::Usage(text))
    }
}

fn invalid(name: &str, value: &str) -> Error {
    Error::Usage(format!("Invalid value {value} for configuration {name}"))
}
