//! TxnOffsetCommit: offsets that are committed with a transaction.

use super::adding::offsets_partition;
use super::verification::{Candidate, Knowledge, Transaction, verify};
use crate::api::groups;
use crate::coordinators;
use crate::node::View;
use crate::request::Context;
use dohle_coordinator::group::{Answer, GroupCoordinator, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestTopic,
};
use dohle_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use dohle_protocol::record::NO_SEQUENCE;
use dohle_replication::machine::ProducerIdAndEpoch;
use dohle_storage::producers::Guard;

/// From here on a client can be told to abort.
const VERSION_ABORTABLE: i16 = 4;
/// From here on the group's partition is added by the commit.
const VERSION_ADDING: i16 = 5;
/// From here on a client survives to be told that a coordinator is loading.
const VERSION_LOADING: i16 = 2;

pub(crate) async fn offset_commit(
    context: Context,
    mut request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let view = context.view();
    let mut response = TxnOffsetCommitResponse::default();
    for topic in std::mem::take(&mut request.topics) {
        let (there, missing) = split(&view, topic);
        request.topics.extend(there);
        let refused = missing.map(|it| refusal(&it, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        response.topics.extend(refused);
    }
    if request.topics.is_empty() {
        return response;
    }
    let asked = request.topics.clone();
    let answer = match commit(&context, &view, request).await {
        Ok(answer) => answer,
        Err(error) => {
            let error = told(error, context.version);
            let topics = asked.iter().map(|topic| refusal(topic, error)).collect();
            TxnOffsetCommitResponse { topics, ..Default::default() }
        }
    };
    merge(&mut response, answer);
    response
}

async fn commit(
    context: &Context,
    view: &View,
    request: TxnOffsetCommitRequest,
) -> Result<TxnOffsetCommitResponse, ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let guard = verified(context, view, &request).await?;
    let group = request.group_id.clone();
    let command = groups::command(context, Request::TxnOffsetCommit(request));
    let asked =
        coordinators::ask_behind::<GroupCoordinator, _>(&context.node, &group, command, guard);
    let Answer::TxnOffsetCommit(answer) = asked.await? else {
        return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    Ok(answer)
}

/// The group's partition takes part in the transaction, from now on or already.
async fn verified(
    context: &Context,
    view: &View,
    request: &TxnOffsetCommitRequest,
) -> Result<Option<Guard>, ErrorCode> {
    let partition = coordinators::find::<GroupCoordinator>(view, &request.group_id)?;
    let name = offsets_partition(&context.node, view, &request.group_id);
    let transaction = Transaction {
        id: request.transactional_id.clone(),
        producer: ProducerIdAndEpoch {
            id: ProducerId(request.producer_id),
            epoch: ProducerEpoch(request.producer_epoch),
        },
        knowledge: match context.version {
            VERSION_ADDING.. => Knowledge::Adding,
            VERSION_ABORTABLE.. => Knowledge::Abortable,
            _ => Knowledge::Old,
        },
    };
    let candidate = Candidate { partition, name, sequence: NO_SEQUENCE };
    let verified = verify(&context.node, &transaction, &[candidate]).await;
    verified.into_iter().next().unwrap_or(Err(ErrorCode::UNKNOWN_SERVER_ERROR))
}

/// Partitions that are there, and those that are not.
fn split(
    view: &View,
    topic: TxnOffsetCommitRequestTopic,
) -> (Option<TxnOffsetCommitRequestTopic>, Option<TxnOffsetCommitRequestTopic>) {
    let Some(known) = view.image.topics.by_name(&topic.name) else { return (None, Some(topic)) };
    let TxnOffsetCommitRequestTopic { partitions, .. } = topic.clone();
    let (there, missing): (Vec<_>, Vec<_>) =
        partitions.into_iter().partition(|it| known.partitions.contains_key(&it.partition_index));
    let of = |partitions: Vec<_>| {
        let is_any = !partitions.is_empty();
        is_any.then(|| TxnOffsetCommitRequestTopic { partitions, ..topic.clone() })
    };
    (of(there), of(missing))
}

fn refusal(topic: &TxnOffsetCommitRequestTopic, error: ErrorCode) -> TxnOffsetCommitResponseTopic {
    let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
    let partition = |partition_index| TxnOffsetCommitResponsePartition {
        partition_index,
        error_code: error,
        ..TxnOffsetCommitResponsePartition::default()
    };
    TxnOffsetCommitResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: indexes.map(partition).collect(),
        ..TxnOffsetCommitResponseTopic::default()
    }
}

/// What goes wrong below, as who commits offsets hears it.
fn told(error: ErrorCode, version: i16) -> ErrorCode {
    match error {
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS if version < VERSION_LOADING => {
            ErrorCode::COORDINATOR_NOT_AVAILABLE
        }
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::KAFKA_STORAGE_ERROR => {
            ErrorCode::NOT_COORDINATOR
        }
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => {
            ErrorCode::UNKNOWN_SERVER_ERROR
        }
        error => error,
    }
}

/// Adds what the coordinator says; a topic that is there already gets more partitions.
fn merge(into: &mut TxnOffsetCommitResponse, answer: TxnOffsetCommitResponse) {
    for topic in answer.topics {
        match into.topics.iter_mut().find(|there| there.name == topic.name) {
            Some(there) => there.partitions.extend(topic.partitions),
            None => into.topics.push(topic),
        }
    }
}
