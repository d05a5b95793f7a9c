//! `StreamsGroupTopologyDescriptionUpdateResponse`: made from `schema/api/StreamsGroupTopologyDescriptionUpdateResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 93, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupTopologyDescriptionUpdateResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupTopologyDescriptionUpdateResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupTopologyDescriptionUpdateResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
