//! `RemoveAccessControlEntryRecord`: made from `schema/metadata/RemoveAccessControlEntryRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 19, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoveAccessControlEntryRecord {
    pub id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl RemoveAccessControlEntryRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { id: from.uuid("id")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for RemoveAccessControlEntryRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("id", &self.id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoveAccessControlEntryRecord, 0 ..= 0, flexible from 0);
