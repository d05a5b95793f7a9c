//! `DeleteAclsResponse`: made from `schema/api/DeleteAclsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 31, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteAclsResponse {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult>,
    pub unknown_tags: UnknownTags,
}

impl DeleteAclsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            filter_results: from
                .array("filterResults", |from| DeleteAclsFilterResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteAclsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("filterResults", &self.filter_results, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteAclsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteAclsFilterResult {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
    pub unknown_tags: UnknownTags,
}

impl Default for DeleteAclsFilterResult {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            matching_acls: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DeleteAclsFilterResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            matching_acls: from
                .array("matchingAcls", |from| DeleteAclsMatchingAcl::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteAclsFilterResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("matchingAcls", &self.matching_acls, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteAclsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteAclsMatchingAcl {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
    pub pattern_type: i8,
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for DeleteAclsMatchingAcl {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            resource_type: 0,
            resource_name: Text::default(),
            pattern_type: 3,
            principal: Text::default(),
            host: Text::default(),
            operation: 0,
            permission_type: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DeleteAclsMatchingAcl {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            pattern_type: if version >= 1 { from.int8("patternType")? } else { 3 },
            principal: from.text("principal")?,
            host: from.text("host")?,
            operation: from.int8("operation")?,
            permission_type: from.int8("permissionType")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteAclsMatchingAcl {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        if version >= 1 {
            sink.int8("patternType", self.pattern_type);
        }
        sink.text("principal", &self.principal);
        sink.text("host", &self.host);
        sink.int8("operation", self.operation);
        sink.int8("permissionType", self.permission_type);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteAclsResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
