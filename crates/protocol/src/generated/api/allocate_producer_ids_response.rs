//! `AllocateProducerIdsResponse`: made from `schema/api/AllocateProducerIdsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 67, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AllocateProducerIdsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id_start: i64,
    pub producer_id_len: i32,
    pub unknown_tags: UnknownTags,
}

impl AllocateProducerIdsResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            producer_id_start: from.int64("producerIdStart")?,
            producer_id_len: from.int32("producerIdLen")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AllocateProducerIdsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.int64("producerIdStart", self.producer_id_start);
        sink.int32("producerIdLen", self.producer_id_len);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AllocateProducerIdsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
