//! `DeleteAclsRequest`: made from `schema/api/DeleteAclsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 31, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteAclsRequest {
    pub filters: Vec<DeleteAclsFilter>,
    pub unknown_tags: UnknownTags,
}

impl DeleteAclsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            filters: from.array("filters", |from| DeleteAclsFilter::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteAclsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("filters", &self.filters, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteAclsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteAclsFilter {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Text>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Text>,
    pub host_filter: Option<Text>,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for DeleteAclsFilter {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(Text::default()),
            pattern_type_filter: 3,
            principal_filter: Some(Text::default()),
            host_filter: Some(Text::default()),
            operation: 0,
            permission_type: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DeleteAclsFilter {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type_filter: from.int8("resourceTypeFilter")?,
            resource_name_filter: from.text_nullable("resourceNameFilter")?,
            pattern_type_filter: if version >= 1 { from.int8("patternTypeFilter")? } else { 3 },
            principal_filter: from.text_nullable("principalFilter")?,
            host_filter: from.text_nullable("hostFilter")?,
            operation: from.int8("operation")?,
            permission_type: from.int8("permissionType")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteAclsFilter {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int8("resourceTypeFilter", self.resource_type_filter);
        sink.text_nullable("resourceNameFilter", self.resource_name_filter.as_ref());
        if version >= 1 {
            sink.int8("patternTypeFilter", self.pattern_type_filter);
        }
        sink.text_nullable("principalFilter", self.principal_filter.as_ref());
        sink.text_nullable("hostFilter", self.host_filter.as_ref());
        sink.int8("operation", self.operation);
        sink.int8("permissionType", self.permission_type);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteAclsRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for DeleteAclsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteAcls;
    type Response = super::delete_acls_response::DeleteAclsResponse;
}
