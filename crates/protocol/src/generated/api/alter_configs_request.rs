//! `AlterConfigsRequest`: made from `schema/api/AlterConfigsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 33, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

impl AlterConfigsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resources: from.array("resources", |from| AlterConfigsResource::read(from, version))?,
            validate_only: from.bool("validateOnly")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterConfigsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("resources", &self.resources, |sink, element| element.put(sink, "", version));
        sink.bool("validateOnly", self.validate_only);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterConfigsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub configs: Vec<AlterableConfig>,
    pub unknown_tags: UnknownTags,
}

impl AlterConfigsResource {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            configs: from.array("configs", |from| AlterableConfig::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterConfigsResource {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.array("configs", &self.configs, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterConfigsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct AlterableConfig {
    pub name: Text,
    pub value: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for AlterableConfig {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AlterableConfig {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterableConfig {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterConfigsRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for AlterConfigsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterConfigs;
    type Response = super::alter_configs_response::AlterConfigsResponse;
}
