//! `JoinGroupResponse`: made from `schema/api/JoinGroupResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 11, versions 0-9.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinGroupResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub generation_id: i32,
    pub protocol_type: Option<Text>,
    pub protocol_name: Option<Text>,
    pub leader: Text,
    pub skip_assignment: bool,
    pub member_id: Text,
    pub members: Vec<JoinGroupResponseMember>,
    pub unknown_tags: UnknownTags,
}

impl Default for JoinGroupResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Text::default()),
            leader: Text::default(),
            skip_assignment: false,
            member_id: Text::default(),
            members: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl JoinGroupResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 2 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: ErrorCode(from.int16("errorCode")?),
            generation_id: from.int32("generationId")?,
            protocol_type: if version >= 7 { from.text_nullable("protocolType")? } else { None },
            protocol_name: if version >= 7 {
                from.text_nullable("protocolName")?
            } else {
                Some(from.text("protocolName")?)
            },
            leader: from.text("leader")?,
            skip_assignment: if version == 9 { from.bool("skipAssignment")? } else { false },
            member_id: from.text("memberId")?,
            members: from.array("members", |from| JoinGroupResponseMember::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for JoinGroupResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 2 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.error_code("errorCode", self.error_code);
        sink.int32("generationId", self.generation_id);
        if version >= 7 {
            sink.text_nullable("protocolType", self.protocol_type.as_ref());
        }
        if version >= 7 {
            sink.text_nullable("protocolName", self.protocol_name.as_ref());
        } else {
            sink.text_or_empty("protocolName", self.protocol_name.as_ref());
        }
        sink.text("leader", &self.leader);
        if version == 9 {
            sink.bool("skipAssignment", self.skip_assignment);
        }
        sink.text("memberId", &self.member_id);
        sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`JoinGroupResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JoinGroupResponseMember {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub metadata: Bytes,
    pub unknown_tags: UnknownTags,
}

impl JoinGroupResponseMember {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            group_instance_id: if version >= 5 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            metadata: from.bytes("metadata")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for JoinGroupResponseMember {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        if version >= 5 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.bytes("metadata", &self.metadata);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(JoinGroupResponse, 0 ..= 9, flexible from 6, throttled by throttle_time_ms);
