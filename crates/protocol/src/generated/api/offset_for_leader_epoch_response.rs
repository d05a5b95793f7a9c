//! `OffsetForLeaderEpochResponse`: made from `schema/api/OffsetForLeaderEpochResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 23, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetForLeaderEpochResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl OffsetForLeaderEpochResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 2 { from.int32("throttleTimeMs")? } else { 0 },
            topics: from.array("topics", |from| OffsetForLeaderTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetForLeaderEpochResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 2 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetForLeaderEpochResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetForLeaderTopicResult {
    pub topic: Text,
    pub partitions: Vec<EpochEndOffset>,
    pub unknown_tags: UnknownTags,
}

impl OffsetForLeaderTopicResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partitions: from.array("partitions", |from| EpochEndOffset::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetForLeaderTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetForLeaderEpochResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: i32,
    pub leader_epoch: i32,
    pub end_offset: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            partition: 0,
            leader_epoch: -1,
            end_offset: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl EpochEndOffset {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            partition: from.int32("partition")?,
            leader_epoch: if version >= 1 { from.int32("leaderEpoch")? } else { -1 },
            end_offset: from.int64("endOffset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EpochEndOffset {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.int32("partition", self.partition);
        if version >= 1 {
            sink.int32("leaderEpoch", self.leader_epoch);
        }
        sink.int64("endOffset", self.end_offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(OffsetForLeaderEpochResponse, 0 ..= 4, flexible from 4, throttled by throttle_time_ms);
