//! `ControlledShutdownResponse`: made from `schema/api/ControlledShutdownResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 7, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlledShutdownResponse {
    pub error_code: ErrorCode,
    pub remaining_partitions: Vec<RemainingPartition>,
    pub unknown_tags: UnknownTags,
}

impl ControlledShutdownResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            remaining_partitions: from
                .array("remainingPartitions", |from| RemainingPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ControlledShutdownResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("remainingPartitions", &self.remaining_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ControlledShutdownResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemainingPartition {
    pub topic_name: Text,
    pub partition_index: i32,
    pub unknown_tags: UnknownTags,
}

impl RemainingPartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partition_index: from.int32("partitionIndex")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemainingPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.int32("partitionIndex", self.partition_index);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ControlledShutdownResponse, 0 ..= 3, flexible from 3);
