//! `RemoveTopicRecord`: made from `schema/metadata/RemoveTopicRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 9, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoveTopicRecord {
    pub topic_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl RemoveTopicRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { topic_id: from.uuid("topicId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for RemoveTopicRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoveTopicRecord, 0 ..= 0, flexible from 0);
