//! `DescribeClusterRequest`: made from `schema/api/DescribeClusterRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 60, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    pub endpoint_type: i8,
    pub include_fenced_brokers: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self {
            include_cluster_authorized_operations: false,
            endpoint_type: 1,
            include_fenced_brokers: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeClusterRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            include_cluster_authorized_operations: from
                .bool("includeClusterAuthorizedOperations")?,
            endpoint_type: if version >= 1 { from.int8("endpointType")? } else { 1 },
            include_fenced_brokers: if version == 2 {
                from.bool("includeFencedBrokers")?
            } else {
                false
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeClusterRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.bool("includeClusterAuthorizedOperations", self.include_cluster_authorized_operations);
        if version >= 1 {
            sink.int8("endpointType", self.endpoint_type);
        }
        if version == 2 {
            sink.bool("includeFencedBrokers", self.include_fenced_brokers);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeClusterRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for DescribeClusterRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeCluster;
    type Response = super::describe_cluster_response::DescribeClusterResponse;
}
