//! `FetchRequest`: made from `schema/api/FetchRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Few, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// request, key 1, versions 0-18.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchRequest {
    pub cluster_id: Option<Text>,
    pub replica_id: i32,
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    pub session_id: i32,
    pub session_epoch: i32,
    pub topics: Few<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    pub rack_id: Text,
    pub unknown_tags: UnknownTags,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 2147483647,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Few::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Text::default(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl FetchRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            cluster_id: None,
            replica_id: if version <= 14 { from.int32("replicaId")? } else { -1 },
            replica_state: ReplicaState::default(),
            max_wait_ms: from.int32("maxWaitMs")?,
            min_bytes: from.int32("minBytes")?,
            max_bytes: if version >= 3 { from.int32("maxBytes")? } else { 2147483647 },
            isolation_level: if version >= 4 { from.int8("isolationLevel")? } else { 0 },
            session_id: if version >= 7 { from.int32("sessionId")? } else { 0 },
            session_epoch: if version >= 7 { from.int32("sessionEpoch")? } else { -1 },
            topics: from.few("topics", |from| FetchTopic::read(from, version))?,
            forgotten_topics_data: if version >= 7 {
                from.array("forgottenTopicsData", |from| ForgottenTopic::read(from, version))?
            } else {
                Vec::new()
            },
            rack_id: if version >= 11 { from.text("rackId")? } else { Text::default() },
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 12 => message.cluster_id = from.text_nullable("clusterId")?,
                    0 => return from.tag_not_in_version("clusterId", 0),
                    1 if version >= 15 => {
                        message.replica_state = ReplicaState::read(from, version)?
                    }
                    1 => return from.tag_not_in_version("replicaState", 1),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for FetchRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        let has_cluster_id = version >= 12 && self.cluster_id.is_some();
        if S::NAMED && has_cluster_id {
            sink.text_nullable("clusterId", self.cluster_id.as_ref());
        }
        if version <= 14 {
            sink.int32("replicaId", self.replica_id);
        }
        let has_replica_state = version >= 15 && self.replica_state != ReplicaState::default();
        if S::NAMED && has_replica_state {
            self.replica_state.put(sink, "replicaState", version);
        }
        sink.int32("maxWaitMs", self.max_wait_ms);
        sink.int32("minBytes", self.min_bytes);
        if version >= 3 {
            sink.int32("maxBytes", self.max_bytes);
        }
        if version >= 4 {
            sink.int8("isolationLevel", self.isolation_level);
        }
        if version >= 7 {
            sink.int32("sessionId", self.session_id);
        }
        if version >= 7 {
            sink.int32("sessionEpoch", self.session_epoch);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if version >= 7 {
            sink.array("forgottenTopicsData", &self.forgotten_topics_data, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 11 {
            sink.text("rackId", &self.rack_id);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len() + usize::from(has_cluster_id) + usize::from(has_replica_state),
            );
            if has_cluster_id {
                tagged!(sink, 0, sink.text_nullable("clusterId", self.cluster_id.as_ref()));
            }
            if has_replica_state {
                tagged!(sink, 1, self.replica_state.put(sink, "replicaState", version));
            }
            sink.unknown_tags_between(tags, 2, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self { replica_id: -1, replica_epoch: -1, unknown_tags: UnknownTags::default() }
    }
}

impl ReplicaState {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            replica_id: from.int32("replicaId")?,
            replica_epoch: from.int64("replicaEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ReplicaState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("replicaId", self.replica_id);
        sink.int64("replicaEpoch", self.replica_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchTopic {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Few<FetchPartition>,
    pub unknown_tags: UnknownTags,
}

impl FetchTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: if version <= 12 { from.text("topic")? } else { Text::default() },
            topic_id: if version >= 13 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from.few("partitions", |from| FetchPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FetchTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 12 {
            sink.text("topic", &self.topic);
        }
        if version >= 13 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct FetchPartition {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    pub last_fetched_epoch: i32,
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    pub replica_directory_id: Uuid,
    pub high_watermark: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: 9223372036854775807,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl FetchPartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            partition: from.int32("partition")?,
            current_leader_epoch: if version >= 9 { from.int32("currentLeaderEpoch")? } else { -1 },
            fetch_offset: from.int64("fetchOffset")?,
            last_fetched_epoch: if version >= 12 { from.int32("lastFetchedEpoch")? } else { -1 },
            log_start_offset: if version >= 5 { from.int64("logStartOffset")? } else { -1 },
            partition_max_bytes: from.int32("partitionMaxBytes")?,
            replica_directory_id: Uuid::ZERO,
            high_watermark: 9223372036854775807,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 17 => {
                        message.replica_directory_id = from.uuid("replicaDirectoryId")?
                    }
                    0 => return from.tag_not_in_version("replicaDirectoryId", 0),
                    1 if version == 18 => message.high_watermark = from.int64("highWatermark")?,
                    1 => return from.tag_not_in_version("highWatermark", 1),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for FetchPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partition", self.partition);
        if version >= 9 {
            sink.int32("currentLeaderEpoch", self.current_leader_epoch);
        }
        sink.int64("fetchOffset", self.fetch_offset);
        if version >= 12 {
            sink.int32("lastFetchedEpoch", self.last_fetched_epoch);
        }
        if version >= 5 {
            sink.int64("logStartOffset", self.log_start_offset);
        }
        sink.int32("partitionMaxBytes", self.partition_max_bytes);
        let has_replica_directory_id = version >= 17 && self.replica_directory_id != Uuid::ZERO;
        if S::NAMED && has_replica_directory_id {
            sink.uuid("replicaDirectoryId", &self.replica_directory_id);
        }
        let has_high_watermark = version == 18 && self.high_watermark != 9223372036854775807;
        if S::NAMED && has_high_watermark {
            sink.int64("highWatermark", self.high_watermark);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_replica_directory_id)
                    + usize::from(has_high_watermark),
            );
            if has_replica_directory_id {
                tagged!(sink, 0, sink.uuid("replicaDirectoryId", &self.replica_directory_id));
            }
            if has_high_watermark {
                tagged!(sink, 1, sink.int64("highWatermark", self.high_watermark));
            }
            sink.unknown_tags_between(tags, 2, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForgottenTopic {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl ForgottenTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: if version <= 12 { from.text("topic")? } else { Text::default() },
            topic_id: if version >= 13 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ForgottenTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 12 {
            sink.text("topic", &self.topic);
        }
        if version >= 13 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FetchRequest, 0 ..= 18, flexible from 12);
impl crate::wire::Request for FetchRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Fetch;
    type Response = super::fetch_response::FetchResponse;
}
