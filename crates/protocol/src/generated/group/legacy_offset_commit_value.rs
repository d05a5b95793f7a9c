//! `LegacyOffsetCommitValue`: made from `schema/group/LegacyOffsetCommitValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group value, key 0, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LegacyOffsetCommitValue {
    pub offset: i64,
    pub metadata: Text,
    pub commit_timestamp: i64,
}

impl LegacyOffsetCommitValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            offset: from.int64("offset")?,
            metadata: from.text("metadata")?,
            commit_timestamp: from.int64("commitTimestamp")?,
        })
    }
}

impl Put for LegacyOffsetCommitValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("offset", self.offset);
        sink.text("metadata", &self.metadata);
        sink.int64("commitTimestamp", self.commit_timestamp);
        sink.close();
    }
}

message!(LegacyOffsetCommitValue, 0 ..= 0, flexible from i16::MAX);
