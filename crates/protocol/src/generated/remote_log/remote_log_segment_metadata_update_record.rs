//! `RemoteLogSegmentMetadataUpdateRecord`: made from `schema/remote_log/RemoteLogSegmentMetadataUpdateRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// remote log metadata, key 1, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoteLogSegmentMetadataUpdateRecord {
    pub remote_log_segment_id: RemoteLogSegmentIdEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    pub custom_metadata: Option<Bytes>,
    pub remote_log_segment_state: i8,
    pub unknown_tags: UnknownTags,
}

impl RemoteLogSegmentMetadataUpdateRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            remote_log_segment_id: RemoteLogSegmentIdEntry::read(from, version)?,
            broker_id: from.int32("brokerId")?,
            event_timestamp_ms: from.int64("eventTimestampMs")?,
            custom_metadata: from.bytes_nullable("customMetadata")?,
            remote_log_segment_state: from.int8("remoteLogSegmentState")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemoteLogSegmentMetadataUpdateRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.remote_log_segment_id.put(sink, "remoteLogSegmentId", version);
        sink.int32("brokerId", self.broker_id);
        sink.int64("eventTimestampMs", self.event_timestamp_ms);
        sink.bytes_nullable("customMetadata", self.custom_metadata.as_ref());
        sink.int8("remoteLogSegmentState", self.remote_log_segment_state);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`RemoteLogSegmentMetadataUpdateRecord`].
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

/// Part of [`RemoteLogSegmentMetadataUpdateRecord`].
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

message!(RemoteLogSegmentMetadataUpdateRecord, 0 ..= 0, flexible from 0);
