//! `GroupMetadataValue`: made from `schema/group/GroupMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// group value, key 2, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMetadataValue {
    pub protocol_type: Text,
    pub generation: i32,
    pub protocol: Option<Text>,
    pub leader: Option<Text>,
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
    pub unknown_tags: UnknownTags,
}

impl Default for GroupMetadataValue {
    fn default() -> Self {
        Self {
            protocol_type: Text::default(),
            generation: 0,
            protocol: Some(Text::default()),
            leader: Some(Text::default()),
            current_state_timestamp: -1,
            members: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl GroupMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            protocol_type: from.text("protocolType")?,
            generation: from.int32("generation")?,
            protocol: from.text_nullable("protocol")?,
            leader: from.text_nullable("leader")?,
            current_state_timestamp: if version >= 2 {
                from.int64("currentStateTimestamp")?
            } else {
                -1
            },
            members: from.array("members", |from| MemberMetadata::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for GroupMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("protocolType", &self.protocol_type);
        sink.int32("generation", self.generation);
        sink.text_nullable("protocol", self.protocol.as_ref());
        sink.text_nullable("leader", self.leader.as_ref());
        if version >= 2 {
            sink.int64("currentStateTimestamp", self.current_state_timestamp);
        }
        sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`GroupMetadataValue`].
#[derive(Debug, Clone, PartialEq)]
pub struct MemberMetadata {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
    pub unknown_tags: UnknownTags,
}

impl Default for MemberMetadata {
    fn default() -> Self {
        Self {
            member_id: Text::default(),
            group_instance_id: None,
            client_id: Text::default(),
            client_host: Text::default(),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Bytes::new(),
            assignment: Bytes::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl MemberMetadata {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            group_instance_id: if version >= 3 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            rebalance_timeout: if version >= 1 { from.int32("rebalanceTimeout")? } else { -1 },
            session_timeout: from.int32("sessionTimeout")?,
            subscription: from.bytes("subscription")?,
            assignment: from.bytes("assignment")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for MemberMetadata {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        if version >= 3 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        if version >= 1 {
            sink.int32("rebalanceTimeout", self.rebalance_timeout);
        }
        sink.int32("sessionTimeout", self.session_timeout);
        sink.bytes("subscription", &self.subscription);
        sink.bytes("assignment", &self.assignment);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(GroupMetadataValue, 0 ..= 4, flexible from 4);
