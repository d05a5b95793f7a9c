//! `ClientQuotaRecord`: made from `schema/metadata/ClientQuotaRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 14, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientQuotaRecord {
    pub entity: Vec<EntityData>,
    pub key: Text,
    pub value: f64,
    pub remove: bool,
    pub unknown_tags: UnknownTags,
}

impl ClientQuotaRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            entity: from.array("entity", |from| EntityData::read(from, version))?,
            key: from.text("key")?,
            value: from.float64("value")?,
            remove: from.bool("remove")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ClientQuotaRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("entity", &self.entity, |sink, element| element.put(sink, "", version));
        sink.text("key", &self.key);
        sink.float64("value", self.value);
        sink.bool("remove", self.remove);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ClientQuotaRecord`].
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

message!(ClientQuotaRecord, 0 ..= 0, flexible from 0);
