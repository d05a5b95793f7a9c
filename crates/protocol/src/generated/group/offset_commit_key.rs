//! `OffsetCommitKey`: made from `schema/group/OffsetCommitKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 1, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetCommitKey {
    pub group: Text,
    pub topic: Text,
    pub partition: i32,
}

impl OffsetCommitKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group: from.text("group")?,
            topic: from.text("topic")?,
            partition: from.int32("partition")?,
        })
    }
}

impl Put for OffsetCommitKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("group", &self.group);
        sink.text("topic", &self.topic);
        sink.int32("partition", self.partition);
        sink.close();
    }
}

message!(OffsetCommitKey, 0 ..= 0, flexible from i16::MAX);
