//! `FetchSnapshotResponse`: made from `schema/api/FetchSnapshotResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Records, Sink, Text, UnknownTags, message, tagged};

/// response, key 59, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchSnapshotResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub topics: Vec<TopicSnapshot>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl FetchSnapshotResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            topics: from.array("topics", |from| TopicSnapshot::read(from, version))?,
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

impl Put for FetchSnapshotResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
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

/// Part of [`FetchSnapshotResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicSnapshot {
    pub name: Text,
    pub partitions: Vec<PartitionSnapshot>,
    pub unknown_tags: UnknownTags,
}

impl TopicSnapshot {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from.array("partitions", |from| PartitionSnapshot::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicSnapshot {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchSnapshotResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionSnapshot {
    pub index: i32,
    pub error_code: ErrorCode,
    pub snapshot_id: SnapshotId,
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    pub unaligned_records: Records,
    pub unknown_tags: UnknownTags,
}

impl PartitionSnapshot {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            index: from.int32("index")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            snapshot_id: SnapshotId::read(from, version)?,
            current_leader: LeaderIdAndEpoch::default(),
            size: from.int64("size")?,
            position: from.int64("position")?,
            unaligned_records: from.records("unalignedRecords")?,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.current_leader = LeaderIdAndEpoch::read(from, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for PartitionSnapshot {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("index", self.index);
        sink.error_code("errorCode", self.error_code);
        self.snapshot_id.put(sink, "snapshotId", version);
        let has_current_leader = self.current_leader != LeaderIdAndEpoch::default();
        if S::NAMED && has_current_leader {
            self.current_leader.put(sink, "currentLeader", version);
        }
        sink.int64("size", self.size);
        sink.int64("position", self.position);
        sink.records("unalignedRecords", &self.unaligned_records);
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_current_leader));
            if has_current_leader {
                tagged!(sink, 0, self.current_leader.put(sink, "currentLeader", version));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchSnapshotResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl SnapshotId {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            end_offset: from.int64("endOffset")?,
            epoch: from.int32("epoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SnapshotId {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("endOffset", self.end_offset);
        sink.int32("epoch", self.epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchSnapshotResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl LeaderIdAndEpoch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderIdAndEpoch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchSnapshotResponse`].
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

message!(FetchSnapshotResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
