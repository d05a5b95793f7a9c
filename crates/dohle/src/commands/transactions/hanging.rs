//! Transactions that are open in a partition while no coordinator knows that the partition takes
//! part: nobody will end them, and the partition's last stable offset stands still.

use super::number;
use crate::arguments::subcommands::Chosen;
use crate::console::{Console, Failure};
use crate::session::Session;
use crate::table;
use dohle_client::TopicPartition;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::ListTransactionsRequest;
use dohle_protocol::messages::describe_producers_response::ProducerState;
use dohle_protocol::messages::describe_transactions_response::TransactionState;
use dohle_protocol::wire::Text;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How many topics or partitions one request asks for.
const BATCH_MAX: usize = 500;

const MINUTE_MS: i64 = 60_000;

/// What is open, by its producer.
type Open = BTreeMap<i64, Vec<(TopicPartition, ProducerState)>>;

/// Finds them where they are looked for, and prints them.
pub(super) fn find(
    session: &Session,
    chosen: &Chosen,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let (broker, partition) = (number(chosen, "broker-id")?, number(chosen, "partition")?);
    let minutes: i32 = number(chosen, "max-transaction-timeout")?.unwrap_or(15);
    let places = match (chosen.value("topic"), partition) {
        (None, _) if broker.is_none() => {
            return Err(Failure::new(
                "find-hanging searches a topic or a broker: --topic or --broker-id",
            ));
        }
        (None, Some(_)) => {
            return Err(Failure::new("--partition needs the --topic that it is of"));
        }
        (Some(topic), Some(partition)) => vec![TopicPartition::new(topic, partition)],
        (Some(topic), None) => partitions_of(session, vec![topic.into()], broker)?,
        (None, None) => {
            let all = session.admin(|admin| async move { admin.list_topics().await })?;
            let names = all.into_iter().map(|topic| topic.name);
            partitions_of(session, names.collect(), broker)?
        }
    };
    let mut open = open_in(session, &places, broker, i64::from(minutes) * MINUTE_MS)?;
    forget_coordinated(session, &mut open)?;
    print(session, &open, console)
}

fn partitions_of(
    session: &Session,
    topics: Vec<Text>,
    broker: Option<i32>,
) -> Result<Vec<TopicPartition>, Failure> {
    let mut places = Vec::new();
    for names in topics.chunks(BATCH_MAX) {
        let names = names.to_vec();
        let described =
            session.admin(|admin| async move { admin.describe_topics(&names, 2000).await })?;
        for topic in described {
            let topic = topic?;
            let has_replica = |replicas: &[i32]| broker.is_none_or(|id| replicas.contains(&id));
            let of = topic.partitions.iter().filter(|it| has_replica(&it.partition.replicas));
            places.extend(of.map(|it| TopicPartition::new(topic.name.clone(), it.partition.index)));
        }
    }
    Ok(places)
}

/// What is open for longer than `timeout_ms`.
fn open_in(
    session: &Session,
    places: &[TopicPartition],
    broker: Option<i32>,
    timeout_ms: i64,
) -> Result<Open, Failure> {
    let mut open = Open::new();
    for batch in places.chunks(BATCH_MAX) {
        let batch = batch.to_vec();
        let found =
            session.admin(|admin| async move { admin.describe_producers(&batch, broker).await })?;
        let now = session.client().env().clock.timestamp();
        for (place, producers) in found {
            for one in producers {
                let is_long = now.saturating_sub(one.last_timestamp) > timeout_ms;
                if one.current_txn_start_offset >= 0 && is_long {
                    open.entry(one.producer_id).or_default().push((place.clone(), one));
                }
            }
        }
    }
    Ok(open)
}

/// Removes what a coordinator will still end: partitions that take part in what is under way.
fn forget_coordinated(session: &Session, open: &mut Open) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    let request = ListTransactionsRequest {
        producer_id_filters: open.keys().copied().collect(),
        duration_filter: -1,
        ..ListTransactionsRequest::default()
    };
    let known = session.admin(|admin| async move { admin.list_transactions(&request).await })?;
    for one in known.into_iter().flat_map(|(_, transactions)| transactions) {
        let Some(state) = described(session, &one.transactional_id)? else { continue };
        let taking_part: BTreeSet<TopicPartition> = state
            .topics
            .iter()
            .flat_map(|topic| {
                topic.partitions.iter().map(|it| TopicPartition::new(topic.topic.clone(), *it))
            })
            .collect();
        if let Some(places) = open.get_mut(&one.producer_id) {
            places.retain(|(place, _)| !taking_part.contains(place));
        }
    }
    Ok(())
}

/// What the coordinator says of a transactional id; `None`: it has forgotten it since.
fn described(session: &Session, id: &str) -> Result<Option<TransactionState>, Failure> {
    let id = id.to_owned();
    match session.admin(|admin| async move { admin.describe_transaction(&id).await }) {
        Ok((_, state)) => Ok(Some(state)),
        Err(error) if error.code() == Some(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn print(session: &Session, open: &Open, console: &mut Console<'_>) -> Result<(), Failure> {
    let now = session.client().env().clock.timestamp();
    console.begin();
    if console.keeps_answer() {
        for (place, one) in open.values().flatten() {
            console.tell(|| {
                json!({
                    "topic": place.topic.as_str(),
                    "partition": place.partition,
                    "producerId": one.producer_id,
                    "producerEpoch": one.producer_epoch,
                    "coordinatorEpoch": one.coordinator_epoch,
                    "startOffset": one.current_txn_start_offset,
                    "lastTimestamp": one.last_timestamp,
                    "durationMs": now.saturating_sub(one.last_timestamp),
                })
            });
        }
        return Ok(());
    }
    let row = |(place, one): &(TopicPartition, ProducerState)| {
        vec![
            place.topic.to_string(),
            place.partition.to_string(),
            one.producer_id.to_string(),
            one.producer_epoch.to_string(),
            one.coordinator_epoch.to_string(),
            one.current_txn_start_offset.to_string(),
            one.last_timestamp.to_string(),
            (now.saturating_sub(one.last_timestamp) / MINUTE_MS).to_string(),
        ]
    };
    let rows: Vec<_> = open.values().flatten().map(row).collect();
    let header = [
        "Topic",
        "Partition",
        "ProducerId",
        "ProducerEpoch",
        "CoordinatorEpoch",
        "StartOffset",
        "LastTimestamp",
        "Duration(min)",
    ];
    table::print(&header, &rows, console)
}
