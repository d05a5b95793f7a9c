//! `ListGroupsResponse`: made from `schema/api/ListGroupsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 16, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListGroupsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup>,
    pub unknown_tags: UnknownTags,
}

impl ListGroupsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: ErrorCode(from.int16("errorCode")?),
            groups: from.array("groups", |from| ListedGroup::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListGroupsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        sink.error_code("errorCode", self.error_code);
        sink.array("groups", &self.groups, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListedGroup {
    pub group_id: Text,
    pub protocol_type: Text,
    pub group_state: Text,
    pub group_type: Text,
    pub unknown_tags: UnknownTags,
}

impl ListedGroup {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            protocol_type: from.text("protocolType")?,
            group_state: if version >= 4 { from.text("groupState")? } else { Text::default() },
            group_type: if version == 5 { from.text("groupType")? } else { Text::default() },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListedGroup {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("protocolType", &self.protocol_type);
        if version >= 4 {
            sink.text("groupState", &self.group_state);
        }
        if version == 5 {
            sink.text("groupType", &self.group_type);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListGroupsResponse, 0 ..= 5, flexible from 3, throttled by throttle_time_ms);
