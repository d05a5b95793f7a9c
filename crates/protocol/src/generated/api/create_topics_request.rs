//! `CreateTopicsRequest`: made from `schema/api/CreateTopicsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 19, versions 0-7.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for CreateTopicsRequest {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            timeout_ms: 60000,
            validate_only: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreateTopicsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| CreatableTopic::read(from, version))?,
            timeout_ms: from.int32("timeoutMs")?,
            validate_only: if version >= 1 { from.bool("validateOnly")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreateTopicsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.int32("timeoutMs", self.timeout_ms);
        if version >= 1 {
            sink.bool("validateOnly", self.validate_only);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateTopicsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatableTopic {
    pub name: Text,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
    pub unknown_tags: UnknownTags,
}

impl CreatableTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            num_partitions: from.int32("numPartitions")?,
            replication_factor: from.int16("replicationFactor")?,
            assignments: from
                .array("assignments", |from| CreatableReplicaAssignment::read(from, version))?,
            configs: from.array("configs", |from| CreatableTopicConfig::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatableTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int32("numPartitions", self.num_partitions);
        sink.int16("replicationFactor", self.replication_factor);
        sink.array("assignments", &self.assignments, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("configs", &self.configs, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateTopicsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl CreatableReplicaAssignment {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            broker_ids: from.array("brokerIds", |from| from.int32("brokerIds"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatableReplicaAssignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.array("brokerIds", &self.broker_ids, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateTopicsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct CreatableTopicConfig {
    pub name: Text,
    pub value: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for CreatableTopicConfig {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreatableTopicConfig {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatableTopicConfig {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreateTopicsRequest, 0 ..= 7, flexible from 5);
impl crate::wire::Request for CreateTopicsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateTopics;
    type Response = super::create_topics_response::CreateTopicsResponse;
}
