//! `StreamsGroupTopologyDescriptionUpdateRequest`: made from `schema/api/StreamsGroupTopologyDescriptionUpdateRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 93, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupTopologyDescriptionUpdateRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: from.text("memberId")?,
            topology_epoch: from.int32("topologyEpoch")?,
            topology_description: TopologyDescription::read(from, version)?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupTopologyDescriptionUpdateRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.int32("topologyEpoch", self.topology_epoch);
        self.topology_description.put(sink, "topologyDescription", version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescription {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopologies: from.array("subtopologies", |from| {
                TopologyDescriptionSubtopology::read(from, version)
            })?,
            global_stores: from.array("globalStores", |from| {
                TopologyDescriptionGlobalStore::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescription {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("subtopologies", &self.subtopologies, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("globalStores", &self.global_stores, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Text,
    pub nodes: Vec<TopologyDescriptionNode>,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescriptionSubtopology {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            nodes: from.array("nodes", |from| TopologyDescriptionNode::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionSubtopology {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.array("nodes", &self.nodes, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
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
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            node_type: from.int8("nodeType")?,
            source_topics: from.array("sourceTopics", |from| from.text("sourceTopics"))?,
            sink_topic: from.text_nullable("sinkTopic")?,
            stores: from.array("stores", |from| from.text("stores"))?,
            successors: from.array("successors", |from| from.text("successors"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionNode {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int8("nodeType", self.node_type);
        sink.array("sourceTopics", &self.source_topics, |sink, element| sink.text("", element));
        sink.text_nullable("sinkTopic", self.sink_topic.as_ref());
        sink.array("stores", &self.stores, |sink, element| sink.text("", element));
        sink.array("successors", &self.successors, |sink, element| sink.text("", element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
    pub unknown_tags: UnknownTags,
}

impl TopologyDescriptionGlobalStore {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            source: TopologyDescriptionNode::read(from, version)?,
            processor: TopologyDescriptionNode::read(from, version)?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopologyDescriptionGlobalStore {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        self.source.put(sink, "source", version);
        self.processor.put(sink, "processor", version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupTopologyDescriptionUpdateRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for StreamsGroupTopologyDescriptionUpdateRequest {
    const KEY: crate::api_key::ApiKey =
        crate::api_key::ApiKey::StreamsGroupTopologyDescriptionUpdate;
    type Response = super::streams_group_topology_description_update_response::StreamsGroupTopologyDescriptionUpdateResponse;
}
