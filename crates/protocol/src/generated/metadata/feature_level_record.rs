//! `FeatureLevelRecord`: made from `schema/metadata/FeatureLevelRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 12, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureLevelRecord {
    pub name: Text,
    pub feature_level: i16,
    pub unknown_tags: UnknownTags,
}

impl FeatureLevelRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            feature_level: from.int16("featureLevel")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FeatureLevelRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int16("featureLevel", self.feature_level);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FeatureLevelRecord, 0 ..= 0, flexible from 0);
