//! `ShareGroupMetadataValue`: made from `schema/group/ShareGroupMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// group value, key 11, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
    pub unknown_tags: UnknownTags,
}

impl ShareGroupMetadataValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: from.int32("epoch")?,
            metadata_hash: from.int64("metadataHash")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        sink.int64("metadataHash", self.metadata_hash);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupMetadataValue, 0 ..= 0, flexible from 0);
