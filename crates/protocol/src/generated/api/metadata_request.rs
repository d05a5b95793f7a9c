//! `MetadataRequest`: made from `schema/api/MetadataRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 3, versions 0-13.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataRequest {
    pub topics: Option<Vec<MetadataRequestTopic>>,
    pub allow_auto_topic_creation: bool,
    pub include_cluster_authorized_operations: bool,
    pub include_topic_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for MetadataRequest {
    fn default() -> Self {
        Self {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MetadataRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: if version >= 1 {
                from.array_nullable("topics", |from| MetadataRequestTopic::read(from, version))?
            } else {
                Some(from.array("topics", |from| MetadataRequestTopic::read(from, version))?)
            },
            allow_auto_topic_creation: if version >= 4 {
                from.bool("allowAutoTopicCreation")?
            } else {
                true
            },
            include_cluster_authorized_operations: if (8..=10).contains(&version) {
                from.bool("includeClusterAuthorizedOperations")?
            } else {
                false
            },
            include_topic_authorized_operations: if version >= 8 {
                from.bool("includeTopicAuthorizedOperations")?
            } else {
                false
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.array_nullable("topics", self.topics.as_ref(), |sink, element| {
                element.put(sink, "", version)
            });
        } else {
            sink.array("topics", self.topics.as_deref().unwrap_or_default(), |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 4 {
            sink.bool("allowAutoTopicCreation", self.allow_auto_topic_creation);
        }
        if (8..=10).contains(&version) {
            sink.bool(
                "includeClusterAuthorizedOperations",
                self.include_cluster_authorized_operations,
            );
        }
        if version >= 8 {
            sink.bool("includeTopicAuthorizedOperations", self.include_topic_authorized_operations);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`MetadataRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataRequestTopic {
    pub topic_id: Uuid,
    pub name: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for MetadataRequestTopic {
    fn default() -> Self {
        Self {
            topic_id: Uuid::ZERO,
            name: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MetadataRequestTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: if version >= 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            name: if version >= 10 {
                from.text_nullable("name")?
            } else {
                Some(from.text("name")?)
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MetadataRequestTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        if version >= 10 {
            sink.text_nullable("name", self.name.as_ref());
        } else {
            sink.text_or_empty("name", self.name.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(MetadataRequest, 0 ..= 13, flexible from 9);
impl crate::wire::Request for MetadataRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Metadata;
    type Response = super::metadata_response::MetadataResponse;
}
