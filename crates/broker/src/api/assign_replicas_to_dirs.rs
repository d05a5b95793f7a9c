//! AssignReplicasToDirs: a broker tells where its replicas lie; the controller decides.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};

pub(crate) async fn handle(
    context: Context,
    request: AssignReplicasToDirsRequest,
) -> AssignReplicasToDirsResponse {
    let request = Request::AssignReplicasToDirs(request);
    match context.node.controller.ask(context.version, request).await {
        Some(Answer::AssignReplicasToDirs(response)) => response,
        _ => AssignReplicasToDirsResponse {
            error_code: ErrorCode::REQUEST_TIMED_OUT,
            ..AssignReplicasToDirsResponse::default()
        },
    }
}
