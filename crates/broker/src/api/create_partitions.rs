//! CreatePartitions: the controller decides; the answer comes once the partitions are there.

use super::mutations;
use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_partitions_request::{
    CreatePartitionsRequest, CreatePartitionsTopic,
};
use dohle_protocol::messages::create_partitions_response::{
    CreatePartitionsResponse, CreatePartitionsTopicResult,
};

/// Since this version a client in debt is refused.
const STRICT_FROM: i16 = 3;

pub(crate) async fn handle(
    context: Context,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let unanswered = |topic: &CreatePartitionsTopic| CreatePartitionsTopicResult {
        name: topic.name.clone(),
        error_code: ErrorCode::REQUEST_TIMED_OUT,
        ..CreatePartitionsTopicResult::default()
    };
    let unanswered = request.topics.iter().map(unanswered).collect();
    let request = Request::CreatePartitions(request);
    match mutations::ask(&context, context.version, STRICT_FROM, request).await {
        Some(Answer::CreatePartitions(response)) => response,
        _ => {
            CreatePartitionsResponse { results: unanswered, ..CreatePartitionsResponse::default() }
        }
    }
}
