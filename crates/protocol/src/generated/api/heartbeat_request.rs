//! `HeartbeatRequest`: made from `schema/api/HeartbeatRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 12, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeartbeatRequest {
    pub group_id: Text,
    pub generation_id: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl HeartbeatRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            generation_id: from.int32("generationId")?,
            member_id: from.text("memberId")?,
            group_instance_id: if version >= 3 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for HeartbeatRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.int32("generationId", self.generation_id);
        sink.text("memberId", &self.member_id);
        if version >= 3 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(HeartbeatRequest, 0 ..= 4, flexible from 4);
impl crate::wire::Request for HeartbeatRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Heartbeat;
    type Response = super::heartbeat_response::HeartbeatResponse;
}
