//! `UpdateMetadataRequest`: made from `schema/api/UpdateMetadataRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// request, key 6, versions 0-8.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateMetadataRequest {
    pub controller_id: i32,
    pub is_kraft_controller: bool,
    pub r#type: i8,
    pub controller_epoch: i32,
    pub broker_epoch: i64,
    pub ungrouped_partition_states: Vec<UpdateMetadataPartitionState>,
    pub topic_states: Vec<UpdateMetadataTopicState>,
    pub live_brokers: Vec<UpdateMetadataBroker>,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdateMetadataRequest {
    fn default() -> Self {
        Self {
            controller_id: 0,
            is_kraft_controller: false,
            r#type: 0,
            controller_epoch: 0,
            broker_epoch: -1,
            ungrouped_partition_states: Vec::new(),
            topic_states: Vec::new(),
            live_brokers: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdateMetadataRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            controller_id: from.int32("controllerId")?,
            is_kraft_controller: if version == 8 { from.bool("isKRaftController")? } else { false },
            r#type: 0,
            controller_epoch: from.int32("controllerEpoch")?,
            broker_epoch: if version >= 5 { from.int64("brokerEpoch")? } else { -1 },
            ungrouped_partition_states: if version <= 4 {
                from.array("ungroupedPartitionStates", |from| {
                    UpdateMetadataPartitionState::read(from, version)
                })?
            } else {
                Vec::new()
            },
            topic_states: if version >= 5 {
                from.array("topicStates", |from| UpdateMetadataTopicState::read(from, version))?
            } else {
                Vec::new()
            },
            live_brokers: from
                .array("liveBrokers", |from| UpdateMetadataBroker::read(from, version))?,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version == 8 => message.r#type = from.int8("type")?,
                    0 => return from.tag_not_in_version("type", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for UpdateMetadataRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        if version == 8 {
            sink.bool("isKRaftController", self.is_kraft_controller);
        }
        let has_type = version == 8 && self.r#type != 0;
        if S::NAMED && has_type {
            sink.int8("type", self.r#type);
        }
        sink.int32("controllerEpoch", self.controller_epoch);
        if version >= 5 {
            sink.int64("brokerEpoch", self.broker_epoch);
        }
        if version <= 4 {
            sink.array(
                "ungroupedPartitionStates",
                &self.ungrouped_partition_states,
                |sink, element| element.put(sink, "", version),
            );
        }
        if version >= 5 {
            sink.array("topicStates", &self.topic_states, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.array("liveBrokers", &self.live_brokers, |sink, element| {
            element.put(sink, "", version)
        });
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_type));
            if has_type {
                tagged!(sink, 0, sink.int8("type", self.r#type));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`UpdateMetadataRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateMetadataTopicState {
    pub topic_name: Text,
    pub topic_id: Uuid,
    pub partition_states: Vec<UpdateMetadataPartitionState>,
    pub unknown_tags: UnknownTags,
}

impl UpdateMetadataTopicState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: from.text("topicName")?,
            topic_id: if version >= 7 { from.uuid("topicId")? } else { Uuid::ZERO },
            partition_states: from.array("partitionStates", |from| {
                UpdateMetadataPartitionState::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateMetadataTopicState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        if version >= 7 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitionStates", &self.partition_states, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateMetadataRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateMetadataBroker {
    pub id: i32,
    pub v0_host: Text,
    pub v0_port: i32,
    pub endpoints: Vec<UpdateMetadataEndpoint>,
    pub rack: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdateMetadataBroker {
    fn default() -> Self {
        Self {
            id: 0,
            v0_host: Text::default(),
            v0_port: 0,
            endpoints: Vec::new(),
            rack: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdateMetadataBroker {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.int32("id")?,
            v0_host: if version == 0 { from.text("v0Host")? } else { Text::default() },
            v0_port: if version == 0 { from.int32("v0Port")? } else { 0 },
            endpoints: if version >= 1 {
                from.array("endpoints", |from| UpdateMetadataEndpoint::read(from, version))?
            } else {
                Vec::new()
            },
            rack: if version >= 2 { from.text_nullable("rack")? } else { Some(Text::default()) },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateMetadataBroker {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("id", self.id);
        if version == 0 {
            sink.text("v0Host", &self.v0_host);
        }
        if version == 0 {
            sink.int32("v0Port", self.v0_port);
        }
        if version >= 1 {
            sink.array("endpoints", &self.endpoints, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 2 {
            sink.text_nullable("rack", self.rack.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateMetadataRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateMetadataEndpoint {
    pub port: i32,
    pub host: Text,
    pub listener: Text,
    pub security_protocol: i16,
    pub unknown_tags: UnknownTags,
}

impl UpdateMetadataEndpoint {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            port: from.int32("port")?,
            host: from.text("host")?,
            listener: if version >= 3 { from.text("listener")? } else { Text::default() },
            security_protocol: from.int16("securityProtocol")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateMetadataEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("port", self.port);
        sink.text("host", &self.host);
        if version >= 3 {
            sink.text("listener", &self.listener);
        }
        sink.int16("securityProtocol", self.security_protocol);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateMetadataRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateMetadataPartitionState {
    pub topic_name: Text,
    pub partition_index: i32,
    pub controller_epoch: i32,
    pub leader: i32,
    pub leader_epoch: i32,
    pub isr: Vec<i32>,
    pub zk_version: i32,
    pub replicas: Vec<i32>,
    pub offline_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl UpdateMetadataPartitionState {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: if version <= 4 { from.text("topicName")? } else { Text::default() },
            partition_index: from.int32("partitionIndex")?,
            controller_epoch: from.int32("controllerEpoch")?,
            leader: from.int32("leader")?,
            leader_epoch: from.int32("leaderEpoch")?,
            isr: from.array("isr", |from| from.int32("isr"))?,
            zk_version: from.int32("zkVersion")?,
            replicas: from.array("replicas", |from| from.int32("replicas"))?,
            offline_replicas: if version >= 4 {
                from.array("offlineReplicas", |from| from.int32("offlineReplicas"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateMetadataPartitionState {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 4 {
            sink.text("topicName", &self.topic_name);
        }
        sink.int32("partitionIndex", self.partition_index);
        sink.int32("controllerEpoch", self.controller_epoch);
        sink.int32("leader", self.leader);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.array("isr", &self.isr, |sink, element| sink.int32("", *element));
        sink.int32("zkVersion", self.zk_version);
        sink.array("replicas", &self.replicas, |sink, element| sink.int32("", *element));
        if version >= 4 {
            sink.array("offlineReplicas", &self.offline_replicas, |sink, element| {
                sink.int32("", *element)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateMetadataRequest, 0 ..= 8, flexible from 6);
impl crate::wire::Request for UpdateMetadataRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UpdateMetadata;
    type Response = super::update_metadata_response::UpdateMetadataResponse;
}
