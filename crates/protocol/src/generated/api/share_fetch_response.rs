//! `ShareFetchResponse`: made from `schema/api/ShareFetchResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Records, Sink, Text, UnknownTags, message};

/// response, key 78, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareFetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl ShareFetchResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            acquisition_lock_timeout_ms: if version >= 1 {
                from.int32("acquisitionLockTimeoutMs")?
            } else {
                0
            },
            responses: from
                .array("responses", |from| ShareFetchableTopicResponse::read(from, version))?,
            node_endpoints: from
                .array("nodeEndpoints", |from| NodeEndpoint::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareFetchResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        if version >= 1 {
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

/// Part of [`ShareFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareFetchableTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

impl ShareFetchableTopicResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| PartitionData::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareFetchableTopicResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub acknowledge_error_code: ErrorCode,
    pub acknowledge_error_message: Option<Text>,
    pub current_leader: LeaderIdAndEpoch,
    pub records: Option<Records>,
    pub acquired_records: Vec<AcquiredRecords>,
    pub unknown_tags: UnknownTags,
}

impl PartitionData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            acknowledge_error_code: ErrorCode(from.int16("acknowledgeErrorCode")?),
            acknowledge_error_message: from.text_nullable("acknowledgeErrorMessage")?,
            current_leader: LeaderIdAndEpoch::read(from, version)?,
            records: if version == 0 {
                from.records_nullable("records")?
            } else {
                Some(from.records("records")?)
            },
            acquired_records: from
                .array("acquiredRecords", |from| AcquiredRecords::read(from, version))?,
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
        sink.error_code("acknowledgeErrorCode", self.acknowledge_error_code);
        sink.text_nullable("acknowledgeErrorMessage", self.acknowledge_error_message.as_ref());
        self.current_leader.put(sink, "currentLeader", version);
        if version == 0 {
            sink.records_nullable("records", self.records.as_ref());
        } else {
            sink.records_or_empty("records", self.records.as_ref());
        }
        sink.array("acquiredRecords", &self.acquired_records, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchResponse`].
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

/// Part of [`ShareFetchResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
    pub unknown_tags: UnknownTags,
}

impl AcquiredRecords {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            delivery_count: from.int16("deliveryCount")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AcquiredRecords {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.int16("deliveryCount", self.delivery_count);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ShareFetchResponse`].
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

message!(ShareFetchResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
