//! An image as the records that make it from nothing.

use dohle_protocol::messages::{
    ClientQuotaRecord, ConfigRecord, FeatureLevelRecord, ProducerIdsRecord, TopicRecord,
    UserScramCredentialRecord,
};
use dohle_protocol::wire::Text;

use super::Image;
use crate::features::METADATA_VERSION;
use crate::record::MetadataRecord;

impl Image {
    /// The records of a snapshot, in Kafka's order: features (`metadata.version` first, so that a
    /// reader knows what is to come), brokers, controllers, topics with their partitions, configs,
    /// quotas, producer ids, access control entries, SCRAM credentials, delegation tokens.
    ///
    /// What the metadata version does not have (directories, controllers, …) is left out of them.
    pub fn records(&self) -> Vec<MetadataRecord> {
        let level = self.metadata_version();
        let mut all: Vec<MetadataRecord> = Vec::new();
        all.push(feature(&Text::from_static(METADATA_VERSION), level.0));
        let others = self.features.iter().filter(|(name, _)| &***name != METADATA_VERSION);
        all.extend(others.map(|(name, level)| feature(name, *level)));
        all.extend(self.brokers.values().map(|broker| broker.to_record().into()));
        if level.has_controller_registration() {
            all.extend(self.controllers.values().map(|one| one.to_record().into()));
        }
        for topic in self.topics.iter_by_id() {
            let (name, topic_id) = (topic.name.clone(), topic.id);
            all.push(TopicRecord { name, topic_id, ..TopicRecord::default() }.into());
            let partitions = topic.partitions.iter();
            all.extend(partitions.map(|(index, one)| one.to_record(topic_id, *index).into()));
        }
        for (resource, configs) in &self.configs {
            all.extend(configs.iter().map(|(name, value)| {
                let record = ConfigRecord {
                    resource_type: resource.kind as i8,
                    resource_name: resource.name.as_str().into(),
                    name: name.as_str().into(),
                    value: Some(value.as_str().into()),
                    ..ConfigRecord::default()
                };
                record.into()
            }));
        }
        for (entity, quotas) in &self.quotas {
            all.extend(quotas.iter().map(|(key, value)| {
                let record = ClientQuotaRecord {
                    entity: entity.to_record(),
                    key: key.clone(),
                    value: *value,
                    ..ClientQuotaRecord::default()
                };
                record.into()
            }));
        }
        if let Some(next_producer_id) = self.next_producer_id {
            let record = ProducerIdsRecord {
                broker_id: -1,
                next_producer_id,
                ..ProducerIdsRecord::default()
            };
            all.push(record.into());
        }
        all.extend(self.acls.iter().map(|(id, acl)| acl.to_record(*id).into()));
        for ((mechanism, name), credential) in &self.scram {
            let record = UserScramCredentialRecord {
                name: name.clone(),
                mechanism: *mechanism,
                salt: credential.salt.clone(),
                stored_key: credential.stored_key.clone(),
                server_key: credential.server_key.clone(),
                iterations: credential.iterations,
                ..UserScramCredentialRecord::default()
            };
            all.push(record.into());
        }
        all.extend(self.delegation_tokens.values().map(|token| token.clone().into()));
        all
    }
}

fn feature(name: &Text, feature_level: i16) -> MetadataRecord {
    let name = name.clone();
    FeatureLevelRecord { name, feature_level, ..FeatureLevelRecord::default() }.into()
}
