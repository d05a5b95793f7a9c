//! `ProduceRequest`: made from `schema/api/ProduceRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Few, Put, Reader, Records, Sink, Text, UnknownTags, message};

/// request, key 0, versions 0-13.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProduceRequest {
    pub transactional_id: Option<Text>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Few<TopicProduceData>,
    pub unknown_tags: UnknownTags,
}

impl ProduceRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: if version >= 3 {
                from.text_nullable("transactionalId")?
            } else {
                None
            },
            acks: from.int16("acks")?,
            timeout_ms: from.int32("timeoutMs")?,
            topic_data: from.few("topicData", |from| TopicProduceData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ProduceRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 3 {
            sink.text_nullable("transactionalId", self.transactional_id.as_ref());
        }
        sink.int16("acks", self.acks);
        sink.int32("timeoutMs", self.timeout_ms);
        sink.array("topicData", &self.topic_data, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ProduceRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicProduceData {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_data: Few<PartitionProduceData>,
    pub unknown_tags: UnknownTags,
}

impl TopicProduceData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 12 { from.text("name")? } else { Text::default() },
            topic_id: if version == 13 { from.uuid("topicId")? } else { Uuid::ZERO },
            partition_data: from
                .few("partitionData", |from| PartitionProduceData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicProduceData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 12 {
            sink.text("name", &self.name);
        }
        if version == 13 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitionData", &self.partition_data, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ProduceRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionProduceData {
    pub index: i32,
    pub records: Option<Records>,
    pub unknown_tags: UnknownTags,
}

impl PartitionProduceData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            index: from.int32("index")?,
            records: from.records_nullable("records")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionProduceData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("index", self.index);
        sink.records_nullable("records", self.records.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ProduceRequest, 0 ..= 13, flexible from 9);
impl crate::wire::Request for ProduceRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Produce;
    type Response = super::produce_response::ProduceResponse;
}
