//! `LeaveGroupRequest`: made from `schema/api/LeaveGroupRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 13, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaveGroupRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub members: Vec<MemberIdentity>,
    pub unknown_tags: UnknownTags,
}

impl LeaveGroupRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: if version <= 2 { from.text("memberId")? } else { Text::default() },
            members: if version >= 3 {
                from.array("members", |from| MemberIdentity::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaveGroupRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        if version <= 2 {
            sink.text("memberId", &self.member_id);
        }
        if version >= 3 {
            sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaveGroupRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberIdentity {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub reason: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl MemberIdentity {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            group_instance_id: from.text_nullable("groupInstanceId")?,
            reason: if version == 5 { from.text_nullable("reason")? } else { None },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MemberIdentity {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        if version == 5 {
            sink.text_nullable("reason", self.reason.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(LeaveGroupRequest, 0 ..= 5, flexible from 4);
impl crate::wire::Request for LeaveGroupRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::LeaveGroup;
    type Response = super::leave_group_response::LeaveGroupResponse;
}
