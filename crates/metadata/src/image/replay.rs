//! How a record changes an image.

use std::sync::Arc;

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::{
    BrokerRegistrationChangeRecord, ClientQuotaRecord, ConfigRecord, DelegationTokenRecord,
    FeatureLevelRecord, PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord,
    UserScramCredentialRecord,
};
use dohle_protocol::wire::Text;
use imbl::{OrdMap, Vector};

use super::{
    Acl, Broker, Changes, Controller, Image, Partition, Provenance, QuotaEntity, ScramCredential,
};
use crate::config::{ConfigResource, ResourceKind};
use crate::features::KRAFT_VERSION;
use crate::record::MetadataRecord;

impl Image {
    /// Applies a record. One that makes no sense here (a partition of no topic, a broker epoch
    /// that has passed) leaves the image as it is: all nodes do the same with it.
    pub fn apply(&mut self, record: &MetadataRecord) {
        self.apply_noting(record, &mut Changes::default());
    }

    /// Applies a record and notes what it touches. Records of an open transaction touch nothing
    /// until it ends.
    pub fn apply_noting(&mut self, record: &MetadataRecord, changes: &mut Changes) {
        match (&mut self.pending, record) {
            (pending, MetadataRecord::BeginTransaction(_)) => *pending = Some(Vector::new()),
            (pending, MetadataRecord::AbortTransaction(_)) => *pending = None,
            (pending, MetadataRecord::EndTransaction(_)) => {
                for record in pending.take().into_iter().flatten() {
                    self.apply_visible(&record, changes);
                }
            }
            (Some(pending), record) => pending.push_back(record.clone()),
            (None, record) => self.apply_visible(record, changes),
        }
    }

    /// Says where in the log the image now stands.
    pub fn set_provenance(&mut self, offset: i64, epoch: i32, timestamp: i64) {
        self.provenance = Provenance { offset, epoch, timestamp };
    }

