//! `StreamsGroupTopologyValue`: made from `schema/group/StreamsGroupTopologyValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 23, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTopologyValue {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupTopologyValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: from.int32("epoch")?,
            subtopologies: from.array("subtopologies", |from| Subtopology::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupTopologyValue {
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

/// Part of [`StreamsGroupTopologyValue`].
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

/// Part of [`StreamsGroupTopologyValue`].
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

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicConfig {
    pub key: Text,
    pub value: Text,
    pub unknown_tags: UnknownTags,
}

impl TopicConfig {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.text("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TopicConfig {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.text("value", &self.value);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicInfo {
    pub name: Text,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<TopicConfig>,
    pub unknown_tags: UnknownTags,
}

impl TopicInfo {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from.int32("partitions")?,
            replication_factor: from.int16("replicationFactor")?,
            topic_configs: from.array("topicConfigs", |from| TopicConfig::read(from, version))?,
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

message!(StreamsGroupTopologyValue, 0 ..= 0, flexible from 0);
