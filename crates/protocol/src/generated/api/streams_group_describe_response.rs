//! `StreamsGroupDescribeResponse`: made from `schema/api/StreamsGroupDescribeResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 89, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupDescribeResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            groups: from.array("groups", |from| DescribedGroup::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupDescribeResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub group_id: Text,
    pub group_state: Text,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub topology: Option<Topology>,
    pub members: Vec<Member>,
    pub authorized_operations: i32,
    pub topology_description: Option<TopologyDescription>,
    pub topology_description_status: i8,
    pub assignor_name: Option<Text>,
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
            topology: None,
            members: Vec::new(),
            authorized_operations: -2147483648,
            topology_description: None,
            topology_description_status: 0,
            assignor_name: None,
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
            topology: from.nullable("topology", |from| Topology::read(from, version))?,
            members: from.array("members", |from| Member::read(from, version))?,
            authorized_operations: from.int32("authorizedOperations")?,
            topology_description: if version == 1 {
                from.nullable("topologyDescription", |from| {
                    TopologyDescription::read(from, version)
                })?
            } else {
                None
            },
            topology_description_status: if version == 1 {
                from.int8("topologyDescriptionStatus")?
            } else {
                0
            },
            assignor_name: if version == 1 { from.text_nullable("assignorName")? } else { None },
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
        sink.nullable("topology", self.topology.as_ref(), version);
        sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        sink.int32("authorizedOperations", self.authorized_operations);
        if version == 1 {
            sink.nullable("topologyDescription", self.topology_description.as_ref(), version);
        }
        if version == 1 {
            sink.int8("topologyDescriptionStatus", self.topology_description_status);
        }
        if version == 1 {
            sink.text_nullable("assignorName", self.assignor_name.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Option<Vec<Subtopology>>,
    pub unknown_tags: UnknownTags,
}

impl Topology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: from.int32("epoch")?,
            subtopologies: from
                .array_nullable("subtopologies", |from| Subtopology::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Topology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("epoch", self.epoch);
        sink.array_nullable("subtopologies", self.subtopologies.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subtopology {
    pub subtopology_id: Text,
    pub source_topics: Vec<Text>,
    pub repartition_sink_topics: Vec<Text>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub unknown_tags: UnknownTags,
}

impl Subtopology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            source_topics: from.array("sourceTopics", |from| from.text("sourceTopics"))?,
            repartition_sink_topics: from
                .array("repartitionSinkTopics", |from| from.text("repartitionSinkTopics"))?,
            state_changelog_topics: from
                .array("stateChangelogTopics", |from| TopicInfo::read(from, version))?,
            repartition_source_topics: from
                .array("repartitionSourceTopics", |from| TopicInfo::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Subtopology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.array("sourceTopics", &self.source_topics, |sink, element| sink.text("", element));
        sink.array("repartitionSinkTopics", &self.repartition_sink_topics, |sink, element| {
            sink.text("", element)
        });
        sink.array("stateChangelogTopics", &self.state_changelog_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("repartitionSourceTopics", &self.repartition_source_topics, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Member {
    pub member_id: Text,
    pub member_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub topology_epoch: i32,
    pub process_id: Text,
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub task_offsets: Vec<TaskOffset>,
    pub task_end_offsets: Vec<TaskOffset>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub is_classic: bool,
    pub unknown_tags: UnknownTags,
}

impl Member {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            topology_epoch: from.int32("topologyEpoch")?,
            process_id: from.text("processId")?,
            user_endpoint: from.nullable("userEndpoint", |from| Endpoint::read(from, version))?,
            client_tags: from.array("clientTags", |from| KeyValue::read(from, version))?,
            task_offsets: from.array("taskOffsets", |from| TaskOffset::read(from, version))?,
            task_end_offsets: from
                .array("taskEndOffsets", |from| TaskOffset::read(from, version))?,
            assignment: Assignment::read(from, version)?,
            target_assignment: Assignment::read(from, version)?,
            is_classic: from.bool("isClassic")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Member {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        sink.int32("memberEpoch", self.member_epoch);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.int32("topologyEpoch", self.topology_epoch);
        sink.text("processId", &self.process_id);
        sink.nullable("userEndpoint", self.user_endpoint.as_ref(), version);
        sink.array("clientTags", &self.client_tags, |sink, element| element.put(sink, "", version));
        sink.array("taskOffsets", &self.task_offsets, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("taskEndOffsets", &self.task_end_offsets, |sink, element| {
            element.put(sink, "", version)
        });
        self.assignment.put(sink, "assignment", version);
        self.target_assignment.put(sink, "targetAssignment", version);
        sink.bool("isClassic", self.is_classic);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
    pub unknown_tags: UnknownTags,
}

impl Assignment {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            active_tasks: from.array("activeTasks", |from| TaskIds::read(from, version))?,
            standby_tasks: from.array("standbyTasks", |from| TaskIds::read(from, version))?,
            warmup_tasks: from.array("warmupTasks", |from| TaskIds::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Assignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("activeTasks", &self.active_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("standbyTasks", &self.standby_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("warmupTasks", &self.warmup_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
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

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescription {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopologies: if version == 1 {
                from.array("subtopologies", |from| {
                    TopologyDescriptionSubtopology::read(from, version)
                })?
            } else {
                Vec::new()
            },
            global_stores: if version == 1 {
                from.array("globalStores", |from| {
                    TopologyDescriptionGlobalStore::read(from, version)
                })?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescription {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 1 {
            sink.array("subtopologies", &self.subtopologies, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version == 1 {
            sink.array("globalStores", &self.global_stores, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Text,
    pub nodes: Vec<TopologyDescriptionNode>,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescriptionSubtopology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: if version == 1 {
                from.text("subtopologyId")?
            } else {
                Text::default()
            },
            nodes: if version == 1 {
                from.array("nodes", |from| TopologyDescriptionNode::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionSubtopology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 1 {
            sink.text("subtopologyId", &self.subtopology_id);
        }
        if version == 1 {
            sink.array("nodes", &self.nodes, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescriptionNode {
    pub name: Text,
    pub node_type: i8,
    pub source_topics: Vec<Text>,
    pub sink_topic: Option<Text>,
    pub stores: Vec<Text>,
    pub successors: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescriptionNode {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version == 1 { from.text("name")? } else { Text::default() },
            node_type: if version == 1 { from.int8("nodeType")? } else { 0 },
            source_topics: if version == 1 {
                from.array("sourceTopics", |from| from.text("sourceTopics"))?
            } else {
                Vec::new()
            },
            sink_topic: if version == 1 { from.text_nullable("sinkTopic")? } else { None },
            stores: if version == 1 {
                from.array("stores", |from| from.text("stores"))?
            } else {
                Vec::new()
            },
            successors: if version == 1 {
                from.array("successors", |from| from.text("successors"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionNode {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 1 {
            sink.text("name", &self.name);
        }
        if version == 1 {
            sink.int8("nodeType", self.node_type);
        }
        if version == 1 {
            sink.array("sourceTopics", &self.source_topics, |sink, element| sink.text("", element));
        }
        if version == 1 {
            sink.text_nullable("sinkTopic", self.sink_topic.as_ref());
        }
        if version == 1 {
            sink.array("stores", &self.stores, |sink, element| sink.text("", element));
        }
        if version == 1 {
            sink.array("successors", &self.successors, |sink, element| sink.text("", element));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescriptionGlobalStore {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            source: if version == 1 {
                TopologyDescriptionNode::read(from, version)?
            } else {
                TopologyDescriptionNode::default()
            },
            processor: if version == 1 {
                TopologyDescriptionNode::read(from, version)?
            } else {
                TopologyDescriptionNode::default()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionGlobalStore {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 1 {
            self.source.put(sink, "source", version);
        }
        if version == 1 {
            self.processor.put(sink, "processor", version);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupDescribeResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
