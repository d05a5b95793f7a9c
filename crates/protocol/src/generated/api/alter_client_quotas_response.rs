//! `AlterClientQuotasResponse`: made from `schema/api/AlterClientQuotasResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 49, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub entries: Vec<EntryData>,
    pub unknown_tags: UnknownTags,
}

impl AlterClientQuotasResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            entries: from.array("entries", |from| EntryData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterClientQuotasResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("entries", &self.entries, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct EntryData {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub entity: Vec<EntityData>,
    pub unknown_tags: UnknownTags,
}

impl Default for EntryData {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            entity: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl EntryData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            entity: from.array("entity", |from| EntityData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EntryData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("entity", &self.entity, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterClientQuotasResponse`].
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

message!(AlterClientQuotasResponse, 0 ..= 1, flexible from 1, throttled by throttle_time_ms);
