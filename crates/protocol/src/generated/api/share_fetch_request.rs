//! `ShareFetchRequest`: made from `schema/api/ShareFetchRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 78, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareFetchRequest {
    pub group_id: Option<Text>,
    pub member_id: Option<Text>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    pub share_acquire_mode: i8,
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    pub unknown_tags: UnknownTags,
}

impl Default for ShareFetchRequest {
    fn default() -> Self {
        Self {
            group_id: None,
            member_id: Some(Text::default()),
            share_session_epoch: 0,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 2147483647,
            max_records: 0,
            batch_size: 0,
            share_acquire_mode: 0,
            is_renew_ack: false,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ShareFetchRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text_nullable("groupId")?,
            member_id: from.text_nullable("memberId")?,
            share_session_epoch: from.int32("shareSessionEpoch")?,
            max_wait_ms: from.int32("maxWaitMs")?,
            min_bytes: from.int32("minBytes")?,
            max_bytes: from.int32("maxBytes")?,
            max_records: if version >= 1 { from.int32("maxRecords")? } else { 0 },
            batch_size: if version >= 1 { from.int32("batchSize")? } else { 0 },
            share_acquire_mode: if version == 2 { from.int8("shareAcquireMode")? } else { 0 },
            is_renew_ack: if version == 2 { from.bool("isRenewAck")? } else { false },
            topics: from.array("topics", |from| FetchTopic::read(from, version))?,
            forgotten_topics_data: from
                .array("forgottenTopicsData", |from| ForgottenTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareFetchRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("groupId", self.group_id.as_ref());
        sink.text_nullable("memberId", self.member_id.as_ref());
        sink.int32("shareSessionEpoch", self.share_session_epoch);
        sink.int32("maxWaitMs", self.max_wait_ms);
        sink.int32("minBytes", self.min_bytes);
        sink.int32("maxBytes", self.max_bytes);
        if version >= 1 {
            sink.int32("maxRecords", self.max_records);
        }
        if version >= 1 {
            sink.int32("batchSize", self.batch_size);
        }
        if version == 2 {
            sink.int8("shareAcquireMode", self.share_acquire_mode);
        }
        if version == 2 {
            sink.bool("isRenewAck", self.is_renew_ack);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.array("forgottenTopicsData", &self.forgotten_topics_data, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
    pub unknown_tags: UnknownTags,
}

impl FetchTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| FetchPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FetchTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchPartition {
    pub partition_index: i32,
    pub partition_max_bytes: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
    pub unknown_tags: UnknownTags,
}

impl FetchPartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            partition_max_bytes: if version == 0 { from.int32("partitionMaxBytes")? } else { 0 },
            acknowledgement_batches: from.array("acknowledgementBatches", |from| {
                AcknowledgementBatch::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FetchPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        if version == 0 {
            sink.int32("partitionMaxBytes", self.partition_max_bytes);
        }
        sink.array("acknowledgementBatches", &self.acknowledgement_batches, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchRequest`].
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

/// Part of [`ShareFetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl ForgottenTopic {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ForgottenTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareFetchRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for ShareFetchRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareFetch;
    type Response = super::share_fetch_response::ShareFetchResponse;
}
