//! `ShareGroupMetadataKey`: made from `schema/group/ShareGroupMetadataKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 11, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupMetadataKey {
    pub group_id: Text,
}

impl ShareGroupMetadataKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")? })
    }
}

impl Put for ShareGroupMetadataKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.close();
    }
}

message!(ShareGroupMetadataKey, 0 ..= 0, flexible from i16::MAX);
