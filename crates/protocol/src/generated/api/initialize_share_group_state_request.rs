//! `InitializeShareGroupStateRequest`: made from `schema/api/InitializeShareGroupStateRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 83, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InitializeShareGroupStateRequest {
    pub group_id: Text,
    pub topics: Vec<InitializeStateData>,
    pub unknown_tags: UnknownTags,
}

impl InitializeShareGroupStateRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            topics: from.array("topics", |from| InitializeStateData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for InitializeShareGroupStateRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`InitializeShareGroupStateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InitializeStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl InitializeStateData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for InitializeStateData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`InitializeShareGroupStateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub start_offset: i64,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition: from.int32("partition")?,
            state_epoch: from.int32("stateEpoch")?,
            start_offset: from.int64("startOffset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partition", self.partition);
        sink.int32("stateEpoch", self.state_epoch);
        sink.int64("startOffset", self.start_offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(InitializeShareGroupStateRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for InitializeShareGroupStateRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::InitializeShareGroupState;
    type Response = super::initialize_share_group_state_response::InitializeShareGroupStateResponse;
}
