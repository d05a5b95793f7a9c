//! `DeleteShareGroupOffsetsRequest`: made from `schema/api/DeleteShareGroupOffsetsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 92, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteShareGroupOffsetsRequest {
    pub group_id: Text,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
    pub unknown_tags: UnknownTags,
}

impl DeleteShareGroupOffsetsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            topics: from
                .array("topics", |from| DeleteShareGroupOffsetsRequestTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteShareGroupOffsetsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteShareGroupOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteShareGroupOffsetsRequestTopic {
    pub topic_name: Text,
    pub unknown_tags: UnknownTags,
}

impl DeleteShareGroupOffsetsRequestTopic {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { topic_name: from.text("topicName")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for DeleteShareGroupOffsetsRequestTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topicName", &self.topic_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteShareGroupOffsetsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for DeleteShareGroupOffsetsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteShareGroupOffsets;
    type Response = super::delete_share_group_offsets_response::DeleteShareGroupOffsetsResponse;
}
