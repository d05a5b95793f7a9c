//! `GroupMetadataKey`: made from `schema/group/GroupMetadataKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 2, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupMetadataKey {
    pub group: Text,
}

impl GroupMetadataKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group: from.text("group")? })
    }
}

impl Put for GroupMetadataKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("group", &self.group);
        sink.close();
    }
}

message!(GroupMetadataKey, 0 ..= 0, flexible from i16::MAX);
