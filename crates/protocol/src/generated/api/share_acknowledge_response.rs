//! `ShareAcknowledgeResponse`: made from `schema/api/ShareAcknowledgeResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 79, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareAcknowledgeResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl ShareAcknowledgeResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            acquisition_lock_timeout_ms: if version == 2 {
                from.int32("acquisitionLockTimeoutMs")?
            } else {
                0
            },
            responses: from
                .array("responses", |from| ShareAcknowledgeTopicResponse::read(from, version))?,
            node_endpoints: from
                .array("nodeEndpoints", |from| NodeEndpoint::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareAcknowledgeResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        if version == 2 {
            sink.int32("acquisitionLockTimeoutMs", self.acquisition_lock_timeout_ms);
        }
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        sink.array("nodeEndpoints", &self.node_endpoints, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareAcknowledgeTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl ShareAcknowledgeTopicResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareAcknowledgeTopicResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            current_leader: LeaderIdAndEpoch::read(from, version)?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        self.current_leader.put(sink, "currentLeader", version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl LeaderIdAndEpoch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderIdAndEpoch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareAcknowledgeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl NodeEndpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            node_id: from.int32("nodeId")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            rack: from.text_nullable("rack")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for NodeEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("nodeId", self.node_id);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        sink.text_nullable("rack", self.rack.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareAcknowledgeResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
