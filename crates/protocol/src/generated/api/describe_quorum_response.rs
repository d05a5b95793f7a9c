//! `DescribeQuorumResponse`: made from `schema/api/DescribeQuorumResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 55, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeQuorumResponse {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub topics: Vec<TopicData>,
    pub nodes: Vec<Node>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeQuorumResponse {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            topics: Vec::new(),
            nodes: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeQuorumResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version == 2 {
                from.text_nullable("errorMessage")?
            } else {
                Some(Text::default())
            },
            topics: from.array("topics", |from| TopicData::read(from, version))?,
            nodes: if version == 2 {
                from.array("nodes", |from| Node::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeQuorumResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        if version == 2 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if version == 2 {
            sink.array("nodes", &self.nodes, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeQuorumResponse`].
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

/// Part of [`DescribeQuorumResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version == 2 {
                from.text_nullable("errorMessage")?
            } else {
                Some(Text::default())
            },
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            high_watermark: from.int64("highWatermark")?,
            current_voters: from
                .array("currentVoters", |from| ReplicaState::read(from, version))?,
            observers: from.array("observers", |from| ReplicaState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        if version == 2 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int64("highWatermark", self.high_watermark);
        sink.array("currentVoters", &self.current_voters, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("observers", &self.observers, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeQuorumResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
    pub unknown_tags: UnknownTags,
}

impl Node {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            node_id: from.int32("nodeId")?,
            listeners: from.array("listeners", |from| Listener::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Node {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("nodeId", self.node_id);
        sink.array("listeners", &self.listeners, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeQuorumResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listener {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl Listener {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Listener {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeQuorumResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    pub last_fetch_timestamp: i64,
    pub last_caught_up_timestamp: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ReplicaState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            replica_id: from.int32("replicaId")?,
            replica_directory_id: if version == 2 {
                from.uuid("replicaDirectoryId")?
            } else {
                Uuid::ZERO
            },
            log_end_offset: from.int64("logEndOffset")?,
            last_fetch_timestamp: if version >= 1 { from.int64("lastFetchTimestamp")? } else { -1 },
            last_caught_up_timestamp: if version >= 1 {
                from.int64("lastCaughtUpTimestamp")?
            } else {
                -1
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReplicaState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("replicaId", self.replica_id);
        if version == 2 {
            sink.uuid("replicaDirectoryId", &self.replica_directory_id);
        }
        sink.int64("logEndOffset", self.log_end_offset);
        if version >= 1 {
            sink.int64("lastFetchTimestamp", self.last_fetch_timestamp);
        }
        if version >= 1 {
            sink.int64("lastCaughtUpTimestamp", self.last_caught_up_timestamp);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeQuorumResponse, 0 ..= 2, flexible from 0);
