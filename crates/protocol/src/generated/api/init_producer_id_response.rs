//! `InitProducerIdResponse`: made from `schema/api/InitProducerIdResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 22, versions 0-6.
#[derive(Debug, Clone, PartialEq)]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub ongoing_txn_producer_id: i64,
    pub ongoing_txn_producer_epoch: i16,
    pub unknown_tags: UnknownTags,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl InitProducerIdResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            ongoing_txn_producer_id: if version == 6 {
                from.int64("ongoingTxnProducerId")?
            } else {
                -1
            },
            ongoing_txn_producer_epoch: if version == 6 {
                from.int16("ongoingTxnProducerEpoch")?
            } else {
                -1
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for InitProducerIdResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        if version == 6 {
            sink.int64("ongoingTxnProducerId", self.ongoing_txn_producer_id);
        }
        if version == 6 {
            sink.int16("ongoingTxnProducerEpoch", self.ongoing_txn_producer_epoch);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(InitProducerIdResponse, 0 ..= 6, flexible from 2, throttled by throttle_time_ms);
