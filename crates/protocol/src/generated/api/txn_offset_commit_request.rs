//! `TxnOffsetCommitRequest`: made from `schema/api/TxnOffsetCommitRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 28, versions 0-6.
#[derive(Debug, Clone, PartialEq)]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: Text,
    pub group_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub generation_id_or_member_epoch: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
    pub unknown_tags: UnknownTags,
}

impl Default for TxnOffsetCommitRequest {
    fn default() -> Self {
        Self {
            transactional_id: Text::default(),
            group_id: Text::default(),
            producer_id: 0,
            producer_epoch: 0,
            generation_id_or_member_epoch: -1,
            member_id: Text::default(),
            group_instance_id: None,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl TxnOffsetCommitRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            group_id: from.text("groupId")?,
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            generation_id_or_member_epoch: if version >= 3 {
                from.int32("generationIdOrMemberEpoch")?
            } else {
                -1
            },
            member_id: if version >= 3 { from.text("memberId")? } else { Text::default() },
            group_instance_id: if version >= 3 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            topics: from
                .array("topics", |from| TxnOffsetCommitRequestTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TxnOffsetCommitRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.text("groupId", &self.group_id);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        if version >= 3 {
            sink.int32("generationIdOrMemberEpoch", self.generation_id_or_member_epoch);
        }
        if version >= 3 {
            sink.text("memberId", &self.member_id);
        }
        if version >= 3 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`TxnOffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TxnOffsetCommitRequestTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
    pub unknown_tags: UnknownTags,
}

impl TxnOffsetCommitRequestTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 5 { from.text("name")? } else { Text::default() },
            topic_id: if version == 6 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from
                .array("partitions", |from| TxnOffsetCommitRequestPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TxnOffsetCommitRequestTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 5 {
            sink.text("name", &self.name);
        }
        if version == 6 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`TxnOffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for TxnOffsetCommitRequestPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl TxnOffsetCommitRequestPartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            committed_offset: from.int64("committedOffset")?,
            committed_leader_epoch: if version >= 2 {
                from.int32("committedLeaderEpoch")?
            } else {
                -1
            },
            committed_metadata: from.text_nullable("committedMetadata")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TxnOffsetCommitRequestPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("committedOffset", self.committed_offset);
        if version >= 2 {
            sink.int32("committedLeaderEpoch", self.committed_leader_epoch);
        }
        sink.text_nullable("committedMetadata", self.committed_metadata.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(TxnOffsetCommitRequest, 0 ..= 6, flexible from 3);
impl crate::wire::Request for TxnOffsetCommitRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::TxnOffsetCommit;
    type Response = super::txn_offset_commit_response::TxnOffsetCommitResponse;
}
