//! `DescribeConfigsRequest`: made from `schema/api/DescribeConfigsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 32, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    pub include_synonyms: bool,
    pub include_documentation: bool,
    pub unknown_tags: UnknownTags,
}

impl DescribeConfigsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resources: from
                .array("resources", |from| DescribeConfigsResource::read(from, version))?,
            include_synonyms: if version >= 1 { from.bool("includeSynonyms")? } else { false },
            include_documentation: if version >= 3 {
                from.bool("includeDocumentation")?
            } else {
                false
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("resources", &self.resources, |sink, element| element.put(sink, "", version));
        if version >= 1 {
            sink.bool("includeSynonyms", self.include_synonyms);
        }
        if version >= 3 {
            sink.bool("includeDocumentation", self.include_documentation);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeConfigsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeConfigsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub configuration_keys: Option<Vec<Text>>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeConfigsResource {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Text::default(),
            configuration_keys: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeConfigsResource {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            configuration_keys: from
                .array_nullable("configurationKeys", |from| from.text("configurationKeys"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsResource {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.array_nullable(
            "configurationKeys",
            self.configuration_keys.as_ref(),
            |sink, element| sink.text("", element),
        );
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeConfigsRequest, 0 ..= 4, flexible from 4);
impl crate::wire::Request for DescribeConfigsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeConfigs;
    type Response = super::describe_configs_response::DescribeConfigsResponse;
}
