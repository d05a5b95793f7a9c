//! How many transactions there are, and what became of them.

use super::state::TransactionState as S;
use super::{Leadership, TransactionRecord, Transactions};
use crate::counts::{TransactionCounts, TransactionsDone};

/// A decision writes these records.
pub(super) fn count(done: &mut TransactionsDone, records: &[TransactionRecord]) {
    for value in records.iter().filter_map(|record| record.value.as_ref()) {
        match S::from_number(value.transaction_status) {
            Some(S::CompleteCommit) => done.committed += 1,
            Some(S::CompleteAbort) => done.aborted += 1,
            Some(
                S::Empty
                | S::Ongoing
                | S::PrepareCommit
                | S::PrepareAbort
                | S::Dead
                | S::PrepareEpochFence,
            )
            | None => {}
        }
    }
}

/// All transactional ids.
pub(super) fn counts(hard: &Transactions, soft: &Leadership) -> TransactionCounts {
    let mut counts = TransactionCounts { ids: hard.by_id.len() as u64, ..Default::default() };
    counts.done = soft.done;
    for metadata in hard.by_id.values() {
        counts.ending += u64::from(metadata.state.is_ending());
        if metadata.state == S::Ongoing {
            counts.ongoing += 1;
            let began_at = metadata.started_at.max(1);
            if counts.oldest_began_at == 0 || began_at < counts.oldest_began_at {
                counts.oldest_began_at = began_at;
            }
        }
    }
    counts
}
