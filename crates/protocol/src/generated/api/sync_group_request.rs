//! `SyncGroupRequest`: made from `schema/api/SyncGroupRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// request, key 14, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncGroupRequest {
    pub group_id: Text,
    pub generation_id: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub protocol_type: Option<Text>,
    pub protocol_name: Option<Text>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
    pub unknown_tags: UnknownTags,
}

impl SyncGroupRequest {
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
            protocol_type: if version == 5 { from.text_nullable("protocolType")? } else { None },
            protocol_name: if version == 5 { from.text_nullable("protocolName")? } else { None },
            assignments: from
                .array("assignments", |from| SyncGroupRequestAssignment::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SyncGroupRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.int32("generationId", self.generation_id);
        sink.text("memberId", &self.member_id);
        if version >= 3 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        if version == 5 {
            sink.text_nullable("protocolType", self.protocol_type.as_ref());
        }
        if version == 5 {
            sink.text_nullable("protocolName", self.protocol_name.as_ref());
        }
        sink.array("assignments", &self.assignments, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`SyncGroupRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncGroupRequestAssignment {
    pub member_id: Text,
    pub assignment: Bytes,
    pub unknown_tags: UnknownTags,
}

impl SyncGroupRequestAssignment {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            assignment: from.bytes("assignment")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SyncGroupRequestAssignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        sink.bytes("assignment", &self.assignment);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SyncGroupRequest, 0 ..= 5, flexible from 4);
impl crate::wire::Request for SyncGroupRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SyncGroup;
    type Response = super::sync_group_response::SyncGroupResponse;
}
