//! `CreateTopicsResponse`: made from `schema/api/CreateTopicsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// response, key 19, versions 0-7.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreateTopicsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
    pub unknown_tags: UnknownTags,
}

impl CreateTopicsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 2 { from.int32("throttleTimeMs")? } else { 0 },
            topics: from.array("topics", |from| CreatableTopicResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreateTopicsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 2 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateTopicsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct CreatableTopicResult {
    pub name: Text,
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub topic_config_error_code: ErrorCode,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub configs: Option<Vec<CreatableTopicConfigs>>,
    pub unknown_tags: UnknownTags,
}

impl Default for CreatableTopicResult {
    fn default() -> Self {
        Self {
            name: Text::default(),
            topic_id: Uuid::ZERO,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            topic_config_error_code: ErrorCode::NONE,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreatableTopicResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            name: from.text("name")?,
            topic_id: if version == 7 { from.uuid("topicId")? } else { Uuid::ZERO },
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version >= 1 {
                from.text_nullable("errorMessage")?
            } else {
                Some(Text::default())
            },
            topic_config_error_code: ErrorCode::NONE,
            num_partitions: if version >= 5 { from.int32("numPartitions")? } else { -1 },
            replication_factor: if version >= 5 { from.int16("replicationFactor")? } else { -1 },
            configs: if version >= 5 {
                from.array_nullable("configs", |from| CreatableTopicConfigs::read(from, version))?
            } else {
                Some(Vec::new())
            },
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 5 => {
                        message.topic_config_error_code =
                            ErrorCode(from.int16("topicConfigErrorCode")?)
                    }
                    0 => return from.tag_not_in_version("topicConfigErrorCode", 0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for CreatableTopicResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        if version == 7 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.error_code("errorCode", self.error_code);
        if version >= 1 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        let has_topic_config_error_code =
            version >= 5 && self.topic_config_error_code != ErrorCode::NONE;
        if S::NAMED && has_topic_config_error_code {
            sink.error_code("topicConfigErrorCode", self.topic_config_error_code);
        }
        if version >= 5 {
            sink.int32("numPartitions", self.num_partitions);
        }
        if version >= 5 {
            sink.int16("replicationFactor", self.replication_factor);
        }
        if version >= 5 {
            sink.array_nullable("configs", self.configs.as_ref(), |sink, element| {
                element.put(sink, "", version)
            });
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_topic_config_error_code));
            if has_topic_config_error_code {
                tagged!(
                    sink,
                    0,
                    sink.error_code("topicConfigErrorCode", self.topic_config_error_code)
                );
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`CreateTopicsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct CreatableTopicConfigs {
    pub name: Text,
    pub value: Option<Text>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for CreatableTopicConfigs {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: Some(Text::default()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreatableTopicConfigs {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            value: from.text_nullable("value")?,
            read_only: from.bool("readOnly")?,
            config_source: from.int8("configSource")?,
            is_sensitive: from.bool("isSensitive")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatableTopicConfigs {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text_nullable("value", self.value.as_ref());
        sink.bool("readOnly", self.read_only);
        sink.int8("configSource", self.config_source);
        sink.bool("isSensitive", self.is_sensitive);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreateTopicsResponse, 0 ..= 7, flexible from 5, throttled by throttle_time_ms);
