//! `ConsumerGroupHeartbeatRequest`: made from `schema/api/ConsumerGroupHeartbeatRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 68, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub rebalance_timeout_ms: i32,
    pub subscribed_topic_names: Option<Vec<Text>>,
    pub subscribed_topic_regex: Option<Text>,
    pub server_assignor: Option<Text>,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub unknown_tags: UnknownTags,
}

impl Default for ConsumerGroupHeartbeatRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            member_id: Text::default(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ConsumerGroupHeartbeatRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: from.text("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            rebalance_timeout_ms: from.int32("rebalanceTimeoutMs")?,
            subscribed_topic_names: from
                .array_nullable("subscribedTopicNames", |from| from.text("subscribedTopicNames"))?,
            subscribed_topic_regex: if version == 1 {
                from.text_nullable("subscribedTopicRegex")?
            } else {
                None
            },
            server_assignor: from.text_nullable("serverAssignor")?,
            topic_partitions: from
                .array_nullable("topicPartitions", |from| TopicPartitions::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupHeartbeatRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.int32("memberEpoch", self.member_epoch);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.int32("rebalanceTimeoutMs", self.rebalance_timeout_ms);
        sink.array_nullable(
            "subscribedTopicNames",
            self.subscribed_topic_names.as_ref(),
            |sink, element| sink.text("", element),
        );
        if version == 1 {
            sink.text_nullable("subscribedTopicRegex", self.subscribed_topic_regex.as_ref());
        }
        sink.text_nullable("serverAssignor", self.server_assignor.as_ref());
        sink.array_nullable("topicPartitions", self.topic_partitions.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupHeartbeatRequest`].
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

message!(ConsumerGroupHeartbeatRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for ConsumerGroupHeartbeatRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ConsumerGroupHeartbeat;
    type Response = super::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
}
