//! `ListPartitionReassignmentsRequest`: made from `schema/api/ListPartitionReassignmentsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 46, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPartitionReassignmentsRequest {
    pub timeout_ms: i32,
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
    pub unknown_tags: UnknownTags,
}

impl Default for ListPartitionReassignmentsRequest {
    fn default() -> Self {
        Self { timeout_ms: 60000, topics: None, unknown_tags: UnknownTags::default() }
    }
}

impl ListPartitionReassignmentsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            timeout_ms: from.int32("timeoutMs")?,
            topics: from.array_nullable("topics", |from| {
                ListPartitionReassignmentsTopics::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListPartitionReassignmentsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("timeoutMs", self.timeout_ms);
        sink.array_nullable("topics", self.topics.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListPartitionReassignmentsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListPartitionReassignmentsTopics {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl ListPartitionReassignmentsTopics {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListPartitionReassignmentsTopics {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListPartitionReassignmentsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for ListPartitionReassignmentsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListPartitionReassignments;
    type Response =
        super::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
}
