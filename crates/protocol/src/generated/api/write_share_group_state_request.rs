//! `WriteShareGroupStateRequest`: made from `schema/api/WriteShareGroupStateRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 85, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteShareGroupStateRequest {
    pub group_id: Text,
    pub topics: Vec<WriteStateData>,
    pub unknown_tags: UnknownTags,
}

impl WriteShareGroupStateRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            topics: from.array("topics", |from| WriteStateData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for WriteShareGroupStateRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl WriteStateData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for WriteStateData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition: from.int32("partition")?,
            state_epoch: from.int32("stateEpoch")?,
            leader_epoch: from.int32("leaderEpoch")?,
            start_offset: from.int64("startOffset")?,
            delivery_complete_count: if version == 1 {
                from.int32("deliveryCompleteCount")?
            } else {
                -1
            },
            state_batches: from.array("stateBatches", |from| StateBatch::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partition", self.partition);
        sink.int32("stateEpoch", self.state_epoch);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int64("startOffset", self.start_offset);
        if version == 1 {
            sink.int32("deliveryCompleteCount", self.delivery_complete_count);
        }
        sink.array("stateBatches", &self.state_batches, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`WriteShareGroupStateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
    pub unknown_tags: UnknownTags,
}

impl StateBatch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            delivery_state: from.int8("deliveryState")?,
            delivery_count: from.int16("deliveryCount")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StateBatch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.int8("deliveryState", self.delivery_state);
        sink.int16("deliveryCount", self.delivery_count);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(WriteShareGroupStateRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for WriteShareGroupStateRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::WriteShareGroupState;
    type Response = super::write_share_group_state_response::WriteShareGroupStateResponse;
}
