//! `OffsetFetchResponse`: made from `schema/api/OffsetFetchResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 9, versions 0-10.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetFetchResponseTopic>,
    pub error_code: ErrorCode,
    pub groups: Vec<OffsetFetchResponseGroup>,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 3 { from.int32("throttleTimeMs")? } else { 0 },
            topics: if version <= 7 {
                from.array("topics", |from| OffsetFetchResponseTopic::read(from, version))?
            } else {
                Vec::new()
            },
            error_code: if (2..=7).contains(&version) {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            groups: if version >= 8 {
                from.array("groups", |from| OffsetFetchResponseGroup::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 3 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        if version <= 7 {
            sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        }
        if (2..=7).contains(&version) {
            sink.error_code("errorCode", self.error_code);
        }
        if version >= 8 {
            sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchResponseTopic {
    pub name: Text,
    pub partitions: Vec<OffsetFetchResponsePartition>,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchResponseTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| OffsetFetchResponsePartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponseTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<Text>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetFetchResponsePartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Text::default()),
            error_code: ErrorCode::NONE,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetFetchResponsePartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            committed_offset: from.int64("committedOffset")?,
            committed_leader_epoch: if version >= 5 {
                from.int32("committedLeaderEpoch")?
            } else {
                -1
            },
            metadata: from.text_nullable("metadata")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponsePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("committedOffset", self.committed_offset);
        if version >= 5 {
            sink.int32("committedLeaderEpoch", self.committed_leader_epoch);
        }
        sink.text_nullable("metadata", self.metadata.as_ref());
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchResponseGroup {
    pub group_id: Text,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchResponseGroup {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            topics: from.array("topics", |from| OffsetFetchResponseTopics::read(from, version))?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponseGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchResponseTopics {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchResponseTopics {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 9 { from.text("name")? } else { Text::default() },
            topic_id: if version == 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from
                .array("partitions", |from| OffsetFetchResponsePartitions::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponseTopics {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 9 {
            sink.text("name", &self.name);
        }
        if version == 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<Text>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetFetchResponsePartitions {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Text::default()),
            error_code: ErrorCode::NONE,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetFetchResponsePartitions {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            committed_offset: from.int64("committedOffset")?,
            committed_leader_epoch: from.int32("committedLeaderEpoch")?,
            metadata: from.text_nullable("metadata")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchResponsePartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("committedOffset", self.committed_offset);
        sink.int32("committedLeaderEpoch", self.committed_leader_epoch);
        sink.text_nullable("metadata", self.metadata.as_ref());
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(OffsetFetchResponse, 0 ..= 10, flexible from 6, throttled by throttle_time_ms);
