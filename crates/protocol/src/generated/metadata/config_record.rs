//! `ConfigRecord`: made from `schema/metadata/ConfigRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 4, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigRecord {
    pub resource_type: i8,
    pub resource_name: Text,
    pub name: Text,
    pub value: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for ConfigRecord {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Text::default(),
            name: Text::default(),
            value: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ConfigRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConfigRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ConfigRecord, 0 ..= 0, flexible from 0);
