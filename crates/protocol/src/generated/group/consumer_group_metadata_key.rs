//! `ConsumerGroupMetadataKey`: made from `schema/group/ConsumerGroupMetadataKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 3, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupMetadataKey {
    pub group_id: Text,
}

impl ConsumerGroupMetadataKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")? })
    }
}

impl Put for ConsumerGroupMetadataKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.close();
    }
}

message!(ConsumerGroupMetadataKey, 0 ..= 0, flexible from i16::MAX);
