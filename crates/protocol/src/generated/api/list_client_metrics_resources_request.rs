//! `ListClientMetricsResourcesRequest`: made from `schema/api/ListClientMetricsResourcesRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 74, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListClientMetricsResourcesRequest {
    pub unknown_tags: UnknownTags,
}

impl ListClientMetricsResourcesRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { unknown_tags: from.unknown_tags()? })
    }
}

impl Put for ListClientMetricsResourcesRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListClientMetricsResourcesRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for ListClientMetricsResourcesRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListConfigResources;
    type Response =
        super::list_client_metrics_resources_response::ListClientMetricsResourcesResponse;
}
