//! `DeleteGroupsResponse`: made from `schema/api/DeleteGroupsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 42, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteGroupsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult>,
    pub unknown_tags: UnknownTags,
}

impl DeleteGroupsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            results: from.array("results", |from| DeletableGroupResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteGroupsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeletableGroupResult {
    pub group_id: Text,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl DeletableGroupResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version == 3 { from.text_nullable("errorMessage")? } else { None },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeletableGroupResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.error_code("errorCode", self.error_code);
        if version == 3 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteGroupsResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
