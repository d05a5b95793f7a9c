//! How a share consumer works, by Kafka's names and with Kafka's defaults.

use crate::{Error, Properties};
use dohle_protocol::wire::Text;
use std::time::Duration;

/// Settings of a share consumer. Where a group begins, how long its locks hold and the like are settings of the group.
#[derive(Clone, Debug)]
pub struct ShareConsumerConfig {
    /// `group.id`.
    pub group: Text,
    /// `client.rack`.
    pub rack: Option<Text>,
    /// `fetch.min.bytes`.
    pub fetch_bytes_min: i32,
    /// `fetch.max.bytes`.
    pub fetch_bytes_max: i32,
    /// `fetch.max.wait.ms`.
    pub fetch_wait_max: Duration,
    /// `max.poll.records`.
    pub poll_records_max: usize,
    /// `share.acquire.mode` is `record_limit`: never more than `max.poll.records`, although that splits batches
    /// (KIP-1206).
    pub acquires_exactly: bool,
}

impl ShareConsumerConfig {
    /// A member of this group.
    #[must_use]
    pub fn new(group: impl Into<Text>) -> Self {
        Self {
            group: group.into(),
            rack: None,
            fetch_bytes_min: 1,
            fetch_bytes_max: 50 << 20,
            fetch_wait_max: Duration::from_millis(500),
            poll_records_max: 500,
            acquires_exactly: false,
        }
    }

    /// Takes over what `properties` say under Kafka's names.
    ///
    /// # Errors
    /// Values that are none.
    pub fn apply(&mut self, properties: &Properties) -> Result<(), Error> {
        if let Some(group) = properties.get("group.id") {
            self.group = group.into();
        }
        if let Some(rack) = properties.get("client.rack") {
            self.rack = (!rack.is_empty()).then(|| rack.into());
        }
        if let Some(mode) = properties.get("share.acquire.mode") {
            self.acquires_exactly = match mode.trim().to_ascii_lowercase().as_str() {
                "record_limit" => true,
                "batch_optimized" => false,
                _ => {
                    let what = "for configuration share.acquire.mode";
                    return Err(Error::Usage(format!("Invalid value {mode} {what}")));
                }
            };
        }
        properties.read("fetch.min.bytes", &mut self.fetch_bytes_min)?;
        properties.read("fetch.max.bytes", &mut self.fetch_bytes_max)?;
        properties.read("max.poll.records", &mut self.poll_records_max)?;
        properties.duration_ms("fetch.max.wait.ms", &mut self.fetch_wait_max)
    }
}
