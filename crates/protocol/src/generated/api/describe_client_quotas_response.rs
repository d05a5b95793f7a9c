//! `DescribeClientQuotasResponse`: made from `schema/api/DescribeClientQuotasResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 48, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub entries: Option<Vec<EntryData>>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeClientQuotasResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            entries: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeClientQuotasResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            entries: from.array_nullable("entries", |from| EntryData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeClientQuotasResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array_nullable("entries", self.entries.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
    pub unknown_tags: UnknownTags,
}

impl EntryData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entity: from.array("entity", |from| EntityData::read(from, version))?,
            values: from.array("values", |from| ValueData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EntryData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("entity", &self.entity, |sink, element| element.put(sink, "", version));
        sink.array("values", &self.values, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct EntityData {
    pub entity_type: Text,
    pub entity_name: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for EntityData {
    fn default() -> Self {
        Self {
            entity_type: Text::default(),
            entity_name: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl EntityData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entity_type: from.text("entityType")?,
            entity_name: from.text_nullable("entityName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EntityData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("entityType", &self.entity_type);
        sink.text_nullable("entityName", self.entity_name.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueData {
    pub key: Text,
    pub value: f64,
    pub unknown_tags: UnknownTags,
}

impl ValueData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.float64("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ValueData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.float64("value", self.value);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeClientQuotasResponse, 0 ..= 1, flexible from 1, throttled by throttle_time_ms);
