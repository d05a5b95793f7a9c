//! `EndTxnResponse`: made from `schema/api/EndTxnResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 26, versions 0-5.
#[derive(Debug, Clone, PartialEq)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub unknown_tags: UnknownTags,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            producer_id: -1,
            producer_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl EndTxnResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            producer_id: if version == 5 { from.int64("producerId")? } else { -1 },
            producer_epoch: if version == 5 { from.int16("producerEpoch")? } else { -1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EndTxnResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        if version == 5 {
            sink.int64("producerId", self.producer_id);
        }
        if version == 5 {
            sink.int16("producerEpoch", self.producer_epoch);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EndTxnResponse, 0 ..= 5, flexible from 3, throttled by throttle_time_ms);
