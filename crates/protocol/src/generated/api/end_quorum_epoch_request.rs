//! `EndQuorumEpochRequest`: made from `schema/api/EndQuorumEpochRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 54, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndQuorumEpochRequest {
    pub cluster_id: Option<Text>,
    pub topics: Vec<TopicData>,
    pub leader_endpoints: Vec<LeaderEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl EndQuorumEpochRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: from.text_nullable("clusterId")?,
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            leader_endpoints: if version == 1 {
                from.array("leaderEndpoints", |from| LeaderEndpoint::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EndQuorumEpochRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("clusterId", self.cluster_id.as_ref());
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if version == 1 {
            sink.array("leaderEndpoints", &self.leader_endpoints, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`EndQuorumEpochRequest`].
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

/// Part of [`EndQuorumEpochRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub preferred_successors: Vec<i32>,
    pub preferred_candidates: Vec<ReplicaInfo>,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            preferred_successors: if version == 0 {
                from.array("preferredSuccessors", |from| from.int32("preferredSuccessors"))?
            } else {
                Vec::new()
            },
            preferred_candidates: if version == 1 {
                from.array("preferredCandidates", |from| ReplicaInfo::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        if version == 0 {
            sink.array("preferredSuccessors", &self.preferred_successors, |sink, element| {
                sink.int32("", *element)
            });
        }
        if version == 1 {
            sink.array("preferredCandidates", &self.preferred_candidates, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplicaInfo {
    pub candidate_id: i32,
    pub candidate_directory_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl ReplicaInfo {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            candidate_id: from.int32("candidateId")?,
            candidate_directory_id: from.uuid("candidateDirectoryId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReplicaInfo {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("candidateId", self.candidate_id);
        sink.uuid("candidateDirectoryId", &self.candidate_directory_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`EndQuorumEpochRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderEndpoint {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl LeaderEndpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EndQuorumEpochRequest, 0 ..= 1, flexible from 1);
impl crate::wire::Request for EndQuorumEpochRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::EndQuorumEpoch;
    type Response = super::end_quorum_epoch_response::EndQuorumEpochResponse;
}
