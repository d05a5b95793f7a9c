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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::TransactionCoordinator;
    use dohle_protocol::ids::{Offset, Timestamp};
    use dohle_protocol::messages as m;
    use dohle_replication::machine::{Entry, Machine};

    #[test]
    fn transactions_are_counted_by_where_they_stand() {
        let record = |(id, state, began_at): (&str, S, i64)| TransactionRecord {
            key: m::TransactionLogKey { transactional_id: id.into() },
            value: Some(m::TransactionLogValue {
                transaction_status: state.number(),
                transaction_start_timestamp_ms: began_at,
                ..Default::default()
            }),
            version: 0,
        };
        let records = [
            ("a", S::Ongoing, 5),
            ("a", S::PrepareCommit, 5),
            ("a", S::CompleteCommit, 5),
            ("b", S::Ongoing, 9),
            ("c", S::Ongoing, 7),
            ("d", S::CompleteAbort, 1),
            ("e", S::PrepareAbort, 1),
        ]
        .map(record);
        let (mut hard, mut soft) = (Transactions::default(), Leadership::default());
        count(&mut soft.done, &records);
        for (at, record) in (0..).zip(records) {
            let entry = Entry::Record { record, timestamp: Timestamp(0), producer: None };
            TransactionCoordinator::apply(&mut hard, Offset(at), &entry);
        }
        let done = TransactionsDone { committed: 1, aborted: 1, timed_out: 0 };
        let expected =
            TransactionCounts { ids: 5, ongoing: 2, ending: 1, oldest_began_at: 7, done };
        assert_eq!(counts(&hard, &soft), expected);
        let mut both = expected;
        both.add(&TransactionCounts::default());
        assert_eq!(both, expected, "none is open there");
    }
}
