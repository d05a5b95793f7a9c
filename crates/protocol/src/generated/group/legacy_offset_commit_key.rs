//! `LegacyOffsetCommitKey`: made from `schema/group/LegacyOffsetCommitKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 0, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LegacyOffsetCommitKey {
    pub group: Text,
    pub topic: Text,
    pub partition: i32,
}

impl LegacyOffsetCommitKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group: from.text("group")?,
            topic: from.text("topic")?,
            partition: from.int32("partition")?,
        })
    }
}

impl Put for LegacyOffsetCommitKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("group", &self.group);
        sink.text("topic", &self.topic);
        sink.int32("partition", self.partition);
        sink.close();
    }
}

message!(LegacyOffsetCommitKey, 0 ..= 0, flexible from i16::MAX);
