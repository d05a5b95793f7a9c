//! `ListOffsetsResponse`: made from `schema/api/ListOffsetsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 2, versions 0-11.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListOffsetsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
    pub unknown_tags: UnknownTags,
}

impl ListOffsetsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 2 { from.int32("throttleTimeMs")? } else { 0 },
            topics: from.array("topics", |from| ListOffsetsTopicResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsResponse {
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

/// Part of [`ListOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListOffsetsTopicResponse {
    pub name: Text,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
    pub unknown_tags: UnknownTags,
}

impl ListOffsetsTopicResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| ListOffsetsPartitionResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsTopicResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListOffsetsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub old_style_offsets: Vec<i64>,
    pub timestamp: i64,
    pub offset: i64,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            old_style_offsets: Vec::new(),
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ListOffsetsPartitionResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            old_style_offsets: if version == 0 {
                from.array("oldStyleOffsets", |from| from.int64("oldStyleOffsets"))?
            } else {
                Vec::new()
            },
            timestamp: if version >= 1 { from.int64("timestamp")? } else { -1 },
            offset: if version >= 1 { from.int64("offset")? } else { -1 },
            leader_epoch: if version >= 4 { from.int32("leaderEpoch")? } else { -1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsPartitionResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        if version == 0 {
            sink.array("oldStyleOffsets", &self.old_style_offsets, |sink, element| {
                sink.int64("", *element)
            });
        }
        if version >= 1 {
            sink.int64("timestamp", self.timestamp);
        }
        if version >= 1 {
            sink.int64("offset", self.offset);
        }
        if version >= 4 {
            sink.int32("leaderEpoch", self.leader_epoch);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListOffsetsResponse, 0 ..= 11, flexible from 6, throttled by throttle_time_ms);
