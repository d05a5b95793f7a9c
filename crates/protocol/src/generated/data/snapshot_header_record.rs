//! `SnapshotHeaderRecord`: made from `schema/data/SnapshotHeaderRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SnapshotHeaderRecord {
    pub version: i16,
    pub last_contained_log_timestamp: i64,
    pub unknown_tags: UnknownTags,
}

impl SnapshotHeaderRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            version: from.int16("version")?,
            last_contained_log_timestamp: from.int64("lastContainedLogTimestamp")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SnapshotHeaderRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("version", self.version);
        sink.int64("lastContainedLogTimestamp", self.last_contained_log_timestamp);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SnapshotHeaderRecord, 0 ..= 0, flexible from 0);
