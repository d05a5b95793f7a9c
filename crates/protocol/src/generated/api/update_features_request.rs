//! `UpdateFeaturesRequest`: made from `schema/api/UpdateFeaturesRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 57, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateFeaturesRequest {
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdateFeaturesRequest {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            feature_updates: Vec::new(),
            validate_only: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdateFeaturesRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            timeout_ms: from.int32("timeoutMs")?,
            feature_updates: from
                .array("featureUpdates", |from| FeatureUpdateKey::read(from, version))?,
            validate_only: if version >= 1 { from.bool("validateOnly")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateFeaturesRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("timeoutMs", self.timeout_ms);
        sink.array("featureUpdates", &self.feature_updates, |sink, element| {
            element.put(sink, "", version)
        });
        if version >= 1 {
            sink.bool("validateOnly", self.validate_only);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateFeaturesRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureUpdateKey {
    pub feature: Text,
    pub max_version_level: i16,
    pub allow_downgrade: bool,
    pub upgrade_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for FeatureUpdateKey {
    fn default() -> Self {
        Self {
            feature: Text::default(),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl FeatureUpdateKey {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            feature: from.text("feature")?,
            max_version_level: from.int16("maxVersionLevel")?,
            allow_downgrade: if version == 0 { from.bool("allowDowngrade")? } else { false },
            upgrade_type: if version >= 1 { from.int8("upgradeType")? } else { 1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FeatureUpdateKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("feature", &self.feature);
        sink.int16("maxVersionLevel", self.max_version_level);
        if version == 0 {
            sink.bool("allowDowngrade", self.allow_downgrade);
        }
        if version >= 1 {
            sink.int8("upgradeType", self.upgrade_type);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateFeaturesRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for UpdateFeaturesRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UpdateFeatures;
    type Response = super::update_features_response::UpdateFeaturesResponse;
}
