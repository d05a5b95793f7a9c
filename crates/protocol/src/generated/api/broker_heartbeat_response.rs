//! `BrokerHeartbeatResponse`: made from `schema/api/BrokerHeartbeatResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 63, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub is_caught_up: bool,
    pub is_fenced: bool,
    pub should_shut_down: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for BrokerHeartbeatResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl BrokerHeartbeatResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            is_caught_up: from.bool("isCaughtUp")?,
            is_fenced: from.bool("isFenced")?,
            should_shut_down: from.bool("shouldShutDown")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerHeartbeatResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.bool("isCaughtUp", self.is_caught_up);
        sink.bool("isFenced", self.is_fenced);
        sink.bool("shouldShutDown", self.should_shut_down);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(BrokerHeartbeatResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
