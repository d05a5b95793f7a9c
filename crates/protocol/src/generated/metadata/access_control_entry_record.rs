//! `AccessControlEntryRecord`: made from `schema/metadata/AccessControlEntryRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 18, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccessControlEntryRecord {
    pub id: Uuid,
    pub resource_type: i8,
    pub resource_name: Text,
    pub pattern_type: i8,
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

impl AccessControlEntryRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.uuid("id")?,
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            pattern_type: from.int8("patternType")?,
            principal: from.text("principal")?,
            host: from.text("host")?,
            operation: from.int8("operation")?,
            permission_type: from.int8("permissionType")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AccessControlEntryRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("id", &self.id);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.int8("patternType", self.pattern_type);
        sink.text("principal", &self.principal);
        sink.text("host", &self.host);
        sink.int8("operation", self.operation);
        sink.int8("permissionType", self.permission_type);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AccessControlEntryRecord, 0 ..= 0, flexible from 0);
