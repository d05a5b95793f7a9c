//! `TopicRecord`: made from `schema/metadata/TopicRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 2, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicRecord {
    pub name: Text,
    pub topic_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl TopicRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            topic_id: from.uuid("topicId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.uuid("topicId", &self.topic_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(TopicRecord, 0 ..= 0, flexible from 0);
