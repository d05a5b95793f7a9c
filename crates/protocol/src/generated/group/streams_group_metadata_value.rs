//! `StreamsGroupMetadataValue`: made from `schema/group/StreamsGroupMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// group value, key 17, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamsGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
    pub validated_topology_epoch: i32,
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig>>,
    pub stored_description_topology_epoch: i32,
    pub failed_description_topology_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for StreamsGroupMetadataValue {
    fn default() -> Self {
        Self {
            epoch: 0,
            metadata_hash: 0,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Vec::new()),
            stored_description_topology_epoch: -1,
            failed_description_topology_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StreamsGroupMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            epoch: from.int32("epoch")?,
            metadata_hash: from.int64("metadataHash")?,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Vec::new()),
            stored_description_topology_epoch: -1,
            failed_description_topology_epoch: -1,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.validated_topology_epoch = from.int32("validatedTopologyEpoch")?,
                    1 => {
                        message.last_assignment_configs = from
                            .array_nullable("lastAssignmentConfigs", |from| {
                                LastAssignmentConfig::read(from, version)
                            })?
                    }
                    2 => {
                        message.stored_description_topology_epoch =
                            from.int32("storedDescriptionTopologyEpoch")?
                    }
                    3 => {
                        message.failed_description_topology_epoch =
                            from.int32("failedDescriptionTopologyEpoch")?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for StreamsGroupMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        sink.int64("metadataHash", self.metadata_hash);
        let has_validated_topology_epoch = self.validated_topology_epoch != -1;
        if S::NAMED && has_validated_topology_epoch {
            sink.int32("validatedTopologyEpoch", self.validated_topology_epoch);
        }
        let has_last_assignment_configs = self.last_assignment_configs != Some(Vec::new());
        if S::NAMED && has_last_assignment_configs {
            sink.array_nullable(
                "lastAssignmentConfigs",
                self.last_assignment_configs.as_ref(),
                |sink, element| element.put(sink, "", version),
            );
        }
        let has_stored_description_topology_epoch = self.stored_description_topology_epoch != -1;
        if S::NAMED && has_stored_description_topology_epoch {
            sink.int32("storedDescriptionTopologyEpoch", self.stored_description_topology_epoch);
        }
        let has_failed_description_topology_epoch = self.failed_description_topology_epoch != -1;
        if S::NAMED && has_failed_description_topology_epoch {
            sink.int32("failedDescriptionTopologyEpoch", self.failed_description_topology_epoch);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_validated_topology_epoch)
                    + usize::from(has_last_assignment_configs)
                    + usize::from(has_stored_description_topology_epoch)
                    + usize::from(has_failed_description_topology_epoch),
            );
            if has_validated_topology_epoch {
                tagged!(
                    sink,
                    0,
                    sink.int32("validatedTopologyEpoch", self.validated_topology_epoch)
                );
            }
            if has_last_assignment_configs {
                tagged!(
                    sink,
                    1,
                    sink.array_nullable(
                        "lastAssignmentConfigs",
                        self.last_assignment_configs.as_ref(),
                        |sink, element| element.put(sink, "", version)
                    )
                );
            }
            if has_stored_description_topology_epoch {
                tagged!(
                    sink,
                    2,
                    sink.int32(
                        "storedDescriptionTopologyEpoch",
                        self.stored_description_topology_epoch
                    )
                );
            }
            if has_failed_description_topology_epoch {
                tagged!(
                    sink,
                    3,
                    sink.int32(
                        "failedDescriptionTopologyEpoch",
                        self.failed_description_topology_epoch
                    )
                );
            }
            sink.unknown_tags_between(tags, 4, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`StreamsGroupMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastAssignmentConfig {
    pub key: Text,
    pub value: Text,
    pub unknown_tags: UnknownTags,
}

impl LastAssignmentConfig {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.text("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LastAssignmentConfig {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.text("value", &self.value);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupMetadataValue, 0 ..= 0, flexible from 0);
