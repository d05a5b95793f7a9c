//! `ResponseHeader`: made from `schema/header/ResponseHeader.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// header, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseHeader {
    pub correlation_id: i32,
    pub unknown_tags: UnknownTags,
}

impl ResponseHeader {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            correlation_id: from.int32("correlationId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ResponseHeader {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("correlationId", self.correlation_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ResponseHeader, 0 ..= 1, flexible from 1);
