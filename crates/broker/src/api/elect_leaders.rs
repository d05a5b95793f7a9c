//! ElectLeaders: the controller decides.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::elect_leaders_request::ElectLeadersRequest;
use dohle_protocol::messages::elect_leaders_response::ElectLeadersResponse;

pub(crate) async fn handle(context: Context, request: ElectLeadersRequest) -> ElectLeadersResponse {
    let request = Request::ElectLeaders(request);
    match context.node.controller.ask(context.version, request).await {
        Some(Answer::ElectLeaders(response)) => response,
        _ => {
            let error_code = ErrorCode::REQUEST_TIMED_OUT;
            ElectLeadersResponse { error_code, ..ElectLeadersResponse::default() }
        }
    }
}
