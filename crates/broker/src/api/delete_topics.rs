//! DeleteTopics: the controller decides; the answer comes once the topics are gone.

use super::mutations;
use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::delete_topics_request::DeleteTopicsRequest;
use dohle_protocol::messages::delete_topics_response::{
    DeletableTopicResult, DeleteTopicsResponse,
};

/// Since this version a client in debt is refused.
const STRICT_FROM: i16 = 5;

pub(crate) async fn handle(context: Context, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    // Up to version 5 topics come as bare names.
    let named = request.topic_names.iter().map(|name| (Some(name.clone()), Uuid::ZERO));
    let topics = request.topics.iter().map(|topic| (topic.name.clone(), topic.topic_id));
    let unanswered = named.chain(topics).map(|(name, topic_id)| DeletableTopicResult {
        name,
        topic_id,
        error_code: ErrorCode::REQUEST_TIMED_OUT,
        ..DeletableTopicResult::default()
    });
    let unanswered = unanswered.collect();
    let request = Request::DeleteTopics(request);
    match mutations::ask(&context, context.version, STRICT_FROM, request).await {
        Some(Answer::DeleteTopics(response)) => response,
        _ => DeleteTopicsResponse { responses: unanswered, ..DeleteTopicsResponse::default() },
    }
}
