//! OffsetCommit: what is there is committed, what is not there is refused by name.

use super::ask;
use crate::node::View;
use crate::request::Context;
use dohle_coordinator::group::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

/// From here on topics have ids instead of names.
const VERSION_TOPIC_IDS: i16 = 10;

/// Asks when it is called, so that commits of one connection are decided in their order, and many of
/// them with one write; the answer is awaited.
pub(crate) fn offset_commit(
    context: Context,
    mut request: OffsetCommitRequest,
) -> impl Future<Output = OffsetCommitResponse> + Send {
    let view = context.view();
    let mut refused = Vec::new();
    let mut known = Vec::with_capacity(request.topics.len());
    for topic in std::mem::take(&mut request.topics) {
        known.extend(split(&context, &view, topic, &mut refused));
    }
    let mut response = OffsetCommitResponse { topics: refused, ..OffsetCommitResponse::default() };
    let topics = known.clone();
    let asked = (!known.is_empty()).then(|| {
        let group = request.group_id.clone();
        request.topics = known;
        ask(&context, &group, Request::OffsetCommit(request))
    });
    async move {
        let Some(asked) = asked else { return response };
        match asked.await {
            Ok(Answer::OffsetCommit(answer)) => merge(&mut response, answer),
            other => {
                let error = match other {
                    Err(ErrorCode::MESSAGE_TOO_LARGE) => ErrorCode::INVALID_COMMIT_OFFSET_SIZE,
                    Err(error) => error,
                    Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
                };
                let topics = topics.iter().map(|topic| refusal(topic, error)).collect();
                merge(&mut response, OffsetCommitResponse { topics, ..Default::default() });
            }
        }
        response
    }
}

/// The topic with the partitions that are there; the others are refused.
fn split(
    context: &Context,
    view: &View,
    mut topic: OffsetCommitRequestTopic,
    refused: &mut Vec<OffsetCommitResponseTopic>,
) -> Option<OffsetCommitRequestTopic> {
    let by_id = VERSION_TOPIC_IDS <= context.version;
    let found = if by_id {
        view.image.topics.by_id(&topic.topic_id)
    } else {
        view.image.topics.by_name(&topic.name)
    };
    let Some(found) = found else {
        let error =
            if by_id { ErrorCode::UNKNOWN_TOPIC_ID } else { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION };
        refused.push(refusal(&topic, error));
        return None;
    };
    (topic.name, topic.topic_id) = (found.name.clone(), found.id);
    let (there, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut topic.partitions)
        .into_iter()
        .partition(|partition| found.partitions.contains_key(&partition.partition_index));
    if !missing.is_empty() {
        let missing = OffsetCommitRequestTopic { partitions: missing, ..topic.clone() };
        refused.push(refusal(&missing, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
    topic.partitions = there;
    (!topic.partitions.is_empty()).then_some(topic)
}

fn refusal(topic: &OffsetCommitRequestTopic, error_code: ErrorCode) -> OffsetCommitResponseTopic {
    let partition = |index| OffsetCommitResponsePartition {
        partition_index: index,
        error_code,
        ..OffsetCommitResponsePartition::default()
    };
    let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
    OffsetCommitResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: indexes.map(partition).collect(),
        ..OffsetCommitResponseTopic::default()
    }
}

/// Adds what the coordinator says; a topic that is there already gets more partitions.
fn merge(into: &mut OffsetCommitResponse, answer: OffsetCommitResponse) {
    for topic in answer.topics {
        match into.topics.iter_mut().find(|there| there.name == topic.name) {
            Some(there) => there.partitions.extend(topic.partitions),
            None => into.topics.push(topic),
        }
    }
}
