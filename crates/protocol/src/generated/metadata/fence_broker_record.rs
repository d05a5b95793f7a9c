//! `FenceBrokerRecord`: made from `schema/metadata/FenceBrokerRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 7, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl FenceBrokerRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.int32("id")?,
            epoch: from.int64("epoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FenceBrokerRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("id", self.id);
        sink.int64("epoch", self.epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FenceBrokerRecord, 0 ..= 0, flexible from 0);
