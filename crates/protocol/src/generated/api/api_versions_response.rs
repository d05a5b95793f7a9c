//! `ApiVersionsResponse`: made from `schema/api/ApiVersionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// response, key 18, versions 0-5.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiVersionsResponse {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    pub throttle_time_ms: i32,
    pub supported_features: Vec<SupportedFeatureKey>,
    pub finalized_features_epoch: i64,
    pub finalized_features: Vec<FinalizedFeatureKey>,
    pub zk_migration_ready: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for ApiVersionsResponse {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ApiVersionsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            api_keys: from.array("apiKeys", |from| ApiVersion::read(from, version))?,
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 3 => {
                        message.supported_features = from.array("supportedFeatures", |from| {
                            SupportedFeatureKey::read(from, version)
                        })?
                    }
                    0 => return from.tag_not_in_version("supportedFeatures", 0),
                    1 if version >= 3 => {
                        message.finalized_features_epoch = from.int64("finalizedFeaturesEpoch")?
                    }
                    1 => return from.tag_not_in_version("finalizedFeaturesEpoch", 1),
                    2 if version >= 3 => {
                        message.finalized_features = from.array("finalizedFeatures", |from| {
                            FinalizedFeatureKey::read(from, version)
                        })?
                    }
                    2 => return from.tag_not_in_version("finalizedFeatures", 2),
                    3 if version >= 3 => {
                        message.zk_migration_ready = from.bool("zkMigrationReady")?
                    }
                    3 => return from.tag_not_in_version("zkMigrationReady", 3),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for ApiVersionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("apiKeys", &self.api_keys, |sink, element| element.put(sink, "", version));
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        let has_supported_features = version >= 3 && !self.supported_features.is_empty();
        if S::NAMED && has_supported_features {
            sink.array("supportedFeatures", &self.supported_features, |sink, element| {
                element.put(sink, "", version)
            });
        }
        let has_finalized_features_epoch = version >= 3 && self.finalized_features_epoch != -1;
        if S::NAMED && has_finalized_features_epoch {
            sink.int64("finalizedFeaturesEpoch", self.finalized_features_epoch);
        }
        let has_finalized_features = version >= 3 && !self.finalized_features.is_empty();
        if S::NAMED && has_finalized_features {
            sink.array("finalizedFeatures", &self.finalized_features, |sink, element| {
                element.put(sink, "", version)
            });
        }
        let has_zk_migration_ready = version >= 3 && self.zk_migration_ready;
        if S::NAMED && has_zk_migration_ready {
            sink.bool("zkMigrationReady", self.zk_migration_ready);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_supported_features)
                    + usize::from(has_finalized_features_epoch)
                    + usize::from(has_finalized_features)
                    + usize::from(has_zk_migration_ready),
            );
            if has_supported_features {
                tagged!(
                    sink,
                    0,
                    sink.array("supportedFeatures", &self.supported_features, |sink, element| {
                        element.put(sink, "", version)
                    })
                );
            }
            if has_finalized_features_epoch {
                tagged!(
                    sink,
                    1,
                    sink.int64("finalizedFeaturesEpoch", self.finalized_features_epoch)
                );
            }
            if has_finalized_features {
                tagged!(
                    sink,
                    2,
                    sink.array("finalizedFeatures", &self.finalized_features, |sink, element| {
                        element.put(sink, "", version)
                    })
                );
            }
            if has_zk_migration_ready {
                tagged!(sink, 3, sink.bool("zkMigrationReady", self.zk_migration_ready));
            }
            sink.unknown_tags_between(tags, 4, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`ApiVersionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tags: UnknownTags,
}

impl ApiVersion {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            api_key: from.int16("apiKey")?,
            min_version: from.int16("minVersion")?,
            max_version: from.int16("maxVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ApiVersion {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("apiKey", self.api_key);
        sink.int16("minVersion", self.min_version);
        sink.int16("maxVersion", self.max_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ApiVersionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SupportedFeatureKey {
    pub name: Text,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tags: UnknownTags,
}

impl SupportedFeatureKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            min_version: from.int16("minVersion")?,
            max_version: from.int16("maxVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SupportedFeatureKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int16("minVersion", self.min_version);
        sink.int16("maxVersion", self.max_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ApiVersionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FinalizedFeatureKey {
    pub name: Text,
    pub max_version_level: i16,
    pub min_version_level: i16,
    pub unknown_tags: UnknownTags,
}

impl FinalizedFeatureKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            max_version_level: from.int16("maxVersionLevel")?,
            min_version_level: from.int16("minVersionLevel")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FinalizedFeatureKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int16("maxVersionLevel", self.max_version_level);
        sink.int16("minVersionLevel", self.min_version_level);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ApiVersionsResponse, 0 ..= 5, flexible from 3, throttled by throttle_time_ms);
