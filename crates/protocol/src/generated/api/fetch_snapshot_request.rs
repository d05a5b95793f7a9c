//! `FetchSnapshotRequest`: made from `schema/api/FetchSnapshotRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// request, key 59, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchSnapshotRequest {
    pub cluster_id: Option<Text>,
    pub replica_id: i32,
    pub max_bytes: i32,
    pub topics: Vec<TopicSnapshot>,
    pub unknown_tags: UnknownTags,
}

impl Default for FetchSnapshotRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            max_bytes: 2147483647,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl FetchSnapshotRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            cluster_id: None,
            replica_id: from.int32("replicaId")?,
            max_bytes: from.int32("maxBytes")?,
            topics: from.array("topics", |from| TopicSnapshot::read(from, version))?,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.cluster_id = from.text_nullable("clusterId")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for FetchSnapshotRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        let has_cluster_id = self.cluster_id.is_some();
        if S::NAMED && has_cluster_id {
            sink.text_nullable("clusterId", self.cluster_id.as_ref());
        }
        sink.int32("replicaId", self.replica_id);
        sink.int32("maxBytes", self.max_bytes);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_cluster_id));
            if has_cluster_id {
                tagged!(sink, 0, sink.text_nullable("clusterId", self.cluster_id.as_ref()));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchSnapshotRequest`].
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

/// Part of [`FetchSnapshotRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionSnapshot {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub snapshot_id: SnapshotId,
    pub position: i64,
    pub replica_directory_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl PartitionSnapshot {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            partition: from.int32("partition")?,
            current_leader_epoch: from.int32("currentLeaderEpoch")?,
            snapshot_id: SnapshotId::read(from, version)?,
            position: from.int64("position")?,
            replica_directory_id: Uuid::ZERO,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version == 1 => {
                        message.replica_directory_id = from.uuid("replicaDirectoryId")?
                    }
                    0 => return from.tag_not_in_version("replicaDirectoryId", 0),
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
        sink.int32("partition", self.partition);
        sink.int32("currentLeaderEpoch", self.current_leader_epoch);
        self.snapshot_id.put(sink, "snapshotId", version);
        sink.int64("position", self.position);
        let has_replica_directory_id = version == 1 && self.replica_directory_id != Uuid::ZERO;
        if S::NAMED && has_replica_directory_id {
            sink.uuid("replicaDirectoryId", &self.replica_directory_id);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_replica_directory_id));
            if has_replica_directory_id {
                tagged!(sink, 0, sink.uuid("replicaDirectoryId", &self.replica_directory_id));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchSnapshotRequest`].
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

message!(FetchSnapshotRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for FetchSnapshotRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::FetchSnapshot;
    type Response = super::fetch_snapshot_response::FetchSnapshotResponse;
}
