//! What clients know of a topic.

use super::Partition;
use super::compaction::Policy;
use dohle_protocol::ids::Uuid;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Among a config's values: the first change was not answered, so it may be anything.
pub const ANY: &str = "*";

/// Whether a topic is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It was asked for.
    Wanted,
    /// It was made, and was acknowledged.
    Live,
    /// Its deletion was asked for.
    Leaving,
    /// Its deletion was acknowledged.
    Gone,
}

/// What clients know of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Zero until it is known.
    pub id: Uuid,
    /// Whether it is there.
    pub life: Life,
    /// How many partitions were acknowledged.
    pub partitions: i32,
    /// How many were asked for.
    pub partitions_wanted: i32,
    /// `flush.messages=1`: what is acknowledged by all replicas survives a power loss.
    pub is_durable: bool,
    /// Records leave it by themselves, for their number or their age.
    pub has_retention: bool,
    /// Where they do for their age alone: how old each must be.
    pub kept_ms: Option<i64>,
    /// Its policy has `delete`.
    pub is_deleting: bool,
    /// What is promised of its compaction, if it is compacted.
    pub compaction: Option<Policy>,
    /// Per config: what it may be. Several, where a change was asked for and not answered.
    pub configs: BTreeMap<String, BTreeSet<String>>,
}

impl Topic {
    /// What is known of a partition of it that is new, with its leader if that is known.
    #[must_use]
    pub fn new_partition(&self, name: &str, leader: Option<SocketAddr>) -> Partition {
        let is_kept = !self.has_retention || self.kept_ms.is_some();
        let deletable_to = if is_kept { 0 } else { i64::MAX };
        let partition = Partition::new(name, self.is_durable, deletable_to);
        partition.led_by(leader).kept_ms(self.kept_ms).compacted(self.compaction)
    }

    /// Whether clients may use it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.life == Life::Live
    }
}
