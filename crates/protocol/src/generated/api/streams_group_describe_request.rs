//! `StreamsGroupDescribeRequest`: made from `schema/api/StreamsGroupDescribeRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 89, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupDescribeRequest {
    pub group_ids: Vec<Text>,
    pub include_authorized_operations: bool,
    pub include_topology_description: bool,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupDescribeRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_ids: from.array("groupIds", |from| from.text("groupIds"))?,
            include_authorized_operations: from.bool("includeAuthorizedOperations")?,
            include_topology_description: if version == 1 {
                from.bool("includeTopologyDescription")?
            } else {
                false
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupDescribeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("groupIds", &self.group_ids, |sink, element| sink.text("", element));
        sink.bool("includeAuthorizedOperations", self.include_authorized_operations);
        if version == 1 {
            sink.bool("includeTopologyDescription", self.include_topology_description);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupDescribeRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for StreamsGroupDescribeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::StreamsGroupDescribe;
    type Response = super::streams_group_describe_response::StreamsGroupDescribeResponse;
}
