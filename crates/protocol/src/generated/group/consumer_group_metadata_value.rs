//! `ConsumerGroupMetadataValue`: made from `schema/group/ConsumerGroupMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// group value, key 3, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupMetadataValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            epoch: from.int32("epoch")?,
            metadata_hash: 0,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.metadata_hash = from.int64("metadataHash")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for ConsumerGroupMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        let has_metadata_hash = self.metadata_hash != 0;
        if S::NAMED && has_metadata_hash {
            sink.int64("metadataHash", self.metadata_hash);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_metadata_hash));
            if has_metadata_hash {
                tagged!(sink, 0, sink.int64("metadataHash", self.metadata_hash));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(ConsumerGroupMetadataValue, 0 ..= 0, flexible from 0);
