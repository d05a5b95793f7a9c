//! `ConsumerGroupDescribeResponse`: made from `schema/api/ConsumerGroupDescribeResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 69, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupDescribeResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            groups: from.array("groups", |from| DescribedGroup::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupDescribeResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub group_id: Text,
    pub group_state: Text,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: Text,
    pub members: Vec<Member>,
    pub authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: None,
            group_id: Text::default(),
            group_state: Text::default(),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: Text::default(),
            members: Vec::new(),
            authorized_operations: -2147483648,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribedGroup {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            group_id: from.text("groupId")?,
            group_state: from.text("groupState")?,
            group_epoch: from.int32("groupEpoch")?,
            assignment_epoch: from.int32("assignmentEpoch")?,
            assignor_name: from.text("assignorName")?,
            members: from.array("members", |from| Member::read(from, version))?,
            authorized_operations: from.int32("authorizedOperations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribedGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.text("groupId", &self.group_id);
        sink.text("groupState", &self.group_state);
        sink.int32("groupEpoch", self.group_epoch);
        sink.int32("assignmentEpoch", self.assignment_epoch);
        sink.text("assignorName", &self.assignor_name);
        sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        sink.int32("authorizedOperations", self.authorized_operations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub member_id: Text,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub member_epoch: i32,
    pub client_id: Text,
    pub client_host: Text,
    pub subscribed_topic_names: Vec<Text>,
    pub subscribed_topic_regex: Option<Text>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub member_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            member_id: Text::default(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: Text::default(),
            client_host: Text::default(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl Member {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            member_epoch: from.int32("memberEpoch")?,
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            subscribed_topic_names: from
                .array("subscribedTopicNames", |from| from.text("subscribedTopicNames"))?,
            subscribed_topic_regex: from.text_nullable("subscribedTopicRegex")?,
            assignment: Assignment::read(from, version)?,
            target_assignment: Assignment::read(from, version)?,
            member_type: if version == 1 { from.int8("memberType")? } else { -1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Member {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.int32("memberEpoch", self.member_epoch);
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.array("subscribedTopicNames", &self.subscribed_topic_names, |sink, element| {
            sink.text("", element)
        });
        sink.text_nullable("subscribedTopicRegex", self.subscribed_topic_regex.as_ref());
        self.assignment.put(sink, "assignment", version);
        self.target_assignment.put(sink, "targetAssignment", version);
        if version == 1 {
            sink.int8("memberType", self.member_type);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub topic_name: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TopicPartitions {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            topic_name: from.text("topicName")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicPartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.text("topicName", &self.topic_name);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupDescribeResponse`].
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

message!(ConsumerGroupDescribeResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
