//! `DescribeTransactionsResponse`: made from `schema/api/DescribeTransactionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 65, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeTransactionsResponse {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
    pub unknown_tags: UnknownTags,
}

impl DescribeTransactionsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            transaction_states: from
                .array("transactionStates", |from| TransactionState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTransactionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("transactionStates", &self.transaction_states, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTransactionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TransactionState {
    pub error_code: ErrorCode,
    pub transactional_id: Text,
    pub transaction_state: Text,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
    pub unknown_tags: UnknownTags,
}

impl TransactionState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            transactional_id: from.text("transactionalId")?,
            transaction_state: from.text("transactionState")?,
            transaction_timeout_ms: from.int32("transactionTimeoutMs")?,
            transaction_start_time_ms: from.int64("transactionStartTimeMs")?,
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TransactionState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text("transactionalId", &self.transactional_id);
        sink.text("transactionState", &self.transaction_state);
        sink.int32("transactionTimeoutMs", self.transaction_timeout_ms);
        sink.int64("transactionStartTimeMs", self.transaction_start_time_ms);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTransactionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicData {
    pub topic: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeTransactionsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
