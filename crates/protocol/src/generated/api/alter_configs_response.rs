//! `AlterConfigsResponse`: made from `schema/api/AlterConfigsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 33, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterConfigsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
    pub unknown_tags: UnknownTags,
}

impl AlterConfigsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            responses: from
                .array("responses", |from| AlterConfigsResourceResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterConfigsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterConfigsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct AlterConfigsResourceResponse {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
    pub unknown_tags: UnknownTags,
}

impl Default for AlterConfigsResourceResponse {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            resource_type: 0,
            resource_name: Text::default(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AlterConfigsResourceResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterConfigsResourceResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterConfigsResponse, 0 ..= 2, flexible from 2, throttled by throttle_time_ms);
