//! `AlterShareGroupOffsetsResponse`: made from `schema/api/AlterShareGroupOffsetsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 91, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic>,
    pub unknown_tags: UnknownTags,
}

impl AlterShareGroupOffsetsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            responses: from.array("responses", |from| {
                AlterShareGroupOffsetsResponseTopic::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterShareGroupOffsetsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterShareGroupOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponseTopic {
    pub topic_name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition>,
    pub unknown_tags: UnknownTags,
}

impl AlterShareGroupOffsetsResponseTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| {
                AlterShareGroupOffsetsResponsePartition::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterShareGroupOffsetsResponseTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterShareGroupOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl AlterShareGroupOffsetsResponsePartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterShareGroupOffsetsResponsePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterShareGroupOffsetsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
