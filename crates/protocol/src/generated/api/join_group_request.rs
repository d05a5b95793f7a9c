//! `JoinGroupRequest`: made from `schema/api/JoinGroupRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// request, key 11, versions 0-9.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinGroupRequest {
    pub group_id: Text,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub protocol_type: Text,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    pub reason: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for JoinGroupRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Text::default(),
            group_instance_id: None,
            protocol_type: Text::default(),
            protocols: Vec::new(),
            reason: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl JoinGroupRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            session_timeout_ms: from.int32("sessionTimeoutMs")?,
            rebalance_timeout_ms: if version >= 1 { from.int32("rebalanceTimeoutMs")? } else { -1 },
            member_id: from.text("memberId")?,
            group_instance_id: if version >= 5 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            protocol_type: from.text("protocolType")?,
            protocols: from
                .array("protocols", |from| JoinGroupRequestProtocol::read(from, version))?,
            reason: if version >= 8 { from.text_nullable("reason")? } else { None },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for JoinGroupRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.int32("sessionTimeoutMs", self.session_timeout_ms);
        if version >= 1 {
            sink.int32("rebalanceTimeoutMs", self.rebalance_timeout_ms);
        }
        sink.text("memberId", &self.member_id);
        if version >= 5 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.text("protocolType", &self.protocol_type);
        sink.array("protocols", &self.protocols, |sink, element| element.put(sink, "", version));
        if version >= 8 {
            sink.text_nullable("reason", self.reason.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`JoinGroupRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JoinGroupRequestProtocol {
    pub name: Text,
    pub metadata: Bytes,
    pub unknown_tags: UnknownTags,
}

impl JoinGroupRequestProtocol {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            metadata: from.bytes("metadata")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for JoinGroupRequestProtocol {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.bytes("metadata", &self.metadata);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(JoinGroupRequest, 0 ..= 9, flexible from 6);
impl crate::wire::Request for JoinGroupRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::JoinGroup;
    type Response = super::join_group_response::JoinGroupResponse;
}
