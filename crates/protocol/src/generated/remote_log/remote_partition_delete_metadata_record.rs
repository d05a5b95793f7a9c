//! `RemotePartitionDeleteMetadataRecord`: made from `schema/remote_log/RemotePartitionDeleteMetadataRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// remote log metadata, key 2, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemotePartitionDeleteMetadataRecord {
    pub topic_id_partition: TopicIdPartitionEntry,
    pub broker_id: i32,
    pub event_timestamp_ms: i64,
    pub remote_partition_delete_state: i8,
    pub unknown_tags: UnknownTags,
}

impl RemotePartitionDeleteMetadataRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id_partition: TopicIdPartitionEntry::read(from, version)?,
            broker_id: from.int32("brokerId")?,
            event_timestamp_ms: from.int64("eventTimestampMs")?,
            remote_partition_delete_state: from.int8("remotePartitionDeleteState")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemotePartitionDeleteMetadataRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.topic_id_partition.put(sink, "topicIdPartition", version);
        sink.int32("brokerId", self.broker_id);
        sink.int64("eventTimestampMs", self.event_timestamp_ms);
        sink.int8("remotePartitionDeleteState", self.remote_partition_delete_state);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`RemotePartitionDeleteMetadataRecord`].
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

message!(RemotePartitionDeleteMetadataRecord, 0 ..= 0, flexible from 0);
