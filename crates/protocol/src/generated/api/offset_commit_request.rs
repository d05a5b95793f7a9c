//! `OffsetCommitRequest`: made from `schema/api/OffsetCommitRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 8, versions 0-10.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetCommitRequest {
    pub group_id: Text,
    pub generation_id_or_member_epoch: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetCommitRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            generation_id_or_member_epoch: -1,
            member_id: Text::default(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetCommitRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            generation_id_or_member_epoch: if version >= 1 {
                from.int32("generationIdOrMemberEpoch")?
            } else {
                -1
            },
            member_id: if version >= 1 { from.text("memberId")? } else { Text::default() },
            group_instance_id: if version >= 7 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            retention_time_ms: if (2..=4).contains(&version) {
                from.int64("retentionTimeMs")?
            } else {
                -1
            },
            topics: from.array("topics", |from| OffsetCommitRequestTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        if version >= 1 {
            sink.int32("generationIdOrMemberEpoch", self.generation_id_or_member_epoch);
        }
        if version >= 1 {
            sink.text("memberId", &self.member_id);
        }
        if version >= 7 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        if (2..=4).contains(&version) {
            sink.int64("retentionTimeMs", self.retention_time_ms);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetCommitRequestTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition>,
    pub unknown_tags: UnknownTags,
}

impl OffsetCommitRequestTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 9 { from.text("name")? } else { Text::default() },
            topic_id: if version == 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from
                .array("partitions", |from| OffsetCommitRequestPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitRequestTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 9 {
            sink.text("name", &self.name);
        }
        if version == 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub commit_timestamp: i64,
    pub committed_metadata: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetCommitRequestPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            commit_timestamp: -1,
            committed_metadata: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetCommitRequestPartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            committed_offset: from.int64("committedOffset")?,
            committed_leader_epoch: if version >= 6 {
                from.int32("committedLeaderEpoch")?
            } else {
                -1
            },
            commit_timestamp: if version == 1 { from.int64("commitTimestamp")? } else { -1 },
            committed_metadata: from.text_nullable("committedMetadata")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetCommitRequestPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("committedOffset", self.committed_offset);
        if version >= 6 {
            sink.int32("committedLeaderEpoch", self.committed_leader_epoch);
        }
        if version == 1 {
            sink.int64("commitTimestamp", self.commit_timestamp);
        }
        sink.text_nullable("committedMetadata", self.committed_metadata.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(OffsetCommitRequest, 0 ..= 10, flexible from 8);
impl crate::wire::Request for OffsetCommitRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetCommit;
    type Response = super::offset_commit_response::OffsetCommitResponse;
}
