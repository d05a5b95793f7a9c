//! `StopReplicaResponse`: made from `schema/api/StopReplicaResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 5, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopReplicaResponse {
    pub error_code: ErrorCode,
    pub partition_errors: Vec<StopReplicaPartitionError>,
    pub unknown_tags: UnknownTags,
}

impl StopReplicaResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            partition_errors: from
                .array("partitionErrors", |from| StopReplicaPartitionError::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("partitionErrors", &self.partition_errors, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StopReplicaResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopReplicaPartitionError {
    pub topic_name: Text,
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl StopReplicaPartitionError {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StopReplicaPartitionError {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StopReplicaResponse, 0 ..= 4, flexible from 2);
