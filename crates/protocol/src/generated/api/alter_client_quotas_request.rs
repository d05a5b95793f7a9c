//! `AlterClientQuotasRequest`: made from `schema/api/AlterClientQuotasRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 49, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<EntryData>,
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

impl AlterClientQuotasRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entries: from.array("entries", |from| EntryData::read(from, version))?,
            validate_only: from.bool("validateOnly")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterClientQuotasRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("entries", &self.entries, |sink, element| element.put(sink, "", version));
        sink.bool("validateOnly", self.validate_only);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterClientQuotasRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub ops: Vec<OpData>,
    pub unknown_tags: UnknownTags,
}

impl EntryData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entity: from.array("entity", |from| EntityData::read(from, version))?,
            ops: from.array("ops", |from| OpData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EntryData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("entity", &self.entity, |sink, element| element.put(sink, "", version));
        sink.array("ops", &self.ops, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterClientQuotasRequest`].
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

/// Part of [`AlterClientQuotasRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpData {
    pub key: Text,
    pub value: f64,
    pub remove: bool,
    pub unknown_tags: UnknownTags,
}

impl OpData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.float64("value")?,
            remove: from.bool("remove")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OpData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.float64("value", self.value);
        sink.bool("remove", self.remove);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterClientQuotasRequest, 0 ..= 1, flexible from 1);
impl crate::wire::Request for AlterClientQuotasRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterClientQuotas;
    type Response = super::alter_client_quotas_response::AlterClientQuotasResponse;
}
