//! OffsetDelete: committed offsets of topics that the group does not read any more.

use super::ask;
use crate::node::View;
use crate::request::Context;
use dohle_coordinator::group::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use dohle_protocol::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

pub(crate) async fn offset_delete(
    context: Context,
    mut request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    let view = context.view();
    let mut response = OffsetDeleteResponse::default();
    for topic in &mut request.topics {
        let is_there =
            |it: &OffsetDeleteRequestPartition| is_known(&view, &topic.name, it.partition_index);
        let (there, missing) =
            std::mem::take(&mut topic.partitions).into_iter().partition(is_there);
        topic.partitions = there;
        refuse(&mut response, topic, missing);
    }
    request.topics.retain(|topic| !topic.partitions.is_empty());
    let group = request.group_id.clone();
    // Also with nothing to delete: whether the group is there is an answer too.
    match ask(&context, &group, Request::OffsetDelete(request)).await {
        Ok(Answer::OffsetDelete(answer)) if answer.error_code.is_error() => answer,
        Ok(Answer::OffsetDelete(answer)) => {
            merge(&mut response, answer);
            response
        }
        other => OffsetDeleteResponse {
            error_code: other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
            ..OffsetDeleteResponse::default()
        },
    }
}

fn is_known(view: &View, topic: &str, partition: i32) -> bool {
    let topic = view.image.topics.by_name(topic);
    topic.is_some_and(|topic| topic.partitions.contains_key(&partition))
}

fn refuse(
    response: &mut OffsetDeleteResponse,
    topic: &OffsetDeleteRequestTopic,
    missing: Vec<OffsetDeleteRequestPartition>,
) {
    if missing.is_empty() {
        return;
    }
    let partition = |it: OffsetDeleteRequestPartition| OffsetDeleteResponsePartition {
        partition_index: it.partition_index,
        error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    };
    response.topics.push(OffsetDeleteResponseTopic {
        name: topic.name.clone(),
        partitions: missing.into_iter().map(partition).collect(),
    });
}

fn merge(into: &mut OffsetDeleteResponse, answer: OffsetDeleteResponse) {
    for topic in answer.topics {
        match into.topics.iter_mut().find(|there| there.name == topic.name) {
            Some(there) => there.partitions.extend(topic.partitions),
            None => into.topics.push(topic),
        }
    }
}
