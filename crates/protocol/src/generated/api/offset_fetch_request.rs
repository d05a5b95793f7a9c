//! `OffsetFetchRequest`: made from `schema/api/OffsetFetchRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 9, versions 0-10.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetFetchRequest {
    pub group_id: Text,
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    pub groups: Vec<OffsetFetchRequestGroup>,
    pub require_stable: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetFetchRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            topics: Some(Vec::new()),
            groups: Vec::new(),
            require_stable: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetFetchRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: if version <= 7 { from.text("groupId")? } else { Text::default() },
            topics: if version <= 7 {
                if version >= 2 {
                    from.array_nullable("topics", |from| {
                        OffsetFetchRequestTopic::read(from, version)
                    })?
                } else {
                    Some(from.array("topics", |from| OffsetFetchRequestTopic::read(from, version))?)
                }
            } else {
                Some(Vec::new())
            },
            groups: if version >= 8 {
                from.array("groups", |from| OffsetFetchRequestGroup::read(from, version))?
            } else {
                Vec::new()
            },
            require_stable: if version >= 7 { from.bool("requireStable")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 7 {
            sink.text("groupId", &self.group_id);
        }
        if version <= 7 {
            if version >= 2 {
                sink.array_nullable("topics", self.topics.as_ref(), |sink, element| {
                    element.put(sink, "", version)
                });
            } else {
                sink.array(
                    "topics",
                    self.topics.as_deref().unwrap_or_default(),
                    |sink, element| element.put(sink, "", version),
                );
            }
        }
        if version >= 8 {
            sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        }
        if version >= 7 {
            sink.bool("requireStable", self.require_stable);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchRequestTopic {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchRequestTopic {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchRequestTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetFetchRequestGroup {
    pub group_id: Text,
    pub member_id: Option<Text>,
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
    pub unknown_tags: UnknownTags,
}

impl Default for OffsetFetchRequestGroup {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            member_id: None,
            member_epoch: -1,
            topics: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl OffsetFetchRequestGroup {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: if version >= 9 { from.text_nullable("memberId")? } else { None },
            member_epoch: if version >= 9 { from.int32("memberEpoch")? } else { -1 },
            topics: from
                .array_nullable("topics", |from| OffsetFetchRequestTopics::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchRequestGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        if version >= 9 {
            sink.text_nullable("memberId", self.member_id.as_ref());
        }
        if version >= 9 {
            sink.int32("memberEpoch", self.member_epoch);
        }
        sink.array_nullable("topics", self.topics.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`OffsetFetchRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OffsetFetchRequestTopics {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl OffsetFetchRequestTopics {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: if version <= 9 { from.text("name")? } else { Text::default() },
            topic_id: if version == 10 { from.uuid("topicId")? } else { Uuid::ZERO },
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for OffsetFetchRequestTopics {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 9 {
            sink.text("name", &self.name);
        }
        if version == 10 {
            sink.uuid("topicId", &self.topic_id);
        }
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(OffsetFetchRequest, 0 ..= 10, flexible from 6);
impl crate::wire::Request for OffsetFetchRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::OffsetFetch;
    type Response = super::offset_fetch_response::OffsetFetchResponse;
}
