//! `DescribeProducersRequest`: made from `schema/api/DescribeProducersRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 61, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeProducersRequest {
    pub topics: Vec<TopicRequest>,
    pub unknown_tags: UnknownTags,
}

impl DescribeProducersRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| TopicRequest::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeProducersRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeProducersRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicRequest {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeProducersRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for DescribeProducersRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeProducers;
    type Response = super::describe_producers_response::DescribeProducersResponse;
}