    fn apply_visible(&mut self, record: &MetadataRecord, changes: &mut Changes) {
        match record {
            MetadataRecord::RegisterBroker(record) => {
                self.brokers.insert(record.broker_id, Broker::from_record(record));
                changes.brokers.insert(record.broker_id);
            }
            MetadataRecord::UnregisterBroker(record) => {
                self.brokers.remove(&record.broker_id);
                changes.brokers.insert(record.broker_id);
            }
            MetadataRecord::FenceBroker(record) => {
                self.change_broker(&fencing(record.id, record.epoch, 1), changes);
            }
            MetadataRecord::UnfenceBroker(record) => {
                self.change_broker(&fencing(record.id, record.epoch, -1), changes);
            }
            MetadataRecord::BrokerRegistrationChange(record) => {
                self.change_broker(record, changes);
            }
            MetadataRecord::RegisterController(record) => {
                self.controllers.insert(record.controller_id, Controller::from_record(record));
                changes.controllers.insert(record.controller_id);
            }
            MetadataRecord::UnregisterController(record) => {
                self.controllers.remove(&record.controller_id);
                changes.controllers.insert(record.controller_id);
            }
            MetadataRecord::Topic(record) => self.add_topic(record, changes),
            MetadataRecord::RemoveTopic(record) => self.remove_topic(record, changes),
            MetadataRecord::Partition(record) => self.set_partition(record, changes),
            MetadataRecord::PartitionChange(record) => self.change_partition(record, changes),
            MetadataRecord::ClearElr(record) => self.clear_elr(&record.topic_name, changes),
            MetadataRecord::Config(record) => self.set_config(record, changes),
            MetadataRecord::ClientQuota(record) => self.set_quota(record, changes),
            MetadataRecord::UserScramCredential(record) => self.set_scram(record, changes),
            MetadataRecord::RemoveUserScramCredential(record) => {
                let key = (record.mechanism, record.name.detached());
                self.scram.remove(&key);
                changes.scram.insert(key);
            }
            MetadataRecord::FeatureLevel(record) => self.set_feature(record, changes),
            MetadataRecord::ProducerIds(record) => {
                self.next_producer_id = Some(record.next_producer_id);
                changes.has_producer_ids = true;
            }
            MetadataRecord::AccessControlEntry(record) => {
                self.acls.insert(record.id, Acl::from_record(record));
                changes.acls.insert(record.id);
            }
            MetadataRecord::RemoveAccessControlEntry(record) => {
                self.acls.remove(&record.id);
                changes.acls.insert(record.id);
            }
            MetadataRecord::DelegationToken(record) => self.set_token(record, changes),
            MetadataRecord::RemoveDelegationToken(record) => {
                self.delegation_tokens.remove(&record.token_id);
                changes.delegation_tokens.insert(record.token_id.detached());
            }
            MetadataRecord::NoOp(_)
            | MetadataRecord::ZkMigrationState(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => {}
        }
    }

    fn change_broker(&mut self, record: &BrokerRegistrationChangeRecord, changes: &mut Changes) {
        if let Some(broker) = self.brokers.get_mut(&record.broker_id)
            && broker.epoch == record.broker_epoch
        {
            broker.change(record);
            changes.brokers.insert(record.broker_id);
        }
    }

    fn add_topic(&mut self, record: &TopicRecord, changes: &mut Changes) {
        self.topics.insert(record.topic_id, record.name.detached());
        changes.topics_created.insert(record.topic_id);
    }

    /// A topic takes its configs with it.
    fn remove_topic(&mut self, record: &RemoveTopicRecord, changes: &mut Changes) {
        let Some(topic) = self.topics.remove(&record.topic_id) else { return };
        let resource = ConfigResource::topic(&*topic.name);
        if self.configs.remove(&resource).is_some() {
            changes.configs.insert(resource);
        }
        changes.partitions.retain(|(id, _)| *id != record.topic_id);
        if !changes.topics_created.remove(&record.topic_id) {
            changes.topics_deleted.insert(record.topic_id, topic.name);
        }
    }

    fn set_partition(&mut self, record: &PartitionRecord, changes: &mut Changes) {
        if let Some(topic) = self.topics.topic_mut(&record.topic_id) {
            let partition = Partition::from_record(record);
            topic.partitions.insert(record.partition_id, Arc::new(partition));
            changes.partitions.insert((record.topic_id, record.partition_id));
        }
    }

    fn change_partition(&mut self, record: &PartitionChangeRecord, changes: &mut Changes) {
        let topic = self.topics.topic_mut(&record.topic_id);
        if let Some(partition) = topic.and_then(|t| t.partitions.get_mut(&record.partition_id)) {
            Arc::make_mut(partition).change(record);
            changes.partitions.insert((record.topic_id, record.partition_id));
        }
    }

    /// Empties the eligible leader replicas of a topic, or of all if the name is empty.
    fn clear_elr(&mut self, topic_name: &str, changes: &mut Changes) {
        let is_meant = |name: &Text| topic_name.is_empty() || &**name == topic_name;
        let has_elr = |partition: &Arc<Partition>| {
            !partition.elr.is_empty() || !partition.last_known_elr.is_empty()
        };
        let meant: Vec<(Uuid, i32)> = self
            .topics
            .iter_by_id()
            .filter(|topic| is_meant(&topic.name))
            .flat_map(|topic| topic.partitions.iter().map(|(index, p)| (topic.id, *index, p)))
            .filter(|(_, _, partition)| has_elr(partition))
            .map(|(id, index, _)| (id, index))
            .collect();
        for (topic_id, partition_id) in meant {
            let record = PartitionChangeRecord {
                topic_id,
                partition_id,
                eligible_leader_replicas: Some(Vec::new()),
                last_known_elr: Some(Vec::new()),
                ..PartitionChangeRecord::default()
            };
            self.change_partition(&record, changes);
        }
    }

    fn set_config(&mut self, record: &ConfigRecord, changes: &mut Changes) {
        let Some(kind) = ResourceKind::from_number(record.resource_type) else { return };
        let resource = ConfigResource::new(kind, &*record.resource_name);
        let mut configs = self.configs_of(&resource);
        match &record.value {
            Some(value) => configs.insert(record.name.to_string(), value.to_string()),
            None => configs.remove(&*record.name),
        };
        if configs.is_empty() {
            self.configs.remove(&resource);
        } else {
            self.configs.insert(resource.clone(), configs);
        }
        changes.configs.insert(resource);
    }

    fn set_feature(&mut self, record: &FeatureLevelRecord, changes: &mut Changes) {
        if &*record.name == KRAFT_VERSION {
            // The quorum keeps this one itself; a record of it was written by mistake.
            return;
        }
        let name = record.name.detached();
        changes.features.insert(name.clone());
        match record.feature_level {
            0 => self.features.remove(&name),
            level => self.features.insert(name, level),
        };
    }

    fn set_token(&mut self, record: &DelegationTokenRecord, changes: &mut Changes) {
        let id = record.token_id.detached();
        self.delegation_tokens.insert(id.clone(), record.clone());
        changes.delegation_tokens.insert(id);
    }

    fn set_quota(&mut self, record: &ClientQuotaRecord, changes: &mut Changes) {
        let entity = QuotaEntity::from_record(&record.entity);
        let mut quotas = self.quotas.get(&entity).cloned().unwrap_or_else(OrdMap::new);
        if record.remove {
            quotas.remove(&record.key);
        } else {
            quotas.insert(record.key.detached(), record.value);
        }
        if quotas.is_empty() {
            self.quotas.remove(&entity);
        } else {
            self.quotas.insert(entity.clone(), quotas);
        }
        changes.quotas.insert(entity);
    }

    fn set_scram(&mut self, record: &UserScramCredentialRecord, changes: &mut Changes) {
        let key = (record.mechanism, record.name.detached());
        let credential = ScramCredential {
            salt: bytes::Bytes::copy_from_slice(&record.salt),
            stored_key: bytes::Bytes::copy_from_slice(&record.stored_key),
            server_key: bytes::Bytes::copy_from_slice(&record.server_key),
            iterations: record.iterations,
        };
        self.scram.insert(key.clone(), credential);
        changes.scram.insert(key);
    }
}

/// The old records for fencing as the new one that took their place.
fn fencing(broker_id: i32, broker_epoch: i64, fenced: i8) -> BrokerRegistrationChangeRecord {
    BrokerRegistrationChangeRecord {
        broker_id,
        broker_epoch,
        fenced,
        ..BrokerRegistrationChangeRecord::default()
    }
}
