//! `BrokerRegistrationResponse`: made from `schema/api/BrokerRegistrationResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 62, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerRegistrationResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for BrokerRegistrationResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            broker_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl BrokerRegistrationResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            broker_epoch: from.int64("brokerEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerRegistrationResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(BrokerRegistrationResponse, 0 ..= 4, flexible from 0, throttled by throttle_time_ms);
