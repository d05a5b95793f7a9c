//! `ShareAcknowledgeRequest`: made from `schema/api/ShareAcknowledgeRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 79, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareAcknowledgeRequest {
    pub group_id: Option<Text>,
    pub member_id: Option<Text>,
    pub share_session_epoch: i32,
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
    pub unknown_tags: UnknownTags,
}

impl Default for ShareAcknowledgeRequest {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Text::default()),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ShareAcknowledgeRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text_nullable("groupId")?,
            member_id: from.text_nullable("memberId")?,
            share_session_epoch: from.int32("shareSessionEpoch")?,
            is_renew_ack: if version == 2 { from.bool("isRenewAck")? } else { false },
            topics: from.array("topics", |from| AcknowledgeTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareAcknowledgeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("groupId", self.group_id.as_ref());
        sink.text_nullable("memberId", self.member_id.as_ref());
        sink.int32("shareSessionEpoch", self.share_session_epoch);
        if version == 2 {
            sink.bool("isRenewAck", self.is_renew_ack);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
    pub unknown_tags: UnknownTags,
}

impl AcknowledgeTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from
                .array("partitions", |from| AcknowledgePartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AcknowledgeTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
    pub unknown_tags: UnknownTags,
}

impl AcknowledgePartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            acknowledgement_batches: from.array("acknowledgementBatches", |from| {
                AcknowledgementBatch::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AcknowledgePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.array("acknowledgementBatches", &self.acknowledgement_batches, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
    pub unknown_tags: UnknownTags,
}

impl AcknowledgementBatch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            acknowledge_types: from
                .array("acknowledgeTypes", |from| from.int8("acknowledgeTypes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AcknowledgementBatch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.array("acknowledgeTypes", &self.acknowledge_types, |sink, element| {
            sink.int8("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareAcknowledgeRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for ShareAcknowledgeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareAcknowledge;
    type Response = super::share_acknowledge_response::ShareAcknowledgeResponse;
}
