//! OffsetFetch: committed offsets of one group, or of several (KIP-709).

use super::ask;
use crate::node::View;
use crate::request::Context;
use dohle_coordinator::group::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use dohle_protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use dohle_protocol::wire::Text;

/// From here on the answer has an error of its own; before, every partition has it.
const VERSION_ERROR: i16 = 2;
/// From here on several groups are asked for.
const VERSION_GROUPS: i16 = 8;
/// From here on topics have ids instead of names.
const VERSION_TOPIC_IDS: i16 = 10;
/// In place of an offset that nobody committed.
const NO_OFFSET: i64 = -1;

pub(crate) async fn offset_fetch(
    context: Context,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    let require_stable = request.require_stable;
    if VERSION_GROUPS <= context.version {
        let mut groups = Vec::with_capacity(request.groups.len());
        for group in request.groups {
            groups.push(fetch(&context, group, require_stable).await);
        }
        return OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
    }
    // In the first version no topics meant none; later it means all.
    let topics = request.topics.map(|topics| {
        let topic =
            |topic: dohle_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic| {
                OffsetFetchRequestTopics {
                    name: topic.name,
                    partition_indexes: topic.partition_indexes,
                    ..OffsetFetchRequestTopics::default()
                }
            };
        topics.into_iter().map(topic).collect()
    });
    let group = OffsetFetchRequestGroup {
        group_id: request.group_id,
        topics,
        ..OffsetFetchRequestGroup::default()
    };
    as_one(&context, group, require_stable).await
}

/// The answer of old versions, which knows one group and names.
async fn as_one(
    context: &Context,
    group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponse {
    let asked = group.topics.clone().unwrap_or_default();
    let mut answer = fetch(context, group, require_stable).await;
    if answer.error_code.is_error() && context.version < VERSION_ERROR {
        answer.topics = asked.into_iter().map(|topic| refused(topic, answer.error_code)).collect();
    }
    let partition = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
        ..OffsetFetchResponsePartition::default()
    };
    let topic = |topic: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
        ..OffsetFetchResponseTopic::default()
    };
    OffsetFetchResponse {
        topics: answer.topics.into_iter().map(topic).collect(),
        error_code: answer.error_code,
        ..OffsetFetchResponse::default()
    }
}

async fn fetch(
    context: &Context,
    mut group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponseGroup {
    let view = context.view();
    let by_id = VERSION_TOPIC_IDS <= context.version;
    let mut unknown = Vec::new();
    if by_id && let Some(topics) = &mut group.topics {
        unknown = take_unknown(&view, topics);
    }
    let group_id = group.group_id.clone();
    let mut answer =
        match ask(context, &group_id, Request::OffsetFetch(group, require_stable)).await {
            Ok(Answer::OffsetFetch(answer)) => answer,
            other => OffsetFetchResponseGroup {
                group_id,
                error_code: other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
                ..OffsetFetchResponseGroup::default()
            },
        };
    if by_id {
        put_ids(&view, &mut answer.topics);
        if !answer.error_code.is_error() {
            answer.topics.extend(unknown);
        }
    }
    answer
}

/// Gives topics their names; takes out those whose id is not known.
fn take_unknown(
    view: &View,
    topics: &mut Vec<OffsetFetchRequestTopics>,
) -> Vec<OffsetFetchResponseTopics> {
    let mut unknown = Vec::new();
    topics.retain_mut(|topic| match view.image.topics.by_id(&topic.topic_id) {
        Some(found) => {
            topic.name = found.name.clone();
            true
        }
        None => {
            unknown.push(refused(std::mem::take(topic), ErrorCode::UNKNOWN_TOPIC_ID));
            false
        }
    });
    unknown
}

/// Gives topics their ids; offsets of topics that are gone are not told.
fn put_ids(view: &View, topics: &mut Vec<OffsetFetchResponseTopics>) {
    topics.retain_mut(|topic| match view.image.topics.by_name(&topic.name) {
        Some(found) => {
            topic.topic_id = found.id;
            true
        }
        None => false,
    });
}

fn refused(topic: OffsetFetchRequestTopics, error_code: ErrorCode) -> OffsetFetchResponseTopics {
    let partition = |partition_index| OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: NO_OFFSET,
        committed_leader_epoch: -1,
        metadata: Some(Text::default()),
        error_code,
        ..OffsetFetchResponsePartitions::default()
    };
    OffsetFetchResponseTopics {
        partitions: topic.partition_indexes.into_iter().map(partition).collect(),
        name: topic.name,
        topic_id: topic.topic_id,
        ..OffsetFetchResponseTopics::default()
    }
}
