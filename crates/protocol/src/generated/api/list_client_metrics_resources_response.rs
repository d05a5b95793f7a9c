//! `ListClientMetricsResourcesResponse`: made from `schema/api/ListClientMetricsResourcesResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 74, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListClientMetricsResourcesResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub client_metrics_resources: Vec<ClientMetricsResource>,
    pub unknown_tags: UnknownTags,
}

impl ListClientMetricsResourcesResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            client_metrics_resources: from.array("clientMetricsResources", |from| {
                ClientMetricsResource::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListClientMetricsResourcesResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.array("clientMetricsResources", &self.client_metrics_resources, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListClientMetricsResourcesResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClientMetricsResource {
    pub name: Text,
    pub unknown_tags: UnknownTags,
}

impl ClientMetricsResource {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { name: from.text("name")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for ClientMetricsResource {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListClientMetricsResourcesResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
