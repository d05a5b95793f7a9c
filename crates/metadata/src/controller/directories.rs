//! In which log directory each replica lies, and what happens when one fails.

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::assign_replicas_to_dirs_request::TopicData as Wanted;
use dohle_protocol::messages::assign_replicas_to_dirs_response::{
    DirectoryData, PartitionData, TopicData,
};
use dohle_protocol::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};

use super::brokers::{change, check_epoch};
use super::elections::leave;
use super::partition_change::PartitionChange;
use super::settings::{Dynamic, Settings};
use crate::image::{Broker, Image};
use crate::record::MetadataRecord;

/// A broker says in which directories its replicas lie.
pub(super) fn assign(
    image: &Image,
    settings: &Settings,
    request: &AssignReplicasToDirsRequest,
) -> (Vec<MetadataRecord>, AssignReplicasToDirsResponse) {
    let mut response = AssignReplicasToDirsResponse::default();
    if !image.metadata_version().has_directories() {
        response.error_code = ErrorCode::UNSUPPORTED_VERSION;
        return (Vec::new(), response);
    }
    let broker = match check_epoch(image, request.broker_id, request.broker_epoch) {
        Ok(broker) => broker,
        Err(refusal) => {
            response.error_code = refusal.code;
            return (Vec::new(), response);
        }
    };
    let dynamic = settings.dynamic(image);
    let mut records = Vec::new();
    for directory in &request.directories {
        let place = Place { image, dynamic: &dynamic, broker, directory: directory.id };
        let topics = directory.topics.iter().map(|topic| place.topic(topic, &mut records));
        let topics = topics.collect();
        response.directories.push(DirectoryData {
            id: directory.id,
            topics,
            ..DirectoryData::default()
        });
    }
    (records, response)
}

/// A directory that replicas of a broker lie in.
struct Place<'a> {
    image: &'a Image,
    dynamic: &'a Dynamic,
    broker: &'a Broker,
    directory: Uuid,
}

impl Place<'_> {
    fn topic(&self, wanted: &Wanted, records: &mut Vec<MetadataRecord>) -> TopicData {
        let partitions = wanted.partitions.iter().map(|partition| {
            let partition_index = partition.partition_index;
            let error_code = match self.partition(wanted.topic_id, partition_index) {
                Ok(record) => {
                    records.extend(record);
                    ErrorCode::NONE
                }
                Err(code) => code,
            };
            PartitionData { partition_index, error_code, ..PartitionData::default() }
        });
        TopicData {
            topic_id: wanted.topic_id,
            partitions: partitions.collect(),
            ..TopicData::default()
        }
    }

    /// The change of one partition. A replica in a directory that is offline leaves the in-sync
    /// set by the same record.
    fn partition(&self, topic_id: Uuid, index: i32) -> Result<Option<MetadataRecord>, ErrorCode> {
        let topic = self.image.topics.by_id(&topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let partition =
            topic.partitions.get(&index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if !partition.replicas.contains(&self.broker.id) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let mut change = PartitionChange::new(self.image, self.dynamic, topic, index, partition);
        change.directory = Some((self.broker.id, self.directory));
        if self.broker.directories.contains(&self.directory) {
            Ok(change.record())
        } else {
            Ok(leave(change, self.broker.id))
        }
    }
}

/// Directories of a broker failed: its replicas there leave.
pub(super) fn offline(
    image: &Image,
    settings: &Settings,
    broker: &Broker,
    failed: &[Uuid],
) -> Vec<MetadataRecord> {
    let is_failed = |directory: &Uuid| failed.contains(directory);
    if !broker.directories.iter().any(is_failed) {
        return Vec::new();
    }
    let dynamic = settings.dynamic(image);
    let mut records = Vec::new();
    for topic in image.topics.iter_by_id() {
        for (index, partition) in &topic.partitions {
            if partition.directory_of(broker.id).is_some_and(|directory| is_failed(&directory)) {
                let change = PartitionChange::new(image, &dynamic, topic, *index, partition);
                records.extend(leave(change, broker.id));
            }
        }
    }
    let online = broker.directories.iter().copied().filter(|directory| !is_failed(directory));
    let online: Vec<Uuid> = online.collect();
    records.push(change(broker, |record| record.log_dirs = online));
    records
}
