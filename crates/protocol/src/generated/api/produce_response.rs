//! `ProduceResponse`: made from `schema/api/ProduceResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Few, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// response, key 0, versions 0-13.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProduceResponse {
    pub responses: Few<TopicProduceResponse>,
    pub throttle_time_ms: i32,
    pub node_endpoints: Vec<NodeEndpoint>,
    pub unknown_tags: UnknownTags,
}

impl ProduceResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            responses: from.few("responses", |from| TopicProduceResponse::read(from, version))?,
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            node_endpoints: Vec::new(),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 10 => {
                        message.node_endpoints =
                            from.array("nodeEndpoints", |from| NodeEndpoint::read(from, version))?
                    }
                    0 => return from.tag_not_in_version("nodeEndpoints", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for ProduceResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("responses", &self.responses, |sink, element| element.put(sink, "", version));
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        let has_node_endpoints = version >= 10 && !self.node_endpoints.is_empty();
        if S::NAMED && has_node_endpoints {
            sink.array("nodeEndpoints", &self.node_endpoints, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_node_endpoints));
            if has_node_endpoints {
                tagged!(
                    sink,
                    0,
                    sink.array("nodeEndpoints", &self.node_endpoints, |sink, element| element
                        .put(sink, "", version))
                );
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`ProduceResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicProduceResponse {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_responses: Few<PartitionProduceResponse>,
    pub unknown_tags: UnknownTags,
}

impl TopicProduceResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 12 { from.text("name")? } else { Text::default() },
            topic_id: if version == 13 { from.uuid("topicId")? } else { Uuid::ZERO },
            partition_responses: from
                .few("partitionResponses", |from| PartitionProduceResponse::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicProduceResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 12 {
            sink.text("name", &self.name);
        }
        if version == 13 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitionResponses", &self.partition_responses, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ProduceResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: ErrorCode,
    pub base_offset: i64,
    pub log_append_time_ms: i64,
    pub log_start_offset: i64,
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    pub error_message: Option<Text>,
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionProduceResponse {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: ErrorCode::NONE,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionProduceResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            index: from.int32("index")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            base_offset: from.int64("baseOffset")?,
            log_append_time_ms: if version >= 2 { from.int64("logAppendTimeMs")? } else { -1 },
            log_start_offset: if version >= 5 { from.int64("logStartOffset")? } else { -1 },
            record_errors: if version >= 8 {
                from.array("recordErrors", |from| BatchIndexAndErrorMessage::read(from, version))?
            } else {
                Vec::new()
            },
            error_message: if version >= 8 { from.text_nullable("errorMessage")? } else { None },
            current_leader: LeaderIdAndEpoch::default(),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 10 => {
                        message.current_leader = LeaderIdAndEpoch::read(from, version)?
                    }
                    0 => return from.tag_not_in_version("currentLeader", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for PartitionProduceResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("index", self.index);
        sink.error_code("errorCode", self.error_code);
        sink.int64("baseOffset", self.base_offset);
        if version >= 2 {
            sink.int64("logAppendTimeMs", self.log_append_time_ms);
        }
        if version >= 5 {
            sink.int64("logStartOffset", self.log_start_offset);
        }
        if version >= 8 {
            sink.array("recordErrors", &self.record_errors, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 8 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        let has_current_leader =
            version >= 10 && self.current_leader != LeaderIdAndEpoch::default();
        if S::NAMED && has_current_leader {
            self.current_leader.put(sink, "currentLeader", version);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_current_leader));
            if has_current_leader {
                tagged!(sink, 0, self.current_leader.put(sink, "currentLeader", version));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`ProduceResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchIndexAndErrorMessage {
    pub batch_index: i32,
    pub batch_index_error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl BatchIndexAndErrorMessage {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            batch_index: from.int32("batchIndex")?,
            batch_index_error_message: from.text_nullable("batchIndexErrorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BatchIndexAndErrorMessage {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("batchIndex", self.batch_index);
        sink.text_nullable("batchIndexErrorMessage", self.batch_index_error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ProduceResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1, unknown_tags: UnknownTags::default() }
    }
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

/// Part of [`ProduceResponse`].
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

message!(ProduceResponse, 0 ..= 13, flexible from 9, throttled by throttle_time_ms);
