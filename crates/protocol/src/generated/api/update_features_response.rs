//! `UpdateFeaturesResponse`: made from `schema/api/UpdateFeaturesResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 57, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateFeaturesResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub results: Vec<UpdatableFeatureResult>,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdateFeaturesResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            results: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdateFeaturesResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            results: if version <= 1 {
                from.array("results", |from| UpdatableFeatureResult::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateFeaturesResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        if version <= 1 {
            sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateFeaturesResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct UpdatableFeatureResult {
    pub feature: Text,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdatableFeatureResult {
    fn default() -> Self {
        Self {
            feature: Text::default(),
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdatableFeatureResult {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            feature: from.text("feature")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdatableFeatureResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("feature", &self.feature);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateFeaturesResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
