//! `AlterPartitionRequest`: made from `schema/api/AlterPartitionRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 56, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterPartitionRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub topics: Vec<TopicData>,
    pub unknown_tags: UnknownTags,
}

impl Default for AlterPartitionRequest {
    fn default() -> Self {
        Self {
            broker_id: 0,
            broker_epoch: -1,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AlterPartitionRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterPartitionRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicData {
    pub topic_name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl TopicData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: if version <= 1 { from.text("topicName")? } else { Text::default() },
            topic_id: if version >= 2 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 1 {
            sink.text("topicName", &self.topic_name);
        }
        if version >= 2 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub leader_epoch: i32,
    pub new_isr: Vec<i32>,
    pub new_isr_with_epochs: Vec<BrokerState>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            leader_epoch: from.int32("leaderEpoch")?,
            new_isr: if version <= 2 {
                from.array("newIsr", |from| from.int32("newIsr"))?
            } else {
                Vec::new()
            },
            new_isr_with_epochs: if version == 3 {
                from.array("newIsrWithEpochs", |from| BrokerState::read(from, version))?
            } else {
                Vec::new()
            },
            leader_recovery_state: if version >= 1 { from.int8("leaderRecoveryState")? } else { 0 },
            partition_epoch: from.int32("partitionEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("leaderEpoch", self.leader_epoch);
        if version <= 2 {
            sink.array("newIsr", &self.new_isr, |sink, element| sink.int32("", *element));
        }
        if version == 3 {
            sink.array("newIsrWithEpochs", &self.new_isr_with_epochs, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 1 {
            sink.int8("leaderRecoveryState", self.leader_recovery_state);
        }
        sink.int32("partitionEpoch", self.partition_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerState {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for BrokerState {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, unknown_tags: UnknownTags::default() }
    }
}

impl BrokerState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterPartitionRequest, 0 ..= 3, flexible from 0);
impl crate::wire::Request for AlterPartitionRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterPartition;
    type Response = super::alter_partition_response::AlterPartitionResponse;
}
