//! `CreatePartitionsRequest`: made from `schema/api/CreatePartitionsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 37, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

impl CreatePartitionsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| CreatePartitionsTopic::read(from, version))?,
            timeout_ms: from.int32("timeoutMs")?,
            validate_only: from.bool("validateOnly")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatePartitionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.int32("timeoutMs", self.timeout_ms);
        sink.bool("validateOnly", self.validate_only);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreatePartitionsRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct CreatePartitionsTopic {
    pub name: Text,
    pub count: i32,
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
    pub unknown_tags: UnknownTags,
}

impl Default for CreatePartitionsTopic {
    fn default() -> Self {
        Self {
            name: Text::default(),
            count: 0,
            assignments: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreatePartitionsTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            count: from.int32("count")?,
            assignments: from.array_nullable("assignments", |from| {
                CreatePartitionsAssignment::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatePartitionsTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int32("count", self.count);
        sink.array_nullable("assignments", self.assignments.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreatePartitionsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl CreatePartitionsAssignment {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_ids: from.array("brokerIds", |from| from.int32("brokerIds"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatePartitionsAssignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("brokerIds", &self.broker_ids, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreatePartitionsRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for CreatePartitionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreatePartitions;
    type Response = super::create_partitions_response::CreatePartitionsResponse;
}
