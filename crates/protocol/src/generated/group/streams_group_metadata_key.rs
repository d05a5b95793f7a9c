//! `StreamsGroupMetadataKey`: made from `schema/group/StreamsGroupMetadataKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 17, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupMetadataKey {
    pub group_id: Text,
}

impl StreamsGroupMetadataKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")? })
    }
}

impl Put for StreamsGroupMetadataKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.close();
    }
}

message!(StreamsGroupMetadataKey, 0 ..= 0, flexible from i16::MAX);
