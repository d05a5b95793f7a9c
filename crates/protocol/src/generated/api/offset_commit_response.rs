//! `OffsetCommitResponse`: made from `schema/api/OffsetCommitResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 8, versions 0-10.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetCommitResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic>,
    pub unknown_tags: UnknownTags,
}

impl OffsetCommitResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 3 { from.int32("throttleTimeMs")? } else { 0 },
            topics: from.array("topics", |from| OffsetCommitResponseTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 3 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetCommitResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetCommitResponseTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
    pub unknown_tags: UnknownTags,
}

impl OffsetCommitResponseTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 9 { from.text("name")? } else { Text::default() },
            topic_id: if version == 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from
                .array("partitions", |from| OffsetCommitResponsePartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitResponseTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 9 {
            sink.text("name", &self.name);
        }
        if version == 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetCommitResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl OffsetCommitResponsePartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitResponsePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(OffsetCommitResponse, 0 ..= 10, flexible from 8, throttled by throttle_time_ms);
