//! GetTelemetrySubscriptions and PushTelemetry: clients are asked for their metrics, and tell them.

use crate::request::Context;
use crate::session::Session;
use crate::start::random_uuid;
use crate::telemetry::{CODECS, Client, Push};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
use dohle_protocol::messages::get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
use dohle_protocol::messages::push_telemetry_request::PushTelemetryRequest;
use dohle_protocol::messages::push_telemetry_response::PushTelemetryResponse;

pub(crate) fn subscriptions(
    context: &Context,
    session: &mut Session,
    request: GetTelemetrySubscriptionsRequest,
) -> GetTelemetrySubscriptionsResponse {
    let node = &context.node;
    let id = match request.client_instance_id {
        Uuid::ZERO => random_uuid(&*node.env.random),
        known => known,
    };
    session.telemetry_instance = Some(id);
    let now_ms = context.node.env.clock.now().as_millis();
    match with_client(context, session, |client| node.telemetry.subscribe(id, client, now_ms)) {
        Ok(terms) => GetTelemetrySubscriptionsResponse {
            client_instance_id: id,
            subscription_id: terms.subscription_id,
            accepted_compression_types: CODECS.iter().map(|codec| *codec as i8).collect(),
            push_interval_ms: terms.interval_ms,
            telemetry_max_bytes: node.limits.telemetry_bytes_max,
            delta_temporality: true,
            requested_metrics: terms.metrics,
            ..GetTelemetrySubscriptionsResponse::default()
        },
        Err(error_code) => GetTelemetrySubscriptionsResponse { error_code, ..Default::default() },
    }
}

pub(crate) fn push(
    context: &Context,
    session: &mut Session,
    request: PushTelemetryRequest,
) -> PushTelemetryResponse {
    let node = &context.node;
    let id = request.client_instance_id;
    session.telemetry_instance = Some(id);
    let push = Push {
        subscription_id: request.subscription_id,
        is_last: request.terminating,
        compression: request.compression_type,
        metrics: request.metrics,
    };
    let now_ms = context.node.env.clock.now().as_millis();
    let result =
        with_client(context, session, |client| node.telemetry.push(id, client, push, now_ms));
    let error_code = result.err().unwrap_or(ErrorCode::NONE);
    PushTelemetryResponse { error_code, ..PushTelemetryResponse::default() }
}

fn with_client<T>(context: &Context, session: &Session, with: impl FnOnce(&Client<'_>) -> T) -> T {
    let (address, port) = (session.peer.ip().to_string(), session.peer.port().to_string());
    with(&Client {
        client_id: &context.client_id,
        software_name: &session.software_name,
        software_version: &session.software_version,
        address: &address,
        port: &port,
    })
}
