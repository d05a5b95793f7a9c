//! `ConsumerGroupMemberMetadataValue`: made from `schema/group/ConsumerGroupMemberMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};
use bytes::Bytes;

/// group value, key 5, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue {
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub subscribed_topic_names: Vec<Text>,
    pub subscribed_topic_regex: Option<Text>,
    pub rebalance_timeout_ms: i32,
    pub server_assignor: Option<Text>,
    pub classic_member_metadata: Option<ClassicMemberMetadata>,
    pub unknown_tags: UnknownTags,
}

impl Default for ConsumerGroupMemberMetadataValue {
    fn default() -> Self {
        Self {
            instance_id: Some(Text::default()),
            rack_id: Some(Text::default()),
            client_id: Text::default(),
            client_host: Text::default(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: Some(Text::default()),
            rebalance_timeout_ms: -1,
            server_assignor: Some(Text::default()),
            classic_member_metadata: Some(ClassicMemberMetadata::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ConsumerGroupMemberMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            subscribed_topic_names: from
                .array("subscribedTopicNames", |from| from.text("subscribedTopicNames"))?,
            subscribed_topic_regex: from.text_nullable("subscribedTopicRegex")?,
            rebalance_timeout_ms: from.int32("rebalanceTimeoutMs")?,
            server_assignor: from.text_nullable("serverAssignor")?,
            classic_member_metadata: Some(ClassicMemberMetadata::default()),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => {
                        message.classic_member_metadata = from
                            .nullable_tagged("classicMemberMetadata", |from| {
                                ClassicMemberMetadata::read(from, version)
                            })?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for ConsumerGroupMemberMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.array("subscribedTopicNames", &self.subscribed_topic_names, |sink, element| {
            sink.text("", element)
        });
        sink.text_nullable("subscribedTopicRegex", self.subscribed_topic_regex.as_ref());
        sink.int32("rebalanceTimeoutMs", self.rebalance_timeout_ms);
        sink.text_nullable("serverAssignor", self.server_assignor.as_ref());
        let has_classic_member_metadata =
            self.classic_member_metadata != Some(ClassicMemberMetadata::default());
        if S::NAMED && has_classic_member_metadata {
            sink.nullable_tagged(
                "classicMemberMetadata",
                self.classic_member_metadata.as_ref(),
                version,
            );
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_classic_member_metadata));
            if has_classic_member_metadata {
                tagged!(
                    sink,
                    0,
                    sink.nullable_tagged(
                        "classicMemberMetadata",
                        self.classic_member_metadata.as_ref(),
                        version
                    )
                );
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`ConsumerGroupMemberMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassicMemberMetadata {
    pub session_timeout_ms: i32,
    pub supported_protocols: Vec<ClassicProtocol>,
    pub unknown_tags: UnknownTags,
}

impl ClassicMemberMetadata {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            session_timeout_ms: from.int32("sessionTimeoutMs")?,
            supported_protocols: from
                .array("supportedProtocols", |from| ClassicProtocol::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ClassicMemberMetadata {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("sessionTimeoutMs", self.session_timeout_ms);
        sink.array("supportedProtocols", &self.supported_protocols, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupMemberMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassicProtocol {
    pub name: Text,
    pub metadata: Bytes,
    pub unknown_tags: UnknownTags,
}

impl ClassicProtocol {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            metadata: from.bytes("metadata")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ClassicProtocol {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.bytes("metadata", &self.metadata);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ConsumerGroupMemberMetadataValue, 0 ..= 0, flexible from 0);
