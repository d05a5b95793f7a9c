//! `EndQuorumEpochResponse`: made from `schema/api/EndQuorumEpochResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// response, key 54, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndQuorumEpochResponse {
    pub error_code: ErrorCode,
    pub topics: Vec<TopicData>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl EndQuorumEpochResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            node_endpoints: Vec::new(),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version == 1 => {
                        message.node_endpoints =
                            from.array("nodeEndpoints", |from| NodeEndpoint::read(from, version))?
                    }
                    0 => return from.tag_not_in_version("nodeEndpoints", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for EndQuorumEpochResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        let has_node_endpoints = version == 1 && !self.node_endpoints.is_empty();
        if S::NAMED && has_node_endpoints {
            sink.array("nodeEndpoints", &self.node_endpoints, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_node_endpoints));
            if has_node_endpoints {
                tagged!(
                    sink,
                    0,
                    sink.array("nodeEndpoints", &self.node_endpoints, |sink, element| element
                        .put(sink, "", version))
                );
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`EndQuorumEpochResponse`].
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

/// Part of [`EndQuorumEpochResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`EndQuorumEpochResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl NodeEndpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            node_id: from.int32("nodeId")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for NodeEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("nodeId", self.node_id);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EndQuorumEpochResponse, 0 ..= 1, flexible from 1);
