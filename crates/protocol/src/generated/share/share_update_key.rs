//! `ShareUpdateKey`: made from `schema/share/ShareUpdateKey.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// share key, key 1, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareUpdateKey {
    pub group_id: Text,
    pub topic_id: Uuid,
    pub partition: i32,
}

impl ShareUpdateKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            topic_id: from.uuid("topicId")?,
            partition: from.int32("partition")?,
        })
    }
}

impl Put for ShareUpdateKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.uuid("topicId", &self.topic_id);
        sink.int32("partition", self.partition);
        sink.close();
    }
}

message!(ShareUpdateKey, 0 ..= 0, flexible from i16::MAX);
