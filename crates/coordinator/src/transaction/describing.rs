//! DescribeTransactions and ListTransactions.

use super::Answer;
use super::deciding::{Asking, Deciding};
use super::metadata::TransactionMetadata;
use super::state::TransactionState as S;
use dohle_metadata::expression;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::describe_transactions_response as described;
use dohle_protocol::messages::list_transactions_response as listed;
use dohle_protocol::wire::Text;

/// One transactional id.
pub(super) fn describe(deciding: &mut Deciding<'_>, asking: Asking, id: &Text) {
    let mut state =
        described::TransactionState { transactional_id: id.clone(), ..Default::default() };
    if id.is_empty() {
        state.error_code = ErrorCode::INVALID_REQUEST;
    } else if let Some(metadata) = deciding.hard.by_id.get(id) {
        state.transaction_state = Text::from_static(metadata.state.name());
        state.transaction_timeout_ms = metadata.timeout_ms;
        state.transaction_start_time_ms = metadata.started_at;
        state.producer_id = metadata.producer_id;
        state.producer_epoch = metadata.epoch;
        state.topics = topics(metadata);
    } else {
        state.error_code = ErrorCode::TRANSACTIONAL_ID_NOT_FOUND;
    }
    deciding.answer_read(asking.token, Answer::Describe(state));
}

fn topics(metadata: &TransactionMetadata) -> Vec<described::TopicData> {
    let mut topics: Vec<described::TopicData> = Vec::new();
    for of in &metadata.partitions {
        match topics.last_mut() {
            Some(last) if last.topic == of.topic => last.partitions.push(of.partition),
            Some(_) | None => topics.push(described::TopicData {
                topic: of.topic.clone(),
                partitions: vec![of.partition],
                ..Default::default()
            }),
        }
    }
    topics
}

/// All ids that pass every filter that is set. States that do not exist match none.
pub(super) fn list(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: &m::ListTransactionsRequest,
) {
    let pattern = match request.transactional_id_pattern.as_deref().unwrap_or_default() {
        "" => None,
        // The whole id has to match.
        pattern => match expression::compile(pattern) {
            Ok(pattern) => Some(pattern),
            Err(_) => {
                let answer = Answer::Refused(ErrorCode::INVALID_REGULAR_EXPRESSION);
                return deciding.answer_now(asking.token, answer);
            }
        },
    };
    let states: Vec<S> =
        request.state_filters.iter().filter_map(|name| S::from_name(name)).collect();
    let passes = |id: &Text, metadata: &TransactionMetadata| {
        let age = deciding.now.0.saturating_sub(metadata.started_at);
        (request.producer_id_filters.is_empty()
            || request.producer_id_filters.contains(&metadata.producer_id))
            && (request.state_filters.is_empty() || states.contains(&metadata.state))
            && (request.duration_filter < 0 || age > request.duration_filter)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
    };
    let found = deciding.hard.by_id.iter().filter(|(id, metadata)| passes(id, metadata));
    let found = found.map(|(id, metadata)| listed::TransactionState {
        transactional_id: id.clone(),
        producer_id: metadata.producer_id,
        transaction_state: Text::from_static(metadata.state.name()),
        ..Default::default()
    });
    let answer = Answer::List(found.collect());
    deciding.answer_read(asking.token, answer);
}
