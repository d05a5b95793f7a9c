//! `DeleteTopicsRequest`: made from `schema/api/DeleteTopicsRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 20, versions 0-6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteTopicsRequest {
    pub topics: Vec<DeleteTopicState>,
    pub topic_names: Vec<Text>,
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl DeleteTopicsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: if version == 6 {
                from.array("topics", |from| DeleteTopicState::read(from, version))?
            } else {
                Vec::new()
            },
            topic_names: if version <= 5 {
                from.array("topicNames", |from| from.text("topicNames"))?
            } else {
                Vec::new()
            },
            timeout_ms: from.int32("timeoutMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteTopicsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 6 {
            sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        }
        if version <= 5 {
            sink.array("topicNames", &self.topic_names, |sink, element| sink.text("", element));
        }
        sink.int32("timeoutMs", self.timeout_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteTopicsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteTopicState {
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl DeleteTopicState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text_nullable("name")?,
            topic_id: from.uuid("topicId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteTopicState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text_nullable("name", self.name.as_ref());
        sink.uuid("topicId", &self.topic_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteTopicsRequest, 0 ..= 6, flexible from 4);
impl crate::wire::Request for DeleteTopicsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteTopics;
    type Response = super::delete_topics_response::DeleteTopicsResponse;
}
