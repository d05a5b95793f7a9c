//! `DescribeLogDirsResponse`: made from `schema/api/DescribeLogDirsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 35, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeLogDirsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult>,
    pub unknown_tags: UnknownTags,
}

impl DescribeLogDirsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: if version >= 3 {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            results: from.array("results", |from| DescribeLogDirsResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeLogDirsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        if version >= 3 {
            sink.error_code("errorCode", self.error_code);
        }
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeLogDirsResult {
    pub error_code: ErrorCode,
    pub log_dir: Text,
    pub topics: Vec<DescribeLogDirsTopic>,
    pub total_bytes: i64,
    pub usable_bytes: i64,
    pub is_cordoned: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeLogDirsResult {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            log_dir: Text::default(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeLogDirsResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            log_dir: from.text("logDir")?,
            topics: from.array("topics", |from| DescribeLogDirsTopic::read(from, version))?,
            total_bytes: if version >= 4 { from.int64("totalBytes")? } else { -1 },
            usable_bytes: if version >= 4 { from.int64("usableBytes")? } else { -1 },
            is_cordoned: if version == 5 { from.bool("isCordoned")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeLogDirsResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text("logDir", &self.log_dir);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if version >= 4 {
            sink.int64("totalBytes", self.total_bytes);
        }
        if version >= 4 {
            sink.int64("usableBytes", self.usable_bytes);
        }
        if version == 5 {
            sink.bool("isCordoned", self.is_cordoned);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeLogDirsTopic {
    pub name: Text,
    pub partitions: Vec<DescribeLogDirsPartition>,
    pub unknown_tags: UnknownTags,
}

impl DescribeLogDirsTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| DescribeLogDirsPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeLogDirsTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeLogDirsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
    pub unknown_tags: UnknownTags,
}

impl DescribeLogDirsPartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            partition_size: from.int64("partitionSize")?,
            offset_lag: from.int64("offsetLag")?,
            is_future_key: from.bool("isFutureKey")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeLogDirsPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("partitionSize", self.partition_size);
        sink.int64("offsetLag", self.offset_lag);
        sink.bool("isFutureKey", self.is_future_key);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeLogDirsResponse, 0 ..= 5, flexible from 2, throttled by throttle_time_ms);
