//! `DescribeConfigsResponse`: made from `schema/api/DescribeConfigsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 32, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeConfigsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
    pub unknown_tags: UnknownTags,
}

impl DescribeConfigsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            results: from.array("results", |from| DescribeConfigsResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeConfigsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeConfigsResult {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
    pub configs: Vec<DescribeConfigsResourceResult>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeConfigsResult {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            resource_type: 0,
            resource_name: Text::default(),
            configs: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeConfigsResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            resource_type: from.int8("resourceType")?,
            resource_name: from.text("resourceName")?,
            configs: from
                .array("configs", |from| DescribeConfigsResourceResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.int8("resourceType", self.resource_type);
        sink.text("resourceName", &self.resource_name);
        sink.array("configs", &self.configs, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeConfigsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeConfigsResourceResult {
    pub name: Text,
    pub value: Option<Text>,
    pub read_only: bool,
    pub is_default: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym>,
    pub config_type: i8,
    pub documentation: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeConfigsResourceResult {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: Some(Text::default()),
            read_only: false,
            is_default: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeConfigsResourceResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            read_only: from.bool("readOnly")?,
            is_default: if version == 0 { from.bool("isDefault")? } else { false },
            config_source: if version >= 1 { from.int8("configSource")? } else { -1 },
            is_sensitive: from.bool("isSensitive")?,
            synonyms: if version >= 1 {
                from.array("synonyms", |from| DescribeConfigsSynonym::read(from, version))?
            } else {
                Vec::new()
            },
            config_type: if version >= 3 { from.int8("configType")? } else { 0 },
            documentation: if version >= 3 {
                from.text_nullable("documentation")?
            } else {
                Some(Text::default())
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsResourceResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.bool("readOnly", self.read_only);
        if version == 0 {
            sink.bool("isDefault", self.is_default);
        }
        if version >= 1 {
            sink.int8("configSource", self.config_source);
        }
        sink.bool("isSensitive", self.is_sensitive);
        if version >= 1 {
            sink.array("synonyms", &self.synonyms, |sink, element| element.put(sink, "", version));
        }
        if version >= 3 {
            sink.int8("configType", self.config_type);
        }
        if version >= 3 {
            sink.text_nullable("documentation", self.documentation.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeConfigsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeConfigsSynonym {
    pub name: Text,
    pub value: Option<Text>,
    pub source: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeConfigsSynonym {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: Some(Text::default()),
            source: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeConfigsSynonym {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            source: from.int8("source")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeConfigsSynonym {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.int8("source", self.source);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeConfigsResponse, 0 ..= 4, flexible from 4, throttled by throttle_time_ms);
