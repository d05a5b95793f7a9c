//! `CreateAclsRequest`: made from `schema/api/CreateAclsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 30, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
    pub unknown_tags: UnknownTags,
}

impl CreateAclsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            creations: from.array("creations", |from| AclCreation::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreateAclsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("creations", &self.creations, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateAclsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: Text,
    pub resource_pattern_type: i8,
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for AclCreation {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Text::default(),
            resource_pattern_type: 3,
            principal: Text::default(),
            host: Text::default(),
            operation: 0,
            permission_type: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AclCreation {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            resource_pattern_type: if version >= 1 { from.int8("resourcePatternType")? } else { 3 },
            principal: from.text("principal")?,
            host: from.text("host")?,
            operation: from.int8("operation")?,
            permission_type: from.int8("permissionType")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AclCreation {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        if version >= 1 {
            sink.int8("resourcePatternType", self.resource_pattern_type);
        }
        sink.text("principal", &self.principal);
        sink.text("host", &self.host);
        sink.int8("operation", self.operation);
        sink.int8("permissionType", self.permission_type);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreateAclsRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for CreateAclsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateAcls;
    type Response = super::create_acls_response::CreateAclsResponse;
}
