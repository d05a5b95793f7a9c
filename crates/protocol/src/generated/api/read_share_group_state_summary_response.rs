//! `ReadShareGroupStateSummaryResponse`: made from `schema/api/ReadShareGroupStateSummaryResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 87, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadShareGroupStateSummaryResponse {
    pub results: Vec<ReadStateSummaryResult>,
    pub unknown_tags: UnknownTags,
}

impl ReadShareGroupStateSummaryResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            results: from.array("results", |from| ReadStateSummaryResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReadShareGroupStateSummaryResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadStateSummaryResult {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult>,
    pub unknown_tags: UnknownTags,
}

impl ReadStateSummaryResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReadStateSummaryResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    pub delivery_complete_count: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionResult {
    fn default() -> Self {
        Self {
            partition: 0,
            error_code: ErrorCode::NONE,
            error_message: None,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition: from.int32("partition")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            state_epoch: from.int32("stateEpoch")?,
            leader_epoch: from.int32("leaderEpoch")?,
            start_offset: from.int64("startOffset")?,
            delivery_complete_count: if version == 1 {
                from.int32("deliveryCompleteCount")?
            } else {
                -1
            },
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
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int64("startOffset", self.start_offset);
        if version == 1 {
            sink.int32("deliveryCompleteCount", self.delivery_complete_count);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ReadShareGroupStateSummaryResponse, 0 ..= 1, flexible from 0);
