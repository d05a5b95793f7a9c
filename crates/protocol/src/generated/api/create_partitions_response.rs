//! `CreatePartitionsResponse`: made from `schema/api/CreatePartitionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 37, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatePartitionsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl CreatePartitionsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            results: from
                .array("results", |from| CreatePartitionsTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatePartitionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreatePartitionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatePartitionsTopicResult {
    pub name: Text,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl CreatePartitionsTopicResult {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatePartitionsTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreatePartitionsResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
