//! `DescribeTopicPartitionsRequest`: made from `schema/api/DescribeTopicPartitionsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 75, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    pub response_partition_limit: i32,
    pub cursor: Option<Cursor>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeTopicPartitionsRequest {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            response_partition_limit: 2000,
            cursor: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeTopicPartitionsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| TopicRequest::read(from, version))?,
            response_partition_limit: from.int32("responsePartitionLimit")?,
            cursor: from.nullable("cursor", |from| Cursor::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTopicPartitionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.int32("responsePartitionLimit", self.response_partition_limit);
        sink.nullable("cursor", self.cursor.as_ref(), version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTopicPartitionsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicRequest {
    pub name: Text,
    pub unknown_tags: UnknownTags,
}

impl TopicRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { name: from.text("name")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for TopicRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeTopicPartitionsRequest`].
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

message!(DescribeTopicPartitionsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for DescribeTopicPartitionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTopicPartitions;
    type Response = super::describe_topic_partitions_response::DescribeTopicPartitionsResponse;
}
