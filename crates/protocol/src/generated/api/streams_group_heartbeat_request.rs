//! `StreamsGroupHeartbeatRequest`: made from `schema/api/StreamsGroupHeartbeatRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 88, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub rebalance_timeout_ms: i32,
    pub topology: Option<Topology>,
    pub active_tasks: Option<Vec<TaskIds>>,
    pub standby_tasks: Option<Vec<TaskIds>>,
    pub warmup_tasks: Option<Vec<TaskIds>>,
    pub process_id: Option<Text>,
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Option<Vec<KeyValue>>,
    pub task_offsets: Option<Vec<TaskOffset>>,
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    pub shutdown_application: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for StreamsGroupHeartbeatRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            member_id: Text::default(),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StreamsGroupHeartbeatRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: from.text("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            endpoint_information_epoch: from.int32("endpointInformationEpoch")?,
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            rebalance_timeout_ms: from.int32("rebalanceTimeoutMs")?,
            topology: from.nullable("topology", |from| Topology::read(from, version))?,
            active_tasks: from
                .array_nullable("activeTasks", |from| TaskIds::read(from, version))?,
            standby_tasks: from
                .array_nullable("standbyTasks", |from| TaskIds::read(from, version))?,
            warmup_tasks: from
                .array_nullable("warmupTasks", |from| TaskIds::read(from, version))?,
            process_id: from.text_nullable("processId")?,
            user_endpoint: from.nullable("userEndpoint", |from| Endpoint::read(from, version))?,
            client_tags: from.array_nullable("clientTags", |from| KeyValue::read(from, version))?,
            task_offsets: from
                .array_nullable("taskOffsets", |from| TaskOffset::read(from, version))?,
            task_end_offsets: from
                .array_nullable("taskEndOffsets", |from| TaskOffset::read(from, version))?,
            shutdown_application: from.bool("shutdownApplication")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupHeartbeatRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.int32("memberEpoch", self.member_epoch);
        sink.int32("endpointInformationEpoch", self.endpoint_information_epoch);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.int32("rebalanceTimeoutMs", self.rebalance_timeout_ms);
        sink.nullable("topology", self.topology.as_ref(), version);
        sink.array_nullable("activeTasks", self.active_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("standbyTasks", self.standby_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("warmupTasks", self.warmup_tasks.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.text_nullable("processId", self.process_id.as_ref());
        sink.nullable("userEndpoint", self.user_endpoint.as_ref(), version);
        sink.array_nullable("clientTags", self.client_tags.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("taskOffsets", self.task_offsets.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.array_nullable("taskEndOffsets", self.task_end_offsets.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.bool("shutdownApplication", self.shutdown_application);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
    pub unknown_tags: UnknownTags,
}

impl Topology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: from.int32("epoch")?,
            subtopologies: from.array("subtopologies", |from| Subtopology::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Topology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        sink.array("subtopologies", &self.subtopologies, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subtopology {
    pub subtopology_id: Text,
    pub source_topics: Vec<Text>,
    pub source_topic_regex: Vec<Text>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_sink_topics: Vec<Text>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
    pub unknown_tags: UnknownTags,
}

impl Subtopology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            source_topics: from.array("sourceTopics", |from| from.text("sourceTopics"))?,
            source_topic_regex: from
                .array("sourceTopicRegex", |from| from.text("sourceTopicRegex"))?,
            state_changelog_topics: from
                .array("stateChangelogTopics", |from| TopicInfo::read(from, version))?,
            repartition_sink_topics: from
                .array("repartitionSinkTopics", |from| from.text("repartitionSinkTopics"))?,
            repartition_source_topics: from
                .array("repartitionSourceTopics", |from| TopicInfo::read(from, version))?,
            copartition_groups: from
                .array("copartitionGroups", |from| CopartitionGroup::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Subtopology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.array("sourceTopics", &self.source_topics, |sink, element| sink.text("", element));
        sink.array("sourceTopicRegex", &self.source_topic_regex, |sink, element| {
            sink.text("", element)
        });
        sink.array("stateChangelogTopics", &self.state_changelog_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("repartitionSinkTopics", &self.repartition_sink_topics, |sink, element| {
            sink.text("", element)
        });
        sink.array("repartitionSourceTopics", &self.repartition_source_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("copartitionGroups", &self.copartition_groups, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
    pub unknown_tags: UnknownTags,
}

impl CopartitionGroup {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            source_topics: from.array("sourceTopics", |from| from.int16("sourceTopics"))?,
            source_topic_regex: from
                .array("sourceTopicRegex", |from| from.int16("sourceTopicRegex"))?,
            repartition_source_topics: from
                .array("repartitionSourceTopics", |from| from.int16("repartitionSourceTopics"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CopartitionGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("sourceTopics", &self.source_topics, |sink, element| sink.int16("", *element));
        sink.array("sourceTopicRegex", &self.source_topic_regex, |sink, element| {
            sink.int16("", *element)
        });
        sink.array("repartitionSourceTopics", &self.repartition_source_topics, |sink, element| {
            sink.int16("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyValue {
    pub key: Text,
    pub value: Text,
    pub unknown_tags: UnknownTags,
}

impl KeyValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.text("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for KeyValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.text("value", &self.value);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicInfo {
    pub name: Text,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
    pub unknown_tags: UnknownTags,
}

impl TopicInfo {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from.int32("partitions")?,
            replication_factor: from.int16("replicationFactor")?,
            topic_configs: from.array("topicConfigs", |from| KeyValue::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicInfo {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int32("partitions", self.partitions);
        sink.int16("replicationFactor", self.replication_factor);
        sink.array("topicConfigs", &self.topic_configs, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
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

/// Part of [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskOffset {
    pub subtopology_id: Text,
    pub partition: i32,
    pub offset: i64,
    pub unknown_tags: UnknownTags,
}

impl TaskOffset {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            partition: from.int32("partition")?,
            offset: from.int64("offset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TaskOffset {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.int32("partition", self.partition);
        sink.int64("offset", self.offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupHeartbeatRequest`].
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

message!(StreamsGroupHeartbeatRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for StreamsGroupHeartbeatRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::StreamsGroupHeartbeat;
    type Response = super::streams_group_heartbeat_response::StreamsGroupHeartbeatResponse;
}
