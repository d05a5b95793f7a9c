//! `PushTelemetryRequest`: made from `schema/api/PushTelemetryRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// request, key 72, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PushTelemetryRequest {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Bytes,
    pub unknown_tags: UnknownTags,
}

impl PushTelemetryRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            client_instance_id: from.uuid("clientInstanceId")?,
            subscription_id: from.int32("subscriptionId")?,
            terminating: from.bool("terminating")?,
            compression_type: from.int8("compressionType")?,
            metrics: from.bytes("metrics")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PushTelemetryRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("clientInstanceId", &self.client_instance_id);
        sink.int32("subscriptionId", self.subscription_id);
        sink.bool("terminating", self.terminating);
        sink.int8("compressionType", self.compression_type);
        sink.bytes("metrics", &self.metrics);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(PushTelemetryRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for PushTelemetryRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::PushTelemetry;
    type Response = super::push_telemetry_response::PushTelemetryResponse;
}
