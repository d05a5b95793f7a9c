//! `AlterReplicaLogDirsResponse`: made from `schema/api/AlterReplicaLogDirsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 34, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterReplicaLogDirsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl AlterReplicaLogDirsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            results: from
                .array("results", |from| AlterReplicaLogDirTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterReplicaLogDirsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterReplicaLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterReplicaLogDirTopicResult {
    pub topic_name: Text,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
    pub unknown_tags: UnknownTags,
}

impl AlterReplicaLogDirTopicResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partitions: from.array("partitions", |from| {
                AlterReplicaLogDirPartitionResult::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterReplicaLogDirTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterReplicaLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl AlterReplicaLogDirPartitionResult {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterReplicaLogDirPartitionResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterReplicaLogDirsResponse, 0 ..= 2, flexible from 2, throttled by throttle_time_ms);
