//! `EndTransactionRecord`: made from `schema/metadata/EndTransactionRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 24, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndTransactionRecord {
    pub unknown_tags: UnknownTags,
}

impl EndTransactionRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { unknown_tags: from.unknown_tags()? })
    }
}

impl Put for EndTransactionRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EndTransactionRecord, 0 ..= 0, flexible from 0);
