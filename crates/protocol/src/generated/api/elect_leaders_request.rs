//! `ElectLeadersRequest`: made from `schema/api/ElectLeadersRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 43, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct ElectLeadersRequest {
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for ElectLeadersRequest {
    fn default() -> Self {
        Self {
            election_type: 0,
            topic_partitions: Some(Vec::new()),
            timeout_ms: 60000,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ElectLeadersRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            election_type: if version >= 1 { from.int8("electionType")? } else { 0 },
            topic_partitions: from
                .array_nullable("topicPartitions", |from| TopicPartitions::read(from, version))?,
            timeout_ms: from.int32("timeoutMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ElectLeadersRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int8("electionType", self.election_type);
        }
        sink.array_nullable("topicPartitions", self.topic_partitions.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.int32("timeoutMs", self.timeout_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ElectLeadersRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartitions {
    pub topic: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicPartitions {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicPartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ElectLeadersRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for ElectLeadersRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ElectLeaders;
    type Response = super::elect_leaders_response::ElectLeadersResponse;
}
