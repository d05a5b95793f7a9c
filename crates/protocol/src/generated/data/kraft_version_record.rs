//! `KRaftVersionRecord`: made from `schema/data/KRaftVersionRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KRaftVersionRecord {
    pub version: i16,
    pub kraft_version: i16,
    pub unknown_tags: UnknownTags,
}

impl KRaftVersionRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            version: from.int16("version")?,
            kraft_version: from.int16("kRaftVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for KRaftVersionRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("version", self.version);
        sink.int16("kRaftVersion", self.kraft_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(KRaftVersionRecord, 0 ..= 0, flexible from 0);
