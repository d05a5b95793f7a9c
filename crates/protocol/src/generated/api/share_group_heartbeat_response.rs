//! `ShareGroupHeartbeatResponse`: made from `schema/api/ShareGroupHeartbeatResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 76, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub member_id: Option<Text>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub assignment: Option<Assignment>,
    pub unknown_tags: UnknownTags,
}

impl ShareGroupHeartbeatResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            member_id: from.text_nullable("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            heartbeat_interval_ms: from.int32("heartbeatIntervalMs")?,
            assignment: from.nullable("assignment", |from| Assignment::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupHeartbeatResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.text_nullable("memberId", self.member_id.as_ref());
        sink.int32("memberEpoch", self.member_epoch);
        sink.int32("heartbeatIntervalMs", self.heartbeat_interval_ms);
        sink.nullable("assignment", self.assignment.as_ref(), version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
    pub unknown_tags: UnknownTags,
}

impl Assignment {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_partitions: from
                .array("topicPartitions", |from| TopicPartitions::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Assignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topicPartitions", &self.topic_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicPartitions {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicPartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupHeartbeatResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
