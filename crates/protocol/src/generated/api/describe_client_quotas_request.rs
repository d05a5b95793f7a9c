//! `DescribeClientQuotasRequest`: made from `schema/api/DescribeClientQuotasRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 48, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
    pub unknown_tags: UnknownTags,
}

impl DescribeClientQuotasRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            components: from.array("components", |from| ComponentData::read(from, version))?,
            strict: from.bool("strict")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeClientQuotasRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("components", &self.components, |sink, element| element.put(sink, "", version));
        sink.bool("strict", self.strict);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeClientQuotasRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentData {
    pub entity_type: Text,
    pub match_type: i8,
    pub r#match: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for ComponentData {
    fn default() -> Self {
        Self {
            entity_type: Text::default(),
            match_type: 0,
            r#match: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ComponentData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entity_type: from.text("entityType")?,
            match_type: from.int8("matchType")?,
            r#match: from.text_nullable("match")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ComponentData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("entityType", &self.entity_type);
        sink.int8("matchType", self.match_type);
        sink.text_nullable("match", self.r#match.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeClientQuotasRequest, 0 ..= 1, flexible from 1);
impl crate::wire::Request for DescribeClientQuotasRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeClientQuotas;
    type Response = super::describe_client_quotas_response::DescribeClientQuotasResponse;
}
