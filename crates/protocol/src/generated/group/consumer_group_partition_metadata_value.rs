//! `ConsumerGroupPartitionMetadataValue`: made from `schema/group/ConsumerGroupPartitionMetadataValue.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 4, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupPartitionMetadataValue {
    pub topics: Vec<TopicMetadata>,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupPartitionMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| TopicMetadata::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupPartitionMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupPartitionMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicMetadata {
    pub topic_id: Uuid,
    pub topic_name: Text,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata>,
    pub unknown_tags: UnknownTags,
}

impl TopicMetadata {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            topic_name: from.text("topicName")?,
            num_partitions: from.int32("numPartitions")?,
            partition_metadata: from
                .array("partitionMetadata", |from| PartitionMetadata::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicMetadata {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.text("topicName", &self.topic_name);
        sink.int32("numPartitions", self.num_partitions);
        sink.array("partitionMetadata", &self.partition_metadata, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupPartitionMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionMetadata {
    pub partition: i32,
    pub racks: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl PartitionMetadata {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition: from.int32("partition")?,
            racks: from.array("racks", |from| from.text("racks"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionMetadata {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partition", self.partition);
        sink.array("racks", &self.racks, |sink, element| sink.text("", element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ConsumerGroupPartitionMetadataValue, 0 ..= 0, flexible from 0);
