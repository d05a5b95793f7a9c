//! `ReadShareGroupStateResponse`: made from `schema/api/ReadShareGroupStateResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 84, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadShareGroupStateResponse {
    pub results: Vec<ReadStateResult>,
    pub unknown_tags: UnknownTags,
}

impl ReadShareGroupStateResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            results: from.array("results", |from| ReadStateResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReadShareGroupStateResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadStateResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tags: UnknownTags,
}

impl ReadStateResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReadStateResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub state_epoch: i32,
    pub start_offset: i64,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tags: UnknownTags,
}

impl PartitionResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition: from.int32("partition")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            state_epoch: from.int32("stateEpoch")?,
            start_offset: from.int64("startOffset")?,
            state_batches: from.array("stateBatches", |from| StateBatch::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partition", self.partition);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.int32("stateEpoch", self.state_epoch);
        sink.int64("startOffset", self.start_offset);
        sink.array("stateBatches", &self.state_batches, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ReadShareGroupStateResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
    pub unknown_tags: UnknownTags,
}

impl StateBatch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            delivery_state: from.int8("deliveryState")?,
            delivery_count: from.int16("deliveryCount")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StateBatch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.int8("deliveryState", self.delivery_state);
        sink.int16("deliveryCount", self.delivery_count);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ReadShareGroupStateResponse, 0 ..= 0, flexible from 0);
