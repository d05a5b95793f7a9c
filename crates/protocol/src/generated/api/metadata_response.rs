//! `MetadataResponse`: made from `schema/api/MetadataResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 3, versions 0-13.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataResponse {
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    pub cluster_id: Option<Text>,
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    pub cluster_authorized_operations: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl Default for MetadataResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: -2147483648,
            error_code: ErrorCode::NONE,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MetadataResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 3 { from.int32("throttleTimeMs")? } else { 0 },
            brokers: from.array("brokers", |from| MetadataResponseBroker::read(from, version))?,
            cluster_id: if version >= 2 { from.text_nullable("clusterId")? } else { None },
            controller_id: if version >= 1 { from.int32("controllerId")? } else { -1 },
            topics: from.array("topics", |from| MetadataResponseTopic::read(from, version))?,
            cluster_authorized_operations: if (8..=10).contains(&version) {
                from.int32("clusterAuthorizedOperations")?
            } else {
                -2147483648
            },
            error_code: if version == 13 {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 3 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("brokers", &self.brokers, |sink, element| element.put(sink, "", version));
        if version >= 2 {
            sink.text_nullable("clusterId", self.cluster_id.as_ref());
        }
        if version >= 1 {
            sink.int32("controllerId", self.controller_id);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        if (8..=10).contains(&version) {
            sink.int32("clusterAuthorizedOperations", self.cluster_authorized_operations);
        }
        if version == 13 {
            sink.error_code("errorCode", self.error_code);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`MetadataResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl MetadataResponseBroker {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            node_id: from.int32("nodeId")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            rack: if version >= 1 { from.text_nullable("rack")? } else { None },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataResponseBroker {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("nodeId", self.node_id);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        if version >= 1 {
            sink.text_nullable("rack", self.rack.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`MetadataResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataResponseTopic {
    pub error_code: ErrorCode,
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    pub topic_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for MetadataResponseTopic {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            name: Some(Text::default()),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MetadataResponseTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            name: if version >= 12 {
                from.text_nullable("name")?
            } else {
                Some(from.text("name")?)
            },
            topic_id: if version >= 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            is_internal: if version >= 1 { from.bool("isInternal")? } else { false },
            partitions: from
                .array("partitions", |from| MetadataResponsePartition::read(from, version))?,
            topic_authorized_operations: if version >= 8 {
                from.int32("topicAuthorizedOperations")?
            } else {
                -2147483648
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataResponseTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        if version >= 12 {
            sink.text_nullable("name", self.name.as_ref());
        } else {
            sink.text_or_empty("name", self.name.as_ref());
        }
        if version >= 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        if version >= 1 {
            sink.bool("isInternal", self.is_internal);
        }
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        if version >= 8 {
            sink.int32("topicAuthorizedOperations", self.topic_authorized_operations);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`MetadataResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub offline_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MetadataResponsePartition {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            partition_index: from.int32("partitionIndex")?,
            leader_id: from.int32("leaderId")?,
            leader_epoch: if version >= 7 { from.int32("leaderEpoch")? } else { -1 },
            replica_nodes: from.array("replicaNodes", |from| from.int32("replicaNodes"))?,
            isr_nodes: from.array("isrNodes", |from| from.int32("isrNodes"))?,
            offline_replicas: if version >= 5 {
                from.array("offlineReplicas", |from| from.int32("offlineReplicas"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataResponsePartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("leaderId", self.leader_id);
        if version >= 7 {
            sink.int32("leaderEpoch", self.leader_epoch);
        }
        sink.array("replicaNodes", &self.replica_nodes, |sink, element| sink.int32("", *element));
        sink.array("isrNodes", &self.isr_nodes, |sink, element| sink.int32("", *element));
        if version >= 5 {
            sink.array("offlineReplicas", &self.offline_replicas, |sink, element| {
                sink.int32("", *element)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(MetadataResponse, 0 ..= 13, flexible from 9, throttled by throttle_time_ms);
