//! `LeaveGroupResponse`: made from `schema/api/LeaveGroupResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 13, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaveGroupResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub members: Vec<MemberResponse>,
    pub unknown_tags: UnknownTags,
}

impl LeaveGroupResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: ErrorCode(from.int16("errorCode")?),
            members: if version >= 3 {
                from.array("members", |from| MemberResponse::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaveGroupResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.error_code("errorCode", self.error_code);
        if version >= 3 {
            sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaveGroupResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct MemberResponse {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

impl Default for MemberResponse {
    fn default() -> Self {
        Self {
            member_id: Text::default(),
            group_instance_id: Some(Text::default()),
            error_code: ErrorCode::NONE,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MemberResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            group_instance_id: from.text_nullable("groupInstanceId")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MemberResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        sink.error_code("errorCode", self.error_code);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(LeaveGroupResponse, 0 ..= 5, flexible from 4, throttled by throttle_time_ms);
