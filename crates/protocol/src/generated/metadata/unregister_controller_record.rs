//! `UnregisterControllerRecord`: made from `schema/metadata/UnregisterControllerRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 29, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnregisterControllerRecord {
    pub controller_id: i32,
    pub unknown_tags: UnknownTags,
}

impl UnregisterControllerRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { controller_id: from.int32("controllerId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for UnregisterControllerRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UnregisterControllerRecord, 0 ..= 0, flexible from 0);
