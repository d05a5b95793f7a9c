//! Before a transaction's first batch in a partition: does the partition take part? (KIP-890)
//!
//! Newer clients add partitions by writing to them: the coordinator is asked to add them. Older
//! ones have added them before: it is asked whether they have.

use super::ask;
use crate::coordinators;
use crate::node::Node;
use crate::partition::{Partition, submit_question};
use dohle_coordinator::transaction::{Answer, Request, TopicPartition, TransactionCoordinator};
use dohle_env::gather::{self, Gather};
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;
use dohle_storage::producers::{FirstBatch, Guard};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The version in which the coordinator is asked.
const VERSION: i16 = 5;

/// What a client knows, by the version of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// It adds partitions before it writes to them.
    Old,
    /// And it can be told to abort.
    Abortable,
    /// It adds partitions by writing to them; each transaction has its epoch.
    Adding,
}

/// Whose batches are to be verified.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: Text,
    pub(crate) producer: ProducerIdAndEpoch,
    pub(crate) knowledge: Knowledge,
}

/// A batch that may be the transaction's first in its partition.
pub(crate) struct Candidate {
    pub(crate) partition: Arc<Strand<Partition>>,
    pub(crate) name: TopicPartition,
    pub(crate) sequence: i32,
}

/// What each batch is appended with, or why it may not be.
pub(crate) async fn verify(
    node: &Node,
    transaction: &Transaction,
    candidates: &[Candidate],
) -> Vec<Result<Option<Guard>, ErrorCode>> {
    let adds = transaction.knowledge == Knowledge::Adding;
    if !adds && !node.verifies_transactions(&node.view().image) {
        return vec![Ok(None); candidates.len()];
    }
    let mut begun = begin(transaction, candidates).await;
    let asked: Vec<TopicPartition> = candidates
        .iter()
        .zip(&begun)
        .filter(|(_, begun)| matches!(begun, Ok(Some(_))))
        .map(|(candidate, _)| candidate.name.clone())
        .collect();
    if asked.is_empty() {
        return begun;
    }
    let asked_at = node.env.clock.now();
    let errors = ask_coordinator(node, transaction, asked).await;
    node.metrics.verifications.record(node.env.clock.now().since(asked_at));
    let failed = errors.iter().filter(|error| error.is_error()).count() as u64;
    node.metrics.verifications_failed.fetch_add(failed, Ordering::Relaxed);
    let mut errors = errors.into_iter();
    for begun in &mut begun {
        if let Ok(Some(_)) = begun
            && let Some(error) = errors.next().filter(|error| error.is_error())
        {
            *begun = Err(told(error, transaction.knowledge));
        }
    }
    begun
}

/// Asks the partitions whether anything has to be verified.
async fn begin(
    transaction: &Transaction,
    candidates: &[Candidate],
) -> Vec<Result<Option<Guard>, ErrorCode>> {
    let gather = Gather::with_capacity(candidates.len());
    for Candidate { partition, sequence, .. } in candidates {
        let first = FirstBatch {
            producer_id: transaction.producer.id.0,
            epoch: transaction.producer.epoch.0,
            sequence: *sequence,
            adds: transaction.knowledge == Knowledge::Adding,
        };
        submit_question(partition, &gather, move |partition, _| {
            let now = partition.timestamp();
            let begun = partition.log_mut()?.begin_verification(first, now);
            begun.map_err(|_| ErrorCode::INVALID_PRODUCER_EPOCH)
        });
    }
    let answers = gather.all().await.into_iter().map(|answer| match answer {
        gather::Answer::Filled(begun) => begun,
        gather::Answer::Gone | gather::Answer::Missing => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
    });
    answers.collect()
}

/// One error for each partition.
async fn ask_coordinator(
    node: &Node,
    transaction: &Transaction,
    partitions: Vec<TopicPartition>,
) -> Vec<ErrorCode> {
    let count = partitions.len();
    let request = Request::AddPartitions {
        transactional_id: transaction.id.clone(),
        producer: transaction.producer,
        partitions,
        verify_only: transaction.knowledge != Knowledge::Adding,
    };
    if let Err(error) = coordinators::find::<TransactionCoordinator>(&node.view(), &transaction.id)
    {
        tracing::debug!(id = &*transaction.id, "no coordinator verifies a transaction: {error}");
        return vec![ErrorCode::COORDINATOR_NOT_AVAILABLE; count];
    }
    match ask(node, &transaction.id, VERSION, request).await {
        Ok(Answer::AddPartitions(errors)) => errors,
        Ok(_) => vec![ErrorCode::UNKNOWN_SERVER_ERROR; count],
        Err(error) => vec![error; count],
    }
}

/// The error as the client may hear it.
fn told(error: ErrorCode, knowledge: Knowledge) -> ErrorCode {
    match error {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if knowledge == Knowledge::Old => {
            ErrorCode::INVALID_TXN_STATE
        }
        error => error,
    }
}
