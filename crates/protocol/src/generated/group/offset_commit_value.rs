//! `OffsetCommitValue`: made from `schema/group/OffsetCommitValue.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// group value, key 1, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetCommitValue {
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: Text,
    pub commit_timestamp: i64,
    pub expire_timestamp: i64,
    pub topic_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetCommitValue {
    fn default() -> Self {
        Self {
            offset: 0,
            leader_epoch: -1,
            metadata: Text::default(),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::ZERO,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetCommitValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            offset: from.int64("offset")?,
            leader_epoch: if version >= 3 { from.int32("leaderEpoch")? } else { -1 },
            metadata: from.text("metadata")?,
            commit_timestamp: from.int64("commitTimestamp")?,
            expire_timestamp: if version == 1 { from.int64("expireTimestamp")? } else { -1 },
            topic_id: Uuid::ZERO,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version == 4 => message.topic_id = from.uuid("topicId")?,
                    0 => return from.tag_not_in_version("topicId", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for OffsetCommitValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int64("offset", self.offset);
        if version >= 3 {
            sink.int32("leaderEpoch", self.leader_epoch);
        }
        sink.text("metadata", &self.metadata);
        sink.int64("commitTimestamp", self.commit_timestamp);
        if version == 1 {
            sink.int64("expireTimestamp", self.expire_timestamp);
        }
        let has_topic_id = version == 4 && self.topic_id != Uuid::ZERO;
        if S::NAMED && has_topic_id {
            sink.uuid("topicId", &self.topic_id);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_topic_id));
            if has_topic_id {
                tagged!(sink, 0, sink.uuid("topicId", &self.topic_id));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(OffsetCommitValue, 0 ..= 4, flexible from 4);
