//! `dohle transactions`: transactions and the producers of partitions. Kafka's
//! `kafka-transactions.sh`.

mod abort;
mod hanging;

use crate::arguments::globals;
use crate::arguments::subcommands::{Action, Chosen, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};
use crate::session::Session;
use crate::table;
use dohle_client::TopicPartition;
use dohle_protocol::messages::ListTransactionsRequest;
use serde_json::json;

const fn option(long: &'static str, short: char, required: bool, help: &'static str) -> Opt {
    Opt { long, short, action: Action::Store, required, exclusive: false, help }
}

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-transactions.sh",
    fails_after_help: true,
    about: "This tool is used to analyze the transactional state of producers in the cluster. \
            Before the command: --bootstrap-server, --command-config.",
    commands: &[
        Subcommand {
            name: "list",
            help: "list transactions",
            options: &[
                option("duration-filter", 'd', false, "only those that last longer, in ms"),
                option("transactional-id-pattern", 'p', false, "only ids that match"),
            ],
        },
        Subcommand {
            name: "describe",
            help: "describe the state of an active transactional-id",
            options: &[option("transactional-id", 't', true, "transactional id")],
        },
        Subcommand {
            name: "describe-producers",
            help: "describe the states of active producers for a topic partition",
            options: &[
                option("broker-id", 'b', false, "optional broker id to describe the producer on"),
                option("topic", 't', true, "topic name"),
                option("partition", 'p', true, "partition number"),
            ],
        },
        Subcommand {
            name: "abort",
            help: "abort a hanging transaction (requires administrative privileges)",
            options: &[
                option("topic", 't', true, "topic name"),
                option("partition", 'p', true, "partition number"),
                option("start-offset", 's', false, "start offset of the transaction to abort"),
                option("producer-id", 'i', false, "producer id"),
                option("producer-epoch", 'e', false, "producer epoch"),
                option("coordinator-epoch", 'c', false, "coordinator epoch"),
            ],
        },
        Subcommand {
            name: "find-hanging",
            help: "find hanging transactions",
            options: &[
                option("broker-id", 'b', false, "search the partitions of this broker"),
                option(
                    "max-transaction-timeout",
                    'm',
                    false,
                    "only what is open for more minutes than this (15 by default)",
                ),
                option("topic", 't', false, "search this topic (required with --partition)"),
                option("partition", 'p', false, "partition number"),
            ],
        },
        Subcommand {
            name: "forceTerminateTransaction",
            help: "end what a transactional id has open, and fence its producer (requires \
                   administrative privileges)",
            options: &[option("transactionalId", 't', true, "transactional id")],
        },
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let (given, rest) = globals::take(words, &["bootstrap-server", "command-config"])?;
    let Some(chosen) = TOOL.parse(&rest, console)? else { return Ok(()) };
    if !given.has("bootstrap-server") {
        return Err(Failure::new(
            "kafka-transactions.sh: error: argument --bootstrap-server is required",
        ));
    }
    let session = Session::of(&given)?;
    match chosen.command {
        "list" => list(&session, &chosen, console),
        "describe" => describe(&session, &chosen, console),
        "describe-producers" => producers(&session, &chosen, console),
        "find-hanging" => hanging::find(&session, &chosen, console),
        "forceTerminateTransaction" => abort::terminate(&session, &chosen),
        _ => abort::abort(&session, &chosen),
    }
}

fn number<T: std::str::FromStr>(chosen: &Chosen, name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = chosen.value(name) else { return Ok(None) };
    let parsed = text.parse().map_err(|_| {
        Failure::new(format!("argument --{name}: could not convert '{text}' to a number"))
    });
    parsed.map(Some)
}

fn partition(chosen: &Chosen) -> Result<TopicPartition, Failure> {
    let index = number(chosen, "partition")?.unwrap_or(0);
    Ok(TopicPartition::new(chosen.value("topic").unwrap_or_default(), index))
}

