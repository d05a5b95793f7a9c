//! `DescribeTopicPartitionsResponse`: made from `schema/api/DescribeTopicPartitionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 75, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeTopicPartitionsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    pub next_cursor: Option<Cursor>,
    pub unknown_tags: UnknownTags,
}

impl DescribeTopicPartitionsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            topics: from.array("topics", |from| {
                DescribeTopicPartitionsResponseTopic::read(from, version)
            })?,
            next_cursor: from.nullable("nextCursor", |from| Cursor::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTopicPartitionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.nullable("nextCursor", self.next_cursor.as_ref(), version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: ErrorCode,
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    pub topic_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeTopicPartitionsResponseTopic {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            name: Some(Text::default()),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeTopicPartitionsResponseTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            name: from.text_nullable("name")?,
            topic_id: from.uuid("topicId")?,
            is_internal: from.bool("isInternal")?,
            partitions: from.array("partitions", |from| {
                DescribeTopicPartitionsResponsePartition::read(from, version)
            })?,
            topic_authorized_operations: from.int32("topicAuthorizedOperations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTopicPartitionsResponseTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("name", self.name.as_ref());
        sink.uuid("topicId", &self.topic_id);
        sink.bool("isInternal", self.is_internal);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.int32("topicAuthorizedOperations", self.topic_authorized_operations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeTopicPartitionsResponsePartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            partition_index: from.int32("partitionIndex")?,
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            replica_nodes: from.array("replicaNodes", |from| from.int32("replicaNodes"))?,
            isr_nodes: from.array("isrNodes", |from| from.int32("isrNodes"))?,
            eligible_leader_replicas: from.array_nullable("eligibleLeaderReplicas", |from| {
                from.int32("eligibleLeaderReplicas")
            })?,
            last_known_elr: from
                .array_nullable("lastKnownElr", |from| from.int32("lastKnownElr"))?,
            offline_replicas: from
                .array("offlineReplicas", |from| from.int32("offlineReplicas"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTopicPartitionsResponsePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.array("replicaNodes", &self.replica_nodes, |sink, element| sink.int32("", *element));
        sink.array("isrNodes", &self.isr_nodes, |sink, element| sink.int32("", *element));
        sink.array_nullable(
            "eligibleLeaderReplicas",
            self.eligible_leader_replicas.as_ref(),
            |sink, element| sink.int32("", *element),
        );
        sink.array_nullable("lastKnownElr", self.last_known_elr.as_ref(), |sink, element| {
            sink.int32("", *element)
        });
        sink.array("offlineReplicas", &self.offline_replicas, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTopicPartitionsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cursor {
    pub topic_name: Text,
    pub partition_index: i32,
    pub unknown_tags: UnknownTags,
}

impl Cursor {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            partition_index: from.int32("partitionIndex")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Cursor {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.int32("partitionIndex", self.partition_index);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeTopicPartitionsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
