//! AddPartitionsToTxn and AddOffsetsToTxn: partitions take part in a transaction.

use super::{ask, told};
use crate::node::{Node, View};
use crate::request::Context;
use crate::topic::is_internal;
use dohle_coordinator::group::GroupCoordinator;
use dohle_coordinator::transaction::{Answer, Request, TopicPartition};
use dohle_coordinator::{Coordinated, partition_for};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use dohle_protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use dohle_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use dohle_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;

/// From here on brokers ask, for several transactions at once.
const VERSION_BATCHED: i16 = 4;
/// From here on a client can be told that it is fenced.
const VERSION_FENCED: i16 = 2;
/// Who adds offsets by a request of its own knows no epoch of each transaction: so it is asked as
/// by an old client.
const VERSION_OF_OFFSETS: i16 = 3;

pub(crate) async fn add_partitions(
    context: Context,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    if VERSION_BATCHED <= context.version {
        let mut response = AddPartitionsToTxnResponse::default();
        for transaction in request.transactions {
            response.results_by_transaction.push(add(&context, transaction).await);
        }
        return response;
    }
    let transaction = AddPartitionsToTxnTransaction {
        transactional_id: request.v3_and_below_transactional_id,
        producer_id: request.v3_and_below_producer_id,
        producer_epoch: request.v3_and_below_producer_epoch,
        topics: request.v3_and_below_topics,
        ..AddPartitionsToTxnTransaction::default()
    };
    let result = add(&context, transaction).await;
    AddPartitionsToTxnResponse {
        results_by_topic_v3_and_below: result.topic_results,
        ..AddPartitionsToTxnResponse::default()
    }
}

async fn add(
    context: &Context,
    transaction: AddPartitionsToTxnTransaction,
) -> AddPartitionsToTxnResult {
    let AddPartitionsToTxnTransaction { transactional_id, topics, verify_only, .. } = transaction;
    let is_client = context.version < VERSION_BATCHED;
    let errors = match refused(&context.view(), &topics, is_client) {
        Some(errors) => errors,
        None => {
            let request = Request::AddPartitions {
                transactional_id: transactional_id.clone(),
                producer: producer(transaction.producer_id, transaction.producer_epoch),
                partitions: partitions(&topics).collect(),
                verify_only,
            };
            match ask(&context.node, &transactional_id, context.version, request).await {
                Ok(Answer::AddPartitions(errors)) => errors,
                other => {
                    let error = other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR);
                    let error = told(error, VERSION_FENCED <= context.version);
                    vec![error; partitions(&topics).count()]
                }
            }
        }
    };
    AddPartitionsToTxnResult {
        transactional_id,
        topic_results: results(&topics, errors),
        ..AddPartitionsToTxnResult::default()
    }
}

fn producer(id: i64, epoch: i16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

fn partitions(topics: &[AddPartitionsToTxnTopic]) -> impl Iterator<Item = TopicPartition> {
    topics.iter().flat_map(|of| {
        let one =
            |partition: &i32| TopicPartition { topic: of.name.clone(), partition: *partition };
        of.partitions.iter().map(one)
    })
}

/// If a partition does not exist, none is added; nor if a client names one of the coordinators' topics.
fn refused(
    view: &View,
    topics: &[AddPartitionsToTxnTopic],
    is_client: bool,
) -> Option<Vec<ErrorCode>> {
    let refusal = |it: TopicPartition| {
        let topic = view.image.topics.by_name(&it.topic);
        if is_client && is_internal(&it.topic) {
            Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
        } else if topic.is_none_or(|topic| !topic.partitions.contains_key(&it.partition)) {
            Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        } else {
            None
        }
    };
    let refusals: Vec<Option<ErrorCode>> = partitions(topics).map(refusal).collect();
    let error = |refusal: &Option<ErrorCode>| refusal.unwrap_or(ErrorCode::OPERATION_NOT_ATTEMPTED);
    refusals.iter().any(Option::is_some).then(|| refusals.iter().map(error).collect())
}

/// Errors by partition, in the request's order.
fn results(
    topics: &[AddPartitionsToTxnTopic],
    errors: Vec<ErrorCode>,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let mut errors = errors.into_iter();
    let topic = |topic: &AddPartitionsToTxnTopic| AddPartitionsToTxnTopicResult {
        name: topic.name.clone(),
        results_by_partition: topic
            .partitions
            .iter()
            .zip(errors.by_ref())
            .map(|(partition_index, partition_error_code)| AddPartitionsToTxnPartitionResult {
                partition_index: *partition_index,
                partition_error_code,
                ..AddPartitionsToTxnPartitionResult::default()
            })
            .collect(),
        ..AddPartitionsToTxnTopicResult::default()
    };
    topics.iter().map(topic).collect()
}

/// The partition that keeps the group's offsets takes part.
pub(crate) async fn add_offsets(
    context: Context,
    request: AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let wanted = Request::AddPartitions {
        transactional_id: request.transactional_id.clone(),
        producer: producer(request.producer_id, request.producer_epoch),
        partitions: vec![offsets_partition(&context.node, &context.view(), &request.group_id)],
        verify_only: false,
    };
    let added = ask(&context.node, &request.transactional_id, VERSION_OF_OFFSETS, wanted).await;
    let error_code = match added {
        Ok(Answer::AddPartitions(errors)) => errors.first().copied().unwrap_or_default(),
        Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        Err(error) => told(error, VERSION_FENCED <= context.version),
    };
    AddOffsetsToTxnResponse { error_code, ..AddOffsetsToTxnResponse::default() }
}

/// Where the group's offsets are kept; where they will be, while no group has ever been looked for:
/// a producer may add them before it looks for the group's coordinator.
pub(super) fn offsets_partition(node: &Node, view: &View, group: &str) -> TopicPartition {
    let topic = Text::from_static(GroupCoordinator::TOPIC);
    let count = match view.image.topics.by_name(&topic) {
        Some(topic) => topic.partitions.len(),
        None => usize::try_from(node.config.integer("offsets.topic.num.partitions")).unwrap_or(1),
    };
    TopicPartition { topic, partition: partition_for(group, count) }
}
