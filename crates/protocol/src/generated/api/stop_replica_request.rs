//! `StopReplicaRequest`: made from `schema/api/StopReplicaRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 5, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct StopReplicaRequest {
    pub controller_id: i32,
    pub is_kraft_controller: bool,
    pub controller_epoch: i32,
    pub broker_epoch: i64,
    pub delete_partitions: bool,
    pub ungrouped_partitions: Vec<StopReplicaPartitionV0>,
    pub topics: Vec<StopReplicaTopicV1>,
    pub topic_states: Vec<StopReplicaTopicState>,
    pub unknown_tags: UnknownTags,
}

impl Default for StopReplicaRequest {
    fn default() -> Self {
        Self {
            controller_id: 0,
            is_kraft_controller: false,
            controller_epoch: 0,
            broker_epoch: -1,
            delete_partitions: false,
            ungrouped_partitions: Vec::new(),
            topics: Vec::new(),
            topic_states: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StopReplicaRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            controller_id: from.int32("controllerId")?,
            is_kraft_controller: if version == 4 { from.bool("isKRaftController")? } else { false },
            controller_epoch: from.int32("controllerEpoch")?,
            broker_epoch: if version >= 1 { from.int64("brokerEpoch")? } else { -1 },
            delete_partitions: if version <= 2 { from.bool("deletePartitions")? } else { false },
            ungrouped_partitions: if version == 0 {
                from.array("ungroupedPartitions", |from| {
                    StopReplicaPartitionV0::read(from, version)
                })?
            } else {
                Vec::new()
            },
            topics: if (1..=2).contains(&version) {
                from.array("topics", |from| StopReplicaTopicV1::read(from, version))?
            } else {
                Vec::new()
            },
            topic_states: if version >= 3 {
                from.array("topicStates", |from| StopReplicaTopicState::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        if version == 4 {
            sink.bool("isKRaftController", self.is_kraft_controller);
        }
        sink.int32("controllerEpoch", self.controller_epoch);
        if version >= 1 {
            sink.int64("brokerEpoch", self.broker_epoch);
        }
        if version <= 2 {
            sink.bool("deletePartitions", self.delete_partitions);
        }
        if version == 0 {
            sink.array("ungroupedPartitions", &self.ungrouped_partitions, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if (1..=2).contains(&version) {
            sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        }
        if version >= 3 {
            sink.array("topicStates", &self.topic_states, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StopReplicaRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopReplicaPartitionV0 {
    pub topic_name: Text,
    pub partition_index: i32,
    pub unknown_tags: UnknownTags,
}

impl StopReplicaPartitionV0 {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partition_index: from.int32("partitionIndex")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaPartitionV0 {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.int32("partitionIndex", self.partition_index);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StopReplicaRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopReplicaTopicV1 {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl StopReplicaTopicV1 {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaTopicV1 {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StopReplicaRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopReplicaTopicState {
    pub topic_name: Text,
    pub partition_states: Vec<StopReplicaPartitionState>,
    pub unknown_tags: UnknownTags,
}

impl StopReplicaTopicState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partition_states: from
                .array("partitionStates", |from| StopReplicaPartitionState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaTopicState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.array("partitionStates", &self.partition_states, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StopReplicaRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct StopReplicaPartitionState {
    pub partition_index: i32,
    pub leader_epoch: i32,
    pub delete_partition: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for StopReplicaPartitionState {
    fn default() -> Self {
        Self {
            partition_index: 0,
            leader_epoch: -1,
            delete_partition: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StopReplicaPartitionState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            leader_epoch: from.int32("leaderEpoch")?,
            delete_partition: from.bool("deletePartition")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaPartitionState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.bool("deletePartition", self.delete_partition);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StopReplicaRequest, 0 ..= 4, flexible from 2);
impl crate::wire::Request for StopReplicaRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::StopReplica;
    type Response = super::stop_replica_response::StopReplicaResponse;
}
