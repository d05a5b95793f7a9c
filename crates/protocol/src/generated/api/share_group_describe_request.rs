//! `ShareGroupDescribeRequest`: made from `schema/api/ShareGroupDescribeRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 77, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupDescribeRequest {
    pub group_ids: Vec<Text>,
    pub include_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

impl ShareGroupDescribeRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_ids: from.array("groupIds", |from| from.text("groupIds"))?,
            include_authorized_operations: from.bool("includeAuthorizedOperations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupDescribeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("groupIds", &self.group_ids, |sink, element| sink.text("", element));
        sink.bool("includeAuthorizedOperations", self.include_authorized_operations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupDescribeRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for ShareGroupDescribeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareGroupDescribe;
    type Response = super::share_group_describe_response::ShareGroupDescribeResponse;
}
