//! `DescribeAclsResponse`: made from `schema/api/DescribeAclsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 29, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeAclsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub resources: Vec<DescribeAclsResource>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeAclsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            resources: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeAclsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            resources: from.array("resources", |from| DescribeAclsResource::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeAclsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("resources", &self.resources, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeAclsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeAclsResource {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Text::default(),
            pattern_type: 3,
            acls: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeAclsResource {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            pattern_type: if version >= 1 { from.int8("patternType")? } else { 3 },
            acls: from.array("acls", |from| AclDescription::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeAclsResource {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        if version >= 1 {
            sink.int8("patternType", self.pattern_type);
        }
        sink.array("acls", &self.acls, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeAclsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AclDescription {
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

impl AclDescription {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            principal: from.text("principal")?,
            host: from.text("host")?,
            operation: from.int8("operation")?,
            permission_type: from.int8("permissionType")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AclDescription {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("principal", &self.principal);
        sink.text("host", &self.host);
        sink.int8("operation", self.operation);
        sink.int8("permissionType", self.permission_type);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeAclsResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
