//! `FetchResponse`: made from `schema/api/FetchResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{
    DecodeError, Few, Put, Reader, Records, Sink, Text, UnknownTags, message, tagged,
};

/// response, key 1, versions 0-18.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub session_id: i32,
    pub responses: Few<FetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl FetchResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: if version >= 7 {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            session_id: if version >= 7 { from.int32("sessionId")? } else { 0 },
            responses: from.few("responses", |from| FetchableTopicResponse::read(from, version))?,
            node_endpoints: Vec::new(),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 16 => {
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

impl Put for FetchResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        if version >= 7 {
            sink.error_code("errorCode", self.error_code);
        }
        if version >= 7 {
            sink.int32("sessionId", self.session_id);
        }
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        let has_node_endpoints = version >= 16 && !self.node_endpoints.is_empty();
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

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchableTopicResponse {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Few<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl FetchableTopicResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: if version <= 12 { from.text("topic")? } else { Text::default() },
            topic_id: if version >= 13 { from.uuid("topicId")? } else { Uuid::ZERO },
            partitions: from.few("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FetchableTopicResponse {
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

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    pub log_start_offset: i64,
    pub diverging_epoch: EpochEndOffset,
    pub current_leader: LeaderIdAndEpoch,
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    pub preferred_read_replica: i32,
    pub records: Option<Records>,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            high_watermark: from.int64("highWatermark")?,
            last_stable_offset: if version >= 4 { from.int64("lastStableOffset")? } else { -1 },
            log_start_offset: if version >= 5 { from.int64("logStartOffset")? } else { -1 },
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: if version >= 4 {
                from.array_nullable("abortedTransactions", |from| {
                    AbortedTransaction::read(from, version)
                })?
            } else {
                Some(Vec::new())
            },
            preferred_read_replica: if version >= 11 {
                from.int32("preferredReadReplica")?
            } else {
                -1
            },
            records: from.records_nullable("records")?,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 12 => {
                        message.diverging_epoch = EpochEndOffset::read(from, version)?
                    }
                    0 => return from.tag_not_in_version("divergingEpoch", 0),
                    1 if version >= 12 => {
                        message.current_leader = LeaderIdAndEpoch::read(from, version)?
                    }
                    1 => return from.tag_not_in_version("currentLeader", 1),
                    2 if version >= 12 => message.snapshot_id = SnapshotId::read(from, version)?,
                    2 => return from.tag_not_in_version("snapshotId", 2),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.int64("highWatermark", self.high_watermark);
        if version >= 4 {
            sink.int64("lastStableOffset", self.last_stable_offset);
        }
        if version >= 5 {
            sink.int64("logStartOffset", self.log_start_offset);
        }
        let has_diverging_epoch =
            version >= 12 && self.diverging_epoch != EpochEndOffset::default();
        if S::NAMED && has_diverging_epoch {
            self.diverging_epoch.put(sink, "divergingEpoch", version);
        }
        let has_current_leader =
            version >= 12 && self.current_leader != LeaderIdAndEpoch::default();
        if S::NAMED && has_current_leader {
            self.current_leader.put(sink, "currentLeader", version);
        }
        let has_snapshot_id = version >= 12 && self.snapshot_id != SnapshotId::default();
        if S::NAMED && has_snapshot_id {
            self.snapshot_id.put(sink, "snapshotId", version);
        }
        if version >= 4 {
            sink.array_nullable(
                "abortedTransactions",
                self.aborted_transactions.as_ref(),
                |sink, element| element.put(sink, "", version),
            );
        }
        if version >= 11 {
            sink.int32("preferredReadReplica", self.preferred_read_replica);
        }
        sink.records_nullable("records", self.records.as_ref());
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_diverging_epoch)
                    + usize::from(has_current_leader)
                    + usize::from(has_snapshot_id),
            );
            if has_diverging_epoch {
                tagged!(sink, 0, self.diverging_epoch.put(sink, "divergingEpoch", version));
            }
            if has_current_leader {
                tagged!(sink, 1, self.current_leader.put(sink, "currentLeader", version));
            }
            if has_snapshot_id {
                tagged!(sink, 2, self.snapshot_id.put(sink, "snapshotId", version));
            }
            sink.unknown_tags_between(tags, 3, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct EpochEndOffset {
    pub epoch: i32,
    pub end_offset: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { epoch: -1, end_offset: -1, unknown_tags: UnknownTags::default() }
    }
}

impl EpochEndOffset {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: from.int32("epoch")?,
            end_offset: from.int64("endOffset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EpochEndOffset {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        sink.int64("endOffset", self.end_offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1, unknown_tags: UnknownTags::default() }
    }
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

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self { end_offset: -1, epoch: -1, unknown_tags: UnknownTags::default() }
    }
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

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    pub unknown_tags: UnknownTags,
}

impl AbortedTransaction {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: from.int64("producerId")?,
            first_offset: from.int64("firstOffset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AbortedTransaction {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        sink.int64("firstOffset", self.first_offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl NodeEndpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            node_id: from.int32("nodeId")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            rack: from.text_nullable("rack")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for NodeEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("nodeId", self.node_id);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        sink.text_nullable("rack", self.rack.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FetchResponse, 0 ..= 18, flexible from 12, throttled by throttle_time_ms);
