//! `VoteRequest`: made from `schema/api/VoteRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 52, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct VoteRequest {
    pub cluster_id: Option<Text>,
    pub voter_id: i32,
    pub topics: Vec<TopicData>,
    pub unknown_tags: UnknownTags,
}

impl Default for VoteRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            voter_id: -1,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl VoteRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: from.text_nullable("clusterId")?,
            voter_id: if version >= 1 { from.int32("voterId")? } else { -1 },
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for VoteRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("clusterId", self.cluster_id.as_ref());
        if version >= 1 {
            sink.int32("voterId", self.voter_id);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`VoteRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicData {
    pub topic_name: Text,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl TopicData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`VoteRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub replica_epoch: i32,
    pub replica_id: i32,
    pub replica_directory_id: Uuid,
    pub voter_directory_id: Uuid,
    pub last_offset_epoch: i32,
    pub last_offset: i64,
    pub pre_vote: bool,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            replica_epoch: from.int32("replicaEpoch")?,
            replica_id: from.int32("replicaId")?,
            replica_directory_id: if version >= 1 {
                from.uuid("replicaDirectoryId")?
            } else {
                Uuid::ZERO
            },
            voter_directory_id: if version >= 1 {
                from.uuid("voterDirectoryId")?
            } else {
                Uuid::ZERO
            },
            last_offset_epoch: from.int32("lastOffsetEpoch")?,
            last_offset: from.int64("lastOffset")?,
            pre_vote: if version == 2 { from.bool("preVote")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("replicaEpoch", self.replica_epoch);
        sink.int32("replicaId", self.replica_id);
        if version >= 1 {
            sink.uuid("replicaDirectoryId", &self.replica_directory_id);
        }
        if version >= 1 {
            sink.uuid("voterDirectoryId", &self.voter_directory_id);
        }
        sink.int32("lastOffsetEpoch", self.last_offset_epoch);
        sink.int64("lastOffset", self.last_offset);
        if version == 2 {
            sink.bool("preVote", self.pre_vote);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(VoteRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for VoteRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Vote;
    type Response = super::vote_response::VoteResponse;
}
