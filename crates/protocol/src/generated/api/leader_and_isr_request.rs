//! `LeaderAndIsrRequest`: made from `schema/api/LeaderAndIsrRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 4, versions 0-7.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaderAndIsrRequest {
    pub controller_id: i32,
    pub is_kraft_controller: bool,
    pub controller_epoch: i32,
    pub broker_epoch: i64,
    pub r#type: i8,
    pub ungrouped_partition_states: Vec<LeaderAndIsrPartitionState>,
    pub topic_states: Vec<LeaderAndIsrTopicState>,
    pub live_leaders: Vec<LeaderAndIsrLiveLeader>,
    pub unknown_tags: UnknownTags,
}

impl Default for LeaderAndIsrRequest {
    fn default() -> Self {
        Self {
            controller_id: 0,
            is_kraft_controller: false,
            controller_epoch: 0,
            broker_epoch: -1,
            r#type: 0,
            ungrouped_partition_states: Vec::new(),
            topic_states: Vec::new(),
            live_leaders: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl LeaderAndIsrRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            controller_id: from.int32("controllerId")?,
            is_kraft_controller: if version == 7 { from.bool("isKRaftController")? } else { false },
            controller_epoch: from.int32("controllerEpoch")?,
            broker_epoch: if version >= 2 { from.int64("brokerEpoch")? } else { -1 },
            r#type: if version >= 5 { from.int8("type")? } else { 0 },
            ungrouped_partition_states: if version <= 1 {
                from.array("ungroupedPartitionStates", |from| {
                    LeaderAndIsrPartitionState::read(from, version)
                })?
            } else {
                Vec::new()
            },
            topic_states: if version >= 2 {
                from.array("topicStates", |from| LeaderAndIsrTopicState::read(from, version))?
            } else {
                Vec::new()
            },
            live_leaders: from
                .array("liveLeaders", |from| LeaderAndIsrLiveLeader::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        if version == 7 {
            sink.bool("isKRaftController", self.is_kraft_controller);
        }
        sink.int32("controllerEpoch", self.controller_epoch);
        if version >= 2 {
            sink.int64("brokerEpoch", self.broker_epoch);
        }
        if version >= 5 {
            sink.int8("type", self.r#type);
        }
        if version <= 1 {
            sink.array(
                "ungroupedPartitionStates",
                &self.ungrouped_partition_states,
                |sink, element| element.put(sink, "", version),
            );
        }
        if version >= 2 {
            sink.array("topicStates", &self.topic_states, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.array("liveLeaders", &self.live_leaders, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderAndIsrRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrTopicState {
    pub topic_name: Text,
    pub topic_id: Uuid,
    pub partition_states: Vec<LeaderAndIsrPartitionState>,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrTopicState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            topic_id: if version >= 5 { from.uuid("topicId")? } else { Uuid::ZERO },
            partition_states: from
                .array("partitionStates", |from| LeaderAndIsrPartitionState::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrTopicState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        if version >= 5 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitionStates", &self.partition_states, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderAndIsrRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrLiveLeader {
    pub broker_id: i32,
    pub host_name: Text,
    pub port: i32,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrLiveLeader {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            host_name: from.text("hostName")?,
            port: from.int32("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrLiveLeader {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.text("hostName", &self.host_name);
        sink.int32("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderAndIsrRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrPartitionState {
    pub topic_name: Text,
    pub partition_index: i32,
    pub controller_epoch: i32,
    pub leader: i32,
    pub leader_epoch: i32,
    pub isr: Vec<i32>,
    pub partition_epoch: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub is_new: bool,
    pub leader_recovery_state: i8,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrPartitionState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: if version <= 1 { from.text("topicName")? } else { Text::default() },
            partition_index: from.int32("partitionIndex")?,
            controller_epoch: from.int32("controllerEpoch")?,
            leader: from.int32("leader")?,
            leader_epoch: from.int32("leaderEpoch")?,
            isr: from.array("isr", |from| from.int32("isr"))?,
            partition_epoch: from.int32("partitionEpoch")?,
            replicas: from.array("replicas", |from| from.int32("replicas"))?,
            adding_replicas: if version >= 3 {
                from.array("addingReplicas", |from| from.int32("addingReplicas"))?
            } else {
                Vec::new()
            },
            removing_replicas: if version >= 3 {
                from.array("removingReplicas", |from| from.int32("removingReplicas"))?
            } else {
                Vec::new()
            },
            is_new: if version >= 1 { from.bool("isNew")? } else { false },
            leader_recovery_state: if version >= 6 { from.int8("leaderRecoveryState")? } else { 0 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrPartitionState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 1 {
            sink.text("topicName", &self.topic_name);
        }
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("controllerEpoch", self.controller_epoch);
        sink.int32("leader", self.leader);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.array("isr", &self.isr, |sink, element| sink.int32("", *element));
        sink.int32("partitionEpoch", self.partition_epoch);
        sink.array("replicas", &self.replicas, |sink, element| sink.int32("", *element));
        if version >= 3 {
            sink.array("addingReplicas", &self.adding_replicas, |sink, element| {
                sink.int32("", *element)
            });
        }
        if version >= 3 {
            sink.array("removingReplicas", &self.removing_replicas, |sink, element| {
                sink.int32("", *element)
            });
        }
        if version >= 1 {
            sink.bool("isNew", self.is_new);
        }
        if version >= 6 {
            sink.int8("leaderRecoveryState", self.leader_recovery_state);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(LeaderAndIsrRequest, 0 ..= 7, flexible from 4);
impl crate::wire::Request for LeaderAndIsrRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::LeaderAndIsr;
    type Response = super::leader_and_isr_response::LeaderAndIsrResponse;
}
