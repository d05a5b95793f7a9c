//! `UnfenceBrokerRecord`: made from `schema/metadata/UnfenceBrokerRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 8, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnfenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl UnfenceBrokerRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.int32("id")?,
            epoch: from.int64("epoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UnfenceBrokerRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("id", self.id);
        sink.int64("epoch", self.epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UnfenceBrokerRecord, 0 ..= 0, flexible from 0);
