//! Batches of a produce that belong to a transaction: appended once its coordinator knows of their
//! partitions.

use super::verification::{Candidate, Knowledge, Transaction, verify};
use crate::node::Node;
use crate::partition::Partition;
use crate::partition::command::{Acks, Append, Appended, Command};
use dohle_coordinator::transaction::TopicPartition;
use dohle_env::gather::Slot;
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::check::CheckedBatch;
use std::sync::Arc;

/// From here on a client can be told to abort its transaction.
const VERSION_ABORTABLE: i16 = 11;
/// From here on a partition is added to the transaction by what is written to it.
const VERSION_ADDING: i16 = 12;

/// A batch that waits for its transaction to be verified.
pub(crate) struct Held {
    pub(crate) partition: Arc<Strand<Partition>>,
    pub(crate) name: TopicPartition,
    pub(crate) batch: CheckedBatch,
    pub(crate) slot: Slot<Appended>,
}

/// What a client knows that sends a produce of this version.
pub(crate) fn knowledge(version: i16) -> Knowledge {
    match version {
        VERSION_ADDING.. => Knowledge::Adding,
        VERSION_ABORTABLE.. => Knowledge::Abortable,
        _ => Knowledge::Old,
    }
}

/// Asks the transaction's coordinator, and submits the batches that belong to it. The others are
/// answered.
pub(crate) async fn append(node: &Node, transaction: &Transaction, held: Vec<Held>, acks: Acks) {
    let candidate = |held: &Held| Candidate {
        partition: held.partition.clone(),
        name: held.name.clone(),
        sequence: held.batch.header().base_sequence,
    };
    let candidates: Vec<Candidate> = held.iter().map(candidate).collect();
    let verified = verify(node, transaction, &candidates).await;
    for (Held { partition, batch, slot, .. }, verified) in held.into_iter().zip(verified) {
        match verified {
            Ok(guard) => partition.submit(Command::Append(Append { batch, guard, acks, slot })),
            Err(error) => slot.fill(refused(error, transaction.knowledge)),
        }
    }
}

/// Told so that the producer does what helps: an older one tries again only after errors that it
/// knows from a produce.
fn refused(error: ErrorCode, knowledge: Knowledge) -> Appended {
    let is_translated = match error {
        ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::NOT_COORDINATOR => true,
        ErrorCode::CONCURRENT_TRANSACTIONS => knowledge != Knowledge::Adding,
        _ => false,
    };
    let (error, message) = if is_translated {
        let message = "Unable to verify the partition has been added to the transaction.";
        (ErrorCode::NOT_ENOUGH_REPLICAS, Some(format!("{message} Underlying error: {error}")))
    } else if error == ErrorCode::INVALID_TXN_STATE {
        (error, Some("Partition was not added to the transaction".to_owned()))
    } else {
        (error, None)
    };
    Appended {
        error,
        message,
        base_offset: -1,
        log_append_time: -1,
        log_start_offset: -1,
        leader_epoch: -1,
    }
}
