//! `DescribeProducersResponse`: made from `schema/api/DescribeProducersResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 61, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeProducersResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse>,
    pub unknown_tags: UnknownTags,
}

impl DescribeProducersResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            topics: from.array("topics", |from| TopicResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeProducersResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeProducersResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicResponse {
    pub name: Text,
    pub partitions: Vec<PartitionResponse>,
    pub unknown_tags: UnknownTags,
}

impl TopicResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from.array("partitions", |from| PartitionResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeProducersResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub active_producers: Vec<ProducerState>,
    pub unknown_tags: UnknownTags,
}

impl PartitionResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            active_producers: from
                .array("activeProducers", |from| ProducerState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("activeProducers", &self.active_producers, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeProducersResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerState {
    pub producer_id: i64,
    pub producer_epoch: i32,
    pub last_sequence: i32,
    pub last_timestamp: i64,
    pub coordinator_epoch: i32,
    pub current_txn_start_offset: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: 0,
            producer_epoch: 0,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ProducerState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int32("producerEpoch")?,
            last_sequence: from.int32("lastSequence")?,
            last_timestamp: from.int64("lastTimestamp")?,
            coordinator_epoch: from.int32("coordinatorEpoch")?,
            current_txn_start_offset: from.int64("currentTxnStartOffset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ProducerState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        sink.int32("producerEpoch", self.producer_epoch);
        sink.int32("lastSequence", self.last_sequence);
        sink.int64("lastTimestamp", self.last_timestamp);
        sink.int32("coordinatorEpoch", self.coordinator_epoch);
        sink.int64("currentTxnStartOffset", self.current_txn_start_offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeProducersResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
