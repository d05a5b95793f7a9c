//! `UpdateMetadataResponse`: made from `schema/api/UpdateMetadataResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// response, key 6, versions 0-8.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateMetadataResponse {
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl UpdateMetadataResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateMetadataResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateMetadataResponse, 0 ..= 8, flexible from 6);
