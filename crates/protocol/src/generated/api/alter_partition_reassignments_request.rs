//! `AlterPartitionReassignmentsRequest`: made from `schema/api/AlterPartitionReassignmentsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 45, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterPartitionReassignmentsRequest {
    pub timeout_ms: i32,
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic>,
    pub unknown_tags: UnknownTags,
}

impl Default for AlterPartitionReassignmentsRequest {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            allow_replication_factor_change: true,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AlterPartitionReassignmentsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            timeout_ms: from.int32("timeoutMs")?,
            allow_replication_factor_change: if version == 1 {
                from.bool("allowReplicationFactorChange")?
            } else {
                true
            },
            topics: from.array("topics", |from| ReassignableTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterPartitionReassignmentsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("timeoutMs", self.timeout_ms);
        if version == 1 {
            sink.bool("allowReplicationFactorChange", self.allow_replication_factor_change);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionReassignmentsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReassignableTopic {
    pub name: Text,
    pub partitions: Vec<ReassignablePartition>,
    pub unknown_tags: UnknownTags,
}

impl ReassignableTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| ReassignablePartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReassignableTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterPartitionReassignmentsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReassignablePartition {
    pub partition_index: i32,
    pub replicas: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

impl ReassignablePartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            replicas: from.array_nullable("replicas", |from| from.int32("replicas"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReassignablePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.array_nullable("replicas", self.replicas.as_ref(), |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterPartitionReassignmentsRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for AlterPartitionReassignmentsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterPartitionReassignments;
    type Response =
        super::alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
}
