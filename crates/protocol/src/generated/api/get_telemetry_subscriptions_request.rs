//! `GetTelemetrySubscriptionsRequest`: made from `schema/api/GetTelemetrySubscriptionsRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 71, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl GetTelemetrySubscriptionsRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            client_instance_id: from.uuid("clientInstanceId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for GetTelemetrySubscriptionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("clientInstanceId", &self.client_instance_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(GetTelemetrySubscriptionsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for GetTelemetrySubscriptionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::GetTelemetrySubscriptions;
    type Response = super::get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
}
