//! CreateTopics: the controller decides; the answer comes once the topics are there.

use super::mutations;
use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use dohle_protocol::messages::create_topics_response::{
    CreatableTopicResult, CreateTopicsResponse,
};

/// Since this version a client in debt is refused.
const STRICT_FROM: i16 = 6;

pub(crate) async fn handle(context: Context, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let unanswered = |topic: &CreatableTopic| CreatableTopicResult {
        name: topic.name.clone(),
        error_code: ErrorCode::REQUEST_TIMED_OUT,
        ..CreatableTopicResult::default()
    };
    let unanswered = request.topics.iter().map(unanswered).collect();
    let request = Request::CreateTopics(request);
    match mutations::ask(&context, context.version, STRICT_FROM, request).await {
        Some(Answer::CreateTopics(response)) => response,
        _ => CreateTopicsResponse { topics: unanswered, ..CreateTopicsResponse::default() },
    }
}
