//! `ShareGroupStatePartitionMetadataValue`: made from `schema/group/ShareGroupStatePartitionMetadataValue.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 15, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupStatePartitionMetadataValue {
    pub initializing_topics: Vec<TopicPartitionsInfo>,
    pub initialized_topics: Vec<TopicPartitionsInfo>,
    pub deleting_topics: Vec<TopicInfo>,
    pub unknown_tags: UnknownTags,
}

impl ShareGroupStatePartitionMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            initializing_topics: from
                .array("initializingTopics", |from| TopicPartitionsInfo::read(from, version))?,
            initialized_topics: from
                .array("initializedTopics", |from| TopicPartitionsInfo::read(from, version))?,
            deleting_topics: from.array("deletingTopics", |from| TopicInfo::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupStatePartitionMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("initializingTopics", &self.initializing_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("initializedTopics", &self.initialized_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("deletingTopics", &self.deleting_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareGroupStatePartitionMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartitionsInfo {
    pub topic_id: Uuid,
    pub topic_name: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicPartitionsInfo {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            topic_name: from.text("topicName")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicPartitionsInfo {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.text("topicName", &self.topic_name);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareGroupStatePartitionMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicInfo {
    pub topic_id: Uuid,
    pub topic_name: Text,
    pub unknown_tags: UnknownTags,
}

impl TopicInfo {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            topic_name: from.text("topicName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicInfo {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.text("topicName", &self.topic_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupStatePartitionMetadataValue, 0 ..= 0, flexible from 0);
