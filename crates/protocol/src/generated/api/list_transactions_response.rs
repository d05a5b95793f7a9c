//! `ListTransactionsResponse`: made from `schema/api/ListTransactionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 66, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListTransactionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_state_filters: Vec<Text>,
    pub transaction_states: Vec<TransactionState>,
    pub unknown_tags: UnknownTags,
}

impl ListTransactionsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_state_filters: from
                .array("unknownStateFilters", |from| from.text("unknownStateFilters"))?,
            transaction_states: from
                .array("transactionStates", |from| TransactionState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListTransactionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.array("unknownStateFilters", &self.unknown_state_filters, |sink, element| {
            sink.text("", element)
        });
        sink.array("transactionStates", &self.transaction_states, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListTransactionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TransactionState {
    pub transactional_id: Text,
    pub producer_id: i64,
    pub transaction_state: Text,
    pub unknown_tags: UnknownTags,
}

impl TransactionState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            producer_id: from.int64("producerId")?,
            transaction_state: from.text("transactionState")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TransactionState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.int64("producerId", self.producer_id);
        sink.text("transactionState", &self.transaction_state);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListTransactionsResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
