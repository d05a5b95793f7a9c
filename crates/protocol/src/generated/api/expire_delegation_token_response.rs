//! `ExpireDelegationTokenResponse`: made from `schema/api/ExpireDelegationTokenResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 40, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpireDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl ExpireDelegationTokenResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            expiry_timestamp_ms: from.int64("expiryTimestampMs")?,
            throttle_time_ms: from.int32("throttleTimeMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ExpireDelegationTokenResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.int64("expiryTimestampMs", self.expiry_timestamp_ms);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ExpireDelegationTokenResponse, 0 ..= 2, flexible from 2, throttled by throttle_time_ms);
