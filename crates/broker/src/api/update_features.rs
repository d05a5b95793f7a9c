//! UpdateFeatures: the controller decides on all of them at once.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::update_features_request::UpdateFeaturesRequest;
use dohle_protocol::messages::update_features_response::UpdateFeaturesResponse;

pub(crate) async fn handle(
    context: Context,
    request: UpdateFeaturesRequest,
) -> UpdateFeaturesResponse {
    let request = Request::UpdateFeatures(request);
    match context.node.controller.ask(context.version, request).await {
        Some(Answer::UpdateFeatures(response)) => response,
        _ => UpdateFeaturesResponse {
            error_code: ErrorCode::REQUEST_TIMED_OUT,
            ..UpdateFeaturesResponse::default()
        },
    }
}
