//! `SnapshotFooterRecord`: made from `schema/data/SnapshotFooterRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SnapshotFooterRecord {
    pub version: i16,
    pub unknown_tags: UnknownTags,
}

impl SnapshotFooterRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { version: from.int16("version")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for SnapshotFooterRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("version", self.version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SnapshotFooterRecord, 0 ..= 0, flexible from 0);
