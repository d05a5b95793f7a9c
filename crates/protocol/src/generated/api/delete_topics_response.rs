//! `DeleteTopicsResponse`: made from `schema/api/DeleteTopicsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 20, versions 0-6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteTopicsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl DeleteTopicsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            responses: from.array("responses", |from| DeletableTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteTopicsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteTopicsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DeletableTopicResult {
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for DeletableTopicResult {
    fn default() -> Self {
        Self {
            name: Some(Text::default()),
            topic_id: Uuid::ZERO,
            error_code: ErrorCode::NONE,
            error_message: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DeletableTopicResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version == 6 { from.text_nullable("name")? } else { Some(from.text("name")?) },
            topic_id: if version == 6 { from.uuid("topicId")? } else { Uuid::ZERO },
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version >= 5 { from.text_nullable("errorMessage")? } else { None },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeletableTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 6 {
            sink.text_nullable("name", self.name.as_ref());
        } else {
            sink.text_or_empty("name", self.name.as_ref());
        }
        if version == 6 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.error_code("errorCode", self.error_code);
        if version >= 5 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteTopicsResponse, 0 ..= 6, flexible from 4, throttled by throttle_time_ms);
