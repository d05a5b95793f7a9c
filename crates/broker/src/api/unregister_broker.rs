//! UnregisterBroker: the controller decides.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use dohle_protocol::messages::unregister_broker_response::UnregisterBrokerResponse;

pub(crate) async fn handle(
    context: Context,
    request: UnregisterBrokerRequest,
) -> UnregisterBrokerResponse {
    let request = Request::UnregisterBroker(request);
    match context.node.controller.ask(context.version, request).await {
        Some(Answer::UnregisterBroker(response)) => response,
        _ => UnregisterBrokerResponse {
            error_code: ErrorCode::REQUEST_TIMED_OUT,
            error_message: None,
            ..UnregisterBrokerResponse::default()
        },
    }
}
