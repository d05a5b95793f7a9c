//! The cluster's metadata at one offset: an immutable value that every node reads.
//!
//! An [`Image`] is made of persistent maps: a clone is a few pointers, and a change costs what it
//! touches. It is a pure function of the metadata log: [`Image::apply`] takes one record after the
//! other, [`Image::records`] gives the records that make an equal image from nothing.

pub mod acl;
pub mod broker;
pub mod changes;
pub mod quota;
pub mod replay;
pub mod scram;
pub mod snapshot;
pub mod topic;

#[cfg(test)]
mod tests;

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::DelegationTokenRecord;
use dohle_protocol::wire::Text;
use imbl::{OrdMap, Vector};

pub use acl::Acl;
pub use broker::{Broker, Controller, Endpoint, FeatureRange};
pub use changes::Changes;
pub use quota::QuotaEntity;
pub use scram::ScramCredential;
pub use topic::{NO_LEADER, Partition, Topic, Topics};

use crate::config::resource::Configs;
use crate::config::{ConfigResource, Layers, TopicConfig};
use crate::features::{ELIGIBLE_LEADER_REPLICAS_VERSION, METADATA_VERSION, MetadataVersion};
use crate::record::MetadataRecord;

/// Where in the log an image stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The offset of the last record that it has; -1 for none.
    pub offset: i64,
    /// The leader epoch of that record.
    pub epoch: i32,
    /// The time of that record's batch.
    pub timestamp: i64,
}

impl Default for Provenance {
    fn default() -> Self {
        Self { offset: -1, epoch: -1, timestamp: -1 }
    }
}

/// The cluster's metadata.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Where in the log it stands.
    pub provenance: Provenance,
    /// Finalized feature levels, `metadata.version` among them, `kraft.version` not.
    pub features: OrdMap<Text, i16>,
    /// Registered brokers by id.
    pub brokers: OrdMap<i32, Broker>,
    /// Registered controllers by id.
    pub controllers: OrdMap<i32, Controller>,
    /// Topics and their partitions.
    pub topics: Topics,
    /// Configs that are set, by resource; no resource is without any.
    pub configs: OrdMap<ConfigResource, Configs>,
    /// Client quotas by entity and key; no entity is without any.
    pub quotas: OrdMap<QuotaEntity, OrdMap<Text, f64>>,
    /// The first producer id that no block has yet; 0 before the first block.
    pub next_producer_id: Option<i64>,
    /// Access control entries by id.
    pub acls: OrdMap<Uuid, Acl>,
    /// SCRAM credentials by mechanism (1 SHA-256, 2 SHA-512) and user.
    pub scram: OrdMap<(i8, Text), ScramCredential>,
    /// Delegation tokens by id.
    pub delegation_tokens: OrdMap<Text, DelegationTokenRecord>,
    /// Records of an open transaction, to become visible at its end; `None` outside of one.
    pub(crate) pending: Option<Vector<MetadataRecord>>,
}

/// Equal content; where in the log it was read does not matter.
impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        self.features == other.features
            && self.brokers == other.brokers
            && self.controllers == other.controllers
            && self.topics == other.topics
            && self.configs == other.configs
            && self.quotas == other.quotas
            && self.next_producer_id == other.next_producer_id
            && self.acls == other.acls
            && self.scram == other.scram
            && self.delegation_tokens == other.delegation_tokens
            && self.pending == other.pending
    }
}

impl Image {
    /// True if no record was ever applied that says which metadata version the cluster has.
    pub fn is_empty(&self) -> bool {
        !self.features.contains_key(METADATA_VERSION)
    }

    /// The cluster's metadata version; the oldest if none is said.
    pub fn metadata_version(&self) -> MetadataVersion {
        let level = self.features.get(METADATA_VERSION);
        level.map_or(MetadataVersion::MINIMUM, |level| MetadataVersion(*level))
    }

    /// A feature's finalized level; 0 if it is off.
    pub fn feature_level(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or(0)
    }

    /// True if partitions keep eligible leader replicas.
    pub fn keeps_eligible_leaders(&self) -> bool {
        self.feature_level(ELIGIBLE_LEADER_REPLICAS_VERSION) > 0
    }

    /// True while a transaction of records is open.
    pub fn is_in_transaction(&self) -> bool {
        self.pending.is_some()
    }

    /// The configs that are set on a resource.
    pub fn configs_of(&self, resource: &ConfigResource) -> Configs {
        self.configs.get(resource).cloned().unwrap_or_default()
    }

    /// What holds for a topic on a broker: the topic's configs over the broker's, those over the
    /// brokers' default, those over the broker's file.
    pub fn topic_config(&self, topic: &str, broker_id: i32, file: &Configs) -> TopicConfig {
        let topic = self.configs_of(&ConfigResource::topic(topic));
        let broker = self.configs_of(&ConfigResource::broker(broker_id));
        let cluster = self.configs_of(&ConfigResource::all_brokers());
        TopicConfig::resolve(&topic, Layers { broker: &broker, cluster: &cluster, file })
    }
}
