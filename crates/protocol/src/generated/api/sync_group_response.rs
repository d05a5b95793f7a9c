//! `SyncGroupResponse`: made from `schema/api/SyncGroupResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 14, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncGroupResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub protocol_type: Option<Text>,
    pub protocol_name: Option<Text>,
    pub assignment: Bytes,
    pub unknown_tags: UnknownTags,
}

impl SyncGroupResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: ErrorCode(from.int16("errorCode")?),
            protocol_type: if version == 5 { from.text_nullable("protocolType")? } else { None },
            protocol_name: if version == 5 { from.text_nullable("protocolName")? } else { None },
            assignment: from.bytes("assignment")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SyncGroupResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.error_code("errorCode", self.error_code);
        if version == 5 {
            sink.text_nullable("protocolType", self.protocol_type.as_ref());
        }
        if version == 5 {
            sink.text_nullable("protocolName", self.protocol_name.as_ref());
        }
        sink.bytes("assignment", &self.assignment);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SyncGroupResponse, 0 ..= 5, flexible from 4, throttled by throttle_time_ms);
