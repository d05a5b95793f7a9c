//! DescribeProducers: what partitions know of idempotent and transactional producers.

use super::asking::{Found, ask_each, find};
use crate::partition::{Effect, Partition};
use crate::request::Context;
use dohle_metadata::controller::{Refusal, check_topic_name};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_producers_request::DescribeProducersRequest;
use dohle_protocol::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use dohle_protocol::wire::Text;

pub(crate) async fn handle(
    context: Context,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let view = context.view();
    let refusals: Vec<Option<Refusal>> = request
        .topics
        .iter()
        .map(|topic| refusal(&topic.name, view.topic(&topic.name).is_some()))
        .collect();
    let questions = request.topics.iter().zip(&refusals).flat_map(|(topic, refusal)| {
        let view = &view;
        topic.partition_indexes.iter().map(move |index| {
            let found: Found = match refusal {
                Some(refusal) => Err(refusal.code),
                None => find(view, &topic.name, *index),
            };
            (found, producers)
        })
    });
    let mut answers = ask_each(questions).answers().await.into_iter();
    let topics = request.topics.iter().zip(&refusals).map(|(topic, refusal)| TopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partition_indexes
            .iter()
            .zip(answers.by_ref())
            .map(|(index, answer)| PartitionResponse {
                partition_index: *index,
                error_code: answer.as_ref().err().copied().unwrap_or_default(),
                error_message: refusal.as_ref().and_then(|refusal| refusal.message.clone()),
                active_producers: answer.unwrap_or_default(),
                ..PartitionResponse::default()
            })
            .collect(),
        ..TopicResponse::default()
    });
    DescribeProducersResponse { topics: topics.collect(), ..DescribeProducersResponse::default() }
}

/// Why the topic as a whole cannot be described.
fn refusal(name: &Text, exists: bool) -> Option<Refusal> {
    let unknown = || {
        let message = "This server does not host this topic-partition.";
        Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
    };
    check_topic_name(name).err().or_else(|| (!exists).then(unknown))
}

fn producers(
    partition: &mut Partition,
    _: &mut Vec<Effect>,
) -> Result<Vec<ProducerState>, ErrorCode> {
    let state =
        |(producer_id, producer): (i64, &dohle_storage::producers::Producer)| ProducerState {
            producer_id,
            producer_epoch: i32::from(producer.epoch),
            last_sequence: producer.last_sequence(),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_start_offset: producer.transaction_first_offset.unwrap_or(-1),
            ..ProducerState::default()
        };
    Ok(partition.led_log()?.producers().map(state).collect())
}
