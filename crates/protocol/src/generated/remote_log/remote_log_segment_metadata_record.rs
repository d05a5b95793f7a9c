//! `RemoteLogSegmentMetadataRecord`: made from `schema/remote_log/RemoteLogSegmentMetadataRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};
use bytes::Bytes;

/// remote log metadata, key 0, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoteLogSegmentMetadataRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub start_offset: i64,
    pub end_offset: i64,
    pub broker_id: i32,
    pub max_timestamp_ms: i64,
    pub event_timestamp_ms: i64,
    pub segment_leader_epochs: Vec<SegmentLeaderEpochEntry>,
    pub segment_size_in_bytes: i32,
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    pub txn_index_empty: bool,
    pub unknown_tags: UnknownTags,
}

impl RemoteLogSegmentMetadataRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            remote_log_segment_id: RemoteLogSegmentIdEntry::read(from, version)?,
            start_offset: from.int64("startOffset")?,
            end_offset: from.int64("endOffset")?,
            broker_id: from.int32("brokerId")?,
            max_timestamp_ms: from.int64("maxTimestampMs")?,
            event_timestamp_ms: from.int64("eventTimestampMs")?,
            segment_leader_epochs: from.array("segmentLeaderEpochs", |from| {
                SegmentLeaderEpochEntry::read(from, version)
            })?,
            segment_size_in_bytes: from.int32("segmentSizeInBytes")?,
            custom_metadata: from.bytes_nullable("customMetadata")?,
            remote_log_segment_state: from.int8("remoteLogSegmentState")?,
            txn_index_empty: false,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.txn_index_empty = from.bool("txnIndexEmpty")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for RemoteLogSegmentMetadataRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.remote_log_segment_id.put(sink, "remoteLogSegmentId", version);
        sink.int64("startOffset", self.start_offset);
        sink.int64("endOffset", self.end_offset);
        sink.int32("brokerId", self.broker_id);
        sink.int64("maxTimestampMs", self.max_timestamp_ms);
        sink.int64("eventTimestampMs", self.event_timestamp_ms);
        sink.array("segmentLeaderEpochs", &self.segment_leader_epochs, |sink, element| {
            element.put(sink, "", version)
        });
        sink.int32("segmentSizeInBytes", self.segment_size_in_bytes);
        sink.bytes_nullable("customMetadata", self.custom_metadata.as_ref());
        sink.int8("remoteLogSegmentState", self.remote_log_segment_state);
        let has_txn_index_empty = self.txn_index_empty;
        if S::NAMED && has_txn_index_empty {
            sink.bool("txnIndexEmpty", self.txn_index_empty);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_txn_index_empty));
            if has_txn_index_empty {
                tagged!(sink, 0, sink.bool("txnIndexEmpty", self.txn_index_empty));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`RemoteLogSegmentMetadataRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoteLogSegmentIdEntry {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl RemoteLogSegmentIdEntry {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id_partition: TopicIdPartitionEntry::read(from, version)?,
            id: from.uuid("id")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemoteLogSegmentIdEntry {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.topic_id_partition.put(sink, "topicIdPartition", version);
        sink.uuid("id", &self.id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`RemoteLogSegmentMetadataRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicIdPartitionEntry {
    pub name: Text,
    pub id: Uuid,
    pub partition: i32,
    pub unknown_tags: UnknownTags,
}

impl TopicIdPartitionEntry {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            id: from.uuid("id")?,
            partition: from.int32("partition")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicIdPartitionEntry {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.uuid("id", &self.id);
        sink.int32("partition", self.partition);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`RemoteLogSegmentMetadataRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentLeaderEpochEntry {
    pub leader_epoch: i32,
    pub offset: i64,
    pub unknown_tags: UnknownTags,
}

impl SegmentLeaderEpochEntry {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            leader_epoch: from.int32("leaderEpoch")?,
            offset: from.int64("offset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SegmentLeaderEpochEntry {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int64("offset", self.offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoteLogSegmentMetadataRecord, 0 ..= 0, flexible from 0);
