//! `GetTelemetrySubscriptionsResponse`: made from `schema/api/GetTelemetrySubscriptionsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 71, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GetTelemetrySubscriptionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl GetTelemetrySubscriptionsResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            client_instance_id: from.uuid("clientInstanceId")?,
            subscription_id: from.int32("subscriptionId")?,
            accepted_compression_types: from
                .array("acceptedCompressionTypes", |from| from.int8("acceptedCompressionTypes"))?,
            push_interval_ms: from.int32("pushIntervalMs")?,
            telemetry_max_bytes: from.int32("telemetryMaxBytes")?,
            delta_temporality: from.bool("deltaTemporality")?,
            requested_metrics: from
                .array("requestedMetrics", |from| from.text("requestedMetrics"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for GetTelemetrySubscriptionsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.uuid("clientInstanceId", &self.client_instance_id);
        sink.int32("subscriptionId", self.subscription_id);
        sink.array(
            "acceptedCompressionTypes",
            &self.accepted_compression_types,
            |sink, element| sink.int8("", *element),
        );
        sink.int32("pushIntervalMs", self.push_interval_ms);
        sink.int32("telemetryMaxBytes", self.telemetry_max_bytes);
        sink.bool("deltaTemporality", self.delta_temporality);
        sink.array("requestedMetrics", &self.requested_metrics, |sink, element| {
            sink.text("", element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(GetTelemetrySubscriptionsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
