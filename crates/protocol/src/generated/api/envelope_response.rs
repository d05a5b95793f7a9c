//! `EnvelopeResponse`: made from `schema/api/EnvelopeResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// response, key 58, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnvelopeResponse {
    pub response_data: Option<Bytes>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl EnvelopeResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            response_data: from.bytes_nullable("responseData")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EnvelopeResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.bytes_nullable("responseData", self.response_data.as_ref());
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EnvelopeResponse, 0 ..= 0, flexible from 0);
