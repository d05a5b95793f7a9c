//! `LeaderAndIsrResponse`: made from `schema/api/LeaderAndIsrResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 4, versions 0-7.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrResponse {
    pub error_code: ErrorCode,
    pub partition_errors: Vec<LeaderAndIsrPartitionError>,
    pub topics: Vec<LeaderAndIsrTopicError>,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            partition_errors: if version <= 4 {
                from.array("partitionErrors", |from| {
                    LeaderAndIsrPartitionError::read(from, version)
                })?
            } else {
                Vec::new()
            },
            topics: if version >= 5 {
                from.array("topics", |from| LeaderAndIsrTopicError::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        if version <= 4 {
            sink.array("partitionErrors", &self.partition_errors, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 5 {
            sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderAndIsrResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrTopicError {
    pub topic_id: Uuid,
    pub partition_errors: Vec<LeaderAndIsrPartitionError>,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrTopicError {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_id: from.uuid("topicId")?,
            partition_errors: from
                .array("partitionErrors", |from| LeaderAndIsrPartitionError::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrTopicError {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitionErrors", &self.partition_errors, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderAndIsrResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderAndIsrPartitionError {
    pub topic_name: Text,
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl LeaderAndIsrPartitionError {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic_name: if version <= 4 { from.text("topicName")? } else { Text::default() },
            partition_index: from.int32("partitionIndex")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderAndIsrPartitionError {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 4 {
            sink.text("topicName", &self.topic_name);
        }
        sink.int32("partitionIndex", self.partition_index);
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(LeaderAndIsrResponse, 0 ..= 7, flexible from 4);
