//! `ClearElrRecord`: made from `schema/metadata/ClearElrRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 28, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClearElrRecord {
    pub topic_name: Text,
    pub unknown_tags: UnknownTags,
}

impl ClearElrRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { topic_name: from.text("topicName")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for ClearElrRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ClearElrRecord, 0 ..= 0, flexible from 0);
