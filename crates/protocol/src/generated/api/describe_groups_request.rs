//! `DescribeGroupsRequest`: made from `schema/api/DescribeGroupsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 15, versions 0-6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<Text>,
    pub include_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

impl DescribeGroupsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            groups: from.array("groups", |from| from.text("groups"))?,
            include_authorized_operations: if version >= 3 {
                from.bool("includeAuthorizedOperations")?
            } else {
                false
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeGroupsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("groups", &self.groups, |sink, element| sink.text("", element));
        if version >= 3 {
            sink.bool("includeAuthorizedOperations", self.include_authorized_operations);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeGroupsRequest, 0 ..= 6, flexible from 5);
impl crate::wire::Request for DescribeGroupsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeGroups;
    type Response = super::describe_groups_response::DescribeGroupsResponse;
}
