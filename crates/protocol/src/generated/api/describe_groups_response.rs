//! `DescribeGroupsResponse`: made from `schema/api/DescribeGroupsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 15, versions 0-6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeGroupsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
    pub unknown_tags: UnknownTags,
}

impl DescribeGroupsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            groups: from.array("groups", |from| DescribedGroup::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeGroupsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeGroupsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedGroup {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub group_id: Text,
    pub group_state: Text,
    pub protocol_type: Text,
    pub protocol_data: Text,
    pub members: Vec<DescribedGroupMember>,
    pub authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: None,
            group_id: Text::default(),
            group_state: Text::default(),
            protocol_type: Text::default(),
            protocol_data: Text::default(),
            members: Vec::new(),
            authorized_operations: -2147483648,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribedGroup {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: if version == 6 { from.text_nullable("errorMessage")? } else { None },
            group_id: from.text("groupId")?,
            group_state: from.text("groupState")?,
            protocol_type: from.text("protocolType")?,
            protocol_data: from.text("protocolData")?,
            members: from.array("members", |from| DescribedGroupMember::read(from, version))?,
            authorized_operations: if version >= 3 {
                from.int32("authorizedOperations")?
            } else {
                -2147483648
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribedGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        if version == 6 {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        sink.text("groupId", &self.group_id);
        sink.text("groupState", &self.group_state);
        sink.text("protocolType", &self.protocol_type);
        sink.text("protocolData", &self.protocol_data);
        sink.array("members", &self.members, |sink, element| element.put(sink, "", version));
        if version >= 3 {
            sink.int32("authorizedOperations", self.authorized_operations);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribedGroupMember {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
    pub unknown_tags: UnknownTags,
}

impl DescribedGroupMember {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_id: from.text("memberId")?,
            group_instance_id: if version >= 4 {
                from.text_nullable("groupInstanceId")?
            } else {
                None
            },
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            member_metadata: from.bytes("memberMetadata")?,
            member_assignment: from.bytes("memberAssignment")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribedGroupMember {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("memberId", &self.member_id);
        if version >= 4 {
            sink.text_nullable("groupInstanceId", self.group_instance_id.as_ref());
        }
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.bytes("memberMetadata", &self.member_metadata);
        sink.bytes("memberAssignment", &self.member_assignment);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeGroupsResponse, 0 ..= 6, flexible from 5, throttled by throttle_time_ms);
