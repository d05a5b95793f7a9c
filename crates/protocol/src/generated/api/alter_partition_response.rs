//! `AlterPartitionResponse`: made from `schema/api/AlterPartitionResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 56, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterPartitionResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<TopicData>,
    pub unknown_tags: UnknownTags,
}

impl AlterPartitionResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterPartitionResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionResponse`].
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

/// Part of [`AlterPartitionResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub isr: Vec<i32>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            isr: from.array("isr", |from| from.int32("isr"))?,
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
        sink.error_code("errorCode", self.error_code);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.array("isr", &self.isr, |sink, element| sink.int32("", *element));
        if version >= 1 {
            sink.int8("leaderRecoveryState", self.leader_recovery_state);
        }
        sink.int32("partitionEpoch", self.partition_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterPartitionResponse, 0 ..= 3, flexible from 0, throttled by throttle_time_ms);
