//! `ConsumerGroupDescribeRequest`: made from `schema/api/ConsumerGroupDescribeRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 69, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupDescribeRequest {
    pub group_ids: Vec<Text>,
    pub include_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupDescribeRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_ids: from.array("groupIds", |from| from.text("groupIds"))?,
            include_authorized_operations: from.bool("includeAuthorizedOperations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupDescribeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("groupIds", &self.group_ids, |sink, element| sink.text("", element));
        sink.bool("includeAuthorizedOperations", self.include_authorized_operations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ConsumerGroupDescribeRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for ConsumerGroupDescribeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ConsumerGroupDescribe;
    type Response = super::consumer_group_describe_response::ConsumerGroupDescribeResponse;
}
