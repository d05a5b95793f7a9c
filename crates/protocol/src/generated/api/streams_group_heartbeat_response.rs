//! `StreamsGroupHeartbeatResponse`: made from `schema/api/StreamsGroupHeartbeatResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 88, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamsGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub member_id: Text,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub acceptable_recovery_lag_legacy: i32,
    pub task_offset_interval_ms: i32,
    pub acceptable_recovery_lag: i64,
    pub status: Option<Vec<Status>>,
    pub active_tasks: Option<Vec<TaskIds>>,
    pub standby_tasks: Option<Vec<TaskIds>>,
    pub warmup_tasks: Option<Vec<TaskIds>>,
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
    pub unknown_tags: UnknownTags,
}

impl Default for StreamsGroupHeartbeatResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: None,
            member_id: Text::default(),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag_legacy: 0,
            task_offset_interval_ms: 0,
            acceptable_recovery_lag: -1,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            topology_description_required: false,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StreamsGroupHeartbeatResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            member_id: from.text("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            heartbeat_interval_ms: from.int32("heartbeatIntervalMs")?,
            acceptable_recovery_lag_legacy: if version == 0 {
                from.int32("acceptableRecoveryLagLegacy")?
            } else {
                0
            },
            task_offset_interval_ms: from.int32("taskOffsetIntervalMs")?,
            acceptable_recovery_lag: if version == 1 {
                from.int64("acceptableRecoveryLag")?
            } else {
                -1
            },
            status: from.array_nullable("status", |from| Status::read(from, version))?,
            active_tasks: from
                .array_nullable("activeTasks", |from| TaskIds::read(from, version))?,
            standby_tasks: from
                .array_nullable("standbyTasks", |from| TaskIds::read(from, version))?,
            warmup_tasks: from
                .array_nullable("warmupTasks", |from| TaskIds::read(from, version))?,
            topology_description_required: if version == 1 {
                from.bool("topologyDescriptionRequired")?
            } else {
                false
            },
            endpoint_information_epoch: from.int32("endpointInformationEpoch")?,
            partitions_by_user_endpoint: from
                .array_nullable("partitionsByUserEndpoint", |from| {
                    EndpointToPartitions::read(from, version)
                })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupHeartbeatResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.text("memberId", &self.member_id);
        sink.int32("memberEpoch", self.member_epoch);
        sink.int32("heartbeatIntervalMs", self.heartbeat_interval_ms);
        if version == 0 {
            sink.int32("acceptableRecoveryLagLegacy", self.acceptable_recovery_lag_legacy);
        }
        sink.int32("taskOffsetIntervalMs", self.task_offset_interval_ms);
        if version == 1 {
            sink.int64("acceptableRecoveryLag", self.acceptable_recovery_lag);
        }
        sink.array_nullable("status", self.status.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("activeTasks", self.active_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("standbyTasks", self.standby_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("warmupTasks", self.warmup_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        if version == 1 {
            sink.bool("topologyDescriptionRequired", self.topology_description_required);
        }
        sink.int32("endpointInformationEpoch", self.endpoint_information_epoch);
        sink.array_nullable(
            "partitionsByUserEndpoint",
            self.partitions_by_user_endpoint.as_ref(),
            |sink, element| element.put(sink, "", version),
        );
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndpointToPartitions {
    pub user_endpoint: Endpoint,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
    pub unknown_tags: UnknownTags,
}

impl EndpointToPartitions {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            user_endpoint: Endpoint::read(from, version)?,
            active_partitions: from
                .array("activePartitions", |from| TopicPartition::read(from, version))?,
            standby_partitions: from
                .array("standbyPartitions", |from| TopicPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EndpointToPartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.user_endpoint.put(sink, "userEndpoint", version);
        sink.array("activePartitions", &self.active_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("standbyPartitions", &self.standby_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    pub status_code: i8,
    pub status_detail: Text,
    pub unknown_tags: UnknownTags,
}

impl Status {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            status_code: from.int8("statusCode")?,
            status_detail: from.text("statusDetail")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Status {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int8("statusCode", self.status_code);
        sink.text("statusDetail", &self.status_detail);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartition {
    pub topic: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicPartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskIds {
    pub subtopology_id: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TaskIds {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TaskIds {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Endpoint {
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl Endpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Endpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupHeartbeatResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
