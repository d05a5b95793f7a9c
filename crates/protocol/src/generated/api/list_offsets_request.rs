//! `ListOffsetsRequest`: made from `schema/api/ListOffsetsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 2, versions 0-11.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl ListOffsetsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            replica_id: from.int32("replicaId")?,
            isolation_level: if version >= 2 { from.int8("isolationLevel")? } else { 0 },
            topics: from.array("topics", |from| ListOffsetsTopic::read(from, version))?,
            timeout_ms: if version >= 10 { from.int32("timeoutMs")? } else { 0 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("replicaId", self.replica_id);
        if version >= 2 {
            sink.int8("isolationLevel", self.isolation_level);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if version >= 10 {
            sink.int32("timeoutMs", self.timeout_ms);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListOffsetsTopic {
    pub name: Text,
    pub partitions: Vec<ListOffsetsPartition>,
    pub unknown_tags: UnknownTags,
}

impl ListOffsetsTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| ListOffsetsPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListOffsetsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    pub current_leader_epoch: i32,
    pub timestamp: i64,
    pub max_num_offsets: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            current_leader_epoch: -1,
            timestamp: 0,
            max_num_offsets: 1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ListOffsetsPartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            current_leader_epoch: if version >= 4 { from.int32("currentLeaderEpoch")? } else { -1 },
            timestamp: from.int64("timestamp")?,
            max_num_offsets: if version == 0 { from.int32("maxNumOffsets")? } else { 1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListOffsetsPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        if version >= 4 {
            sink.int32("currentLeaderEpoch", self.current_leader_epoch);
        }
        sink.int64("timestamp", self.timestamp);
        if version == 0 {
            sink.int32("maxNumOffsets", self.max_num_offsets);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListOffsetsRequest, 0 ..= 11, flexible from 6);
impl crate::wire::Request for ListOffsetsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListOffsets;
    type Response = super::list_offsets_response::ListOffsetsResponse;
}