fn list(session: &Session, chosen: &Chosen, console: &mut Console<'_>) -> Result<(), Failure> {
    let request = ListTransactionsRequest {
        duration_filter: number(chosen, "duration-filter")?.unwrap_or(-1),
        transactional_id_pattern: chosen.value("transactional-id-pattern").map(Into::into),
        ..ListTransactionsRequest::default()
    };
    let found = session.admin(|admin| async move { admin.list_transactions(&request).await })?;
    console.begin();
    if console.keeps_answer() {
        for (broker, one) in
            found.iter().flat_map(|(broker, of)| of.iter().map(move |one| (broker, one)))
        {
            console.tell(|| {
                json!({
                    "transactionalId": one.transactional_id.as_str(),
                    "coordinatorId": broker,
                    "producerId": one.producer_id,
                    "state": one.transaction_state.as_str(),
                })
            });
        }
        return Ok(());
    }
    let mut rows = Vec::new();
    for (broker, transactions) in found {
        rows.extend(transactions.iter().map(|one| {
            vec![
                one.transactional_id.to_string(),
                broker.to_string(),
                one.producer_id.to_string(),
                one.transaction_state.to_string(),
            ]
        }));
    }
    let header = ["TransactionalId", "Coordinator", "ProducerId", "TransactionState"];
    table::print(&header, &rows, console)
}

fn describe(session: &Session, chosen: &Chosen, console: &mut Console<'_>) -> Result<(), Failure> {
    let id = chosen.value("transactional-id").unwrap_or_default().to_owned();
    let name = id.clone();
    let (coordinator, state) =
        session.admin(|admin| async move { admin.describe_transaction(&id).await })?;
    let start = Some(state.transaction_start_time_ms).filter(|start| *start >= 0);
    let now = session.client().env().clock.timestamp();
    let or_none =
        |number: Option<i64>| number.map_or_else(|| "None".to_owned(), |one| one.to_string());
    let thing = || {
        let partitions = state.topics.iter().flat_map(|topic| {
            let name = topic.topic.as_str();
            topic.partitions.iter().map(move |one| json!({ "topic": name, "partition": one }))
        });
        json!({
            "transactionalId": name,
            "coordinatorId": coordinator,
            "producerId": state.producer_id,
            "producerEpoch": state.producer_epoch,
            "state": state.transaction_state.as_str(),
            "timeoutMs": state.transaction_timeout_ms,
            "startTimestamp": start,
            "durationMs": start.map(|start| now - start),
            "partitions": partitions.collect::<Vec<_>>(),
        })
    };
    if console.tell(thing) {
        return Ok(());
    }
    let mut partitions = Vec::new();
    for topic in &state.topics {
        partitions.extend(topic.partitions.iter().map(|one| format!("{}-{one}", topic.topic)));
    }
    let row = vec![
        coordinator.to_string(),
        name,
        state.producer_id.to_string(),
        state.producer_epoch.to_string(),
        state.transaction_state.to_string(),
        state.transaction_timeout_ms.to_string(),
        or_none(start),
        or_none(start.map(|start| now - start)),
        partitions.join(","),
    ];
    let header = [
        "CoordinatorId",
        "TransactionalId",
        "ProducerId",
        "ProducerEpoch",
        "TransactionState",
        "TransactionTimeoutMs",
        "CurrentTransactionStartTimeMs",
        "TransactionDurationMs",
        "TopicPartitions",
    ];
    table::print(&header, &[row], console)
}

fn producers(session: &Session, chosen: &Chosen, console: &mut Console<'_>) -> Result<(), Failure> {
    let (wanted, broker) = ([partition(chosen)?], number(chosen, "broker-id")?);
    let found =
        session.admin(|admin| async move { admin.describe_producers(&wanted, broker).await });
    let found = found?;
    console.begin();
    if console.keeps_answer() {
        for one in found.values().flatten() {
            console.tell(|| {
                let start = Some(one.current_txn_start_offset).filter(|start| *start >= 0);
                json!({
                    "producerId": one.producer_id,
                    "producerEpoch": one.producer_epoch,
                    "coordinatorEpoch": one.coordinator_epoch,
                    "lastSequence": one.last_sequence,
                    "lastTimestamp": one.last_timestamp,
                    "startOffset": start,
                })
            });
        }
        return Ok(());
    }
    let rows: Vec<_> = found
        .values()
        .flatten()
        .map(|one| {
            let start = Some(one.current_txn_start_offset).filter(|start| *start >= 0);
            vec![
                one.producer_id.to_string(),
                one.producer_epoch.to_string(),
                one.coordinator_epoch.to_string(),
                one.last_sequence.to_string(),
                one.last_timestamp.to_string(),
                start.map_or_else(|| "None".to_owned(), |start| start.to_string()),
            ]
        })
        .collect();
    let header = [
        "ProducerId",
        "ProducerEpoch",
        "LatestCoordinatorEpoch",
        "LastSequence",
        "LastTimestamp",
        "CurrentTransactionStartOffset",
    ];
    table::print(&header, &rows, console)
}
