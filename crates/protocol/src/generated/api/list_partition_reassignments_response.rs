//! `ListPartitionReassignmentsResponse`: made from `schema/api/ListPartitionReassignmentsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 46, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPartitionReassignmentsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub topics: Vec<OngoingTopicReassignment>,
    pub unknown_tags: UnknownTags,
}

impl Default for ListPartitionReassignmentsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ListPartitionReassignmentsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            topics: from.array("topics", |from| OngoingTopicReassignment::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListPartitionReassignmentsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListPartitionReassignmentsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OngoingTopicReassignment {
    pub name: Text,
    pub partitions: Vec<OngoingPartitionReassignment>,
    pub unknown_tags: UnknownTags,
}

impl OngoingTopicReassignment {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| OngoingPartitionReassignment::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OngoingTopicReassignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListPartitionReassignmentsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OngoingPartitionReassignment {
    pub partition_index: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl OngoingPartitionReassignment {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            replicas: from.array("replicas", |from| from.int32("replicas"))?,
            adding_replicas: from.array("addingReplicas", |from| from.int32("addingReplicas"))?,
            removing_replicas: from
                .array("removingReplicas", |from| from.int32("removingReplicas"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OngoingPartitionReassignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.array("replicas", &self.replicas, |sink, element| sink.int32("", *element));
        sink.array("addingReplicas", &self.adding_replicas, |sink, element| {
            sink.int32("", *element)
        });
        sink.array("removingReplicas", &self.removing_replicas, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListPartitionReassignmentsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
