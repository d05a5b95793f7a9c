//! `AddPartitionsToTxnResponse`: made from `schema/api/AddPartitionsToTxnResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 24, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: if version >= 4 {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            results_by_transaction: if version >= 4 {
                from.array("resultsByTransaction", |from| {
                    AddPartitionsToTxnResult::read(from, version)
                })?
            } else {
                Vec::new()
            },
            results_by_topic_v3_and_below: if version <= 3 {
                from.array("resultsByTopicV3AndBelow", |from| {
                    AddPartitionsToTxnTopicResult::read(from, version)
                })?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        if version >= 4 {
            sink.error_code("errorCode", self.error_code);
        }
        if version >= 4 {
            sink.array("resultsByTransaction", &self.results_by_transaction, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version <= 3 {
            sink.array(
                "resultsByTopicV3AndBelow",
                &self.results_by_topic_v3_and_below,
                |sink, element| element.put(sink, "", version),
            );
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: Text,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            topic_results: from
                .array("topicResults", |from| AddPartitionsToTxnTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.array("topicResults", &self.topic_results, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnTopicResult {
    pub name: Text,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnTopicResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            results_by_partition: from.array("resultsByPartition", |from| {
                AddPartitionsToTxnPartitionResult::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("resultsByPartition", &self.results_by_partition, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddPartitionsToTxnResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnPartitionResult {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            partition_error_code: ErrorCode(from.int16("partitionErrorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnPartitionResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("partitionErrorCode", self.partition_error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AddPartitionsToTxnResponse, 0 ..= 5, flexible from 3, throttled by throttle_time_ms);
