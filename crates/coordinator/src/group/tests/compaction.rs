//! What the log's cleaner may leave of a log, and that it says the same.

use super::super::{GroupCoordinator, GroupRecord, Groups};
use crate::coordinated::KeyValue;
use bytes::Bytes;
use dohle_protocol::ids::{Offset, ProducerId};
use dohle_replication::machine::{Entry, Machine};
use std::collections::{BTreeMap, BTreeSet};

/// How far the cleaner has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cleaned {
    Nothing,
    /// Of each key the last record is left.
    Duplicates,
    /// Tombstones have gone, too: their time is over.
    Tombstones,
}

/// Whoever reads the log comes to `hard`, wherever the cleaner is.
pub(in crate::group) fn check(log: &[Entry<GroupRecord>], hard: &Groups) {
    for cleaned in [Cleaned::Nothing, Cleaned::Duplicates, Cleaned::Tombstones] {
        let mut read = Groups::default();
        for (at, entry) in left(log, cleaned) {
            GroupCoordinator::apply(&mut read, at, entry);
        }
        // The last entry may be a tombstone.
        read.newest = hard.newest;
        assert_eq!(format!("{read:#?}"), format!("{hard:#?}"), "{cleaned:?}");
    }
}

/// The entries that are left, each at its place.
fn left(
    log: &[Entry<GroupRecord>],
    cleaned: Cleaned,
) -> impl Iterator<Item = (Offset, &Entry<GroupRecord>)> {
    let transactions = Transactions::of(log);
    let mut last: BTreeMap<Bytes, usize> = BTreeMap::new();
    for (at, entry) in log.iter().enumerate().take(transactions.stable_to) {
        if let Entry::Record { record, .. } = entry
            && !transactions.aborted.contains(&at)
        {
            last.insert(record.encode().key, at);
        }
    }
    let is_left = move |at: usize, entry: &Entry<GroupRecord>| {
        let Entry::Record { record, .. } = entry else { return true };
        if cleaned == Cleaned::Nothing || at >= transactions.stable_to {
            return true;
        }
        let KeyValue { key, value } = record.encode();
        last.get(&key) == Some(&at) && (value.is_some() || cleaned == Cleaned::Duplicates)
    };
    let entries = log.iter().enumerate().filter(move |(at, entry)| is_left(*at, entry));
    entries.map(|(at, entry)| (Offset(at as i64), entry))
}

/// What of the log is in transactions.
struct Transactions {
    /// Where the first open one begins: the cleaner does not go further.
    stable_to: usize,
    /// Records that are void.
    aborted: BTreeSet<usize>,
}

impl Transactions {
    fn of(log: &[Entry<GroupRecord>]) -> Self {
        let mut open: BTreeMap<ProducerId, Vec<usize>> = BTreeMap::new();
        let mut aborted = BTreeSet::new();
        for (at, entry) in log.iter().enumerate() {
            match entry {
                Entry::Record { producer: Some(producer), .. } => {
                    open.entry(producer.id).or_default().push(at);
                }
                Entry::Record { producer: None, .. } => {}
                Entry::Marker { producer, committed } => {
                    let ended = open.remove(&producer.id).unwrap_or_default();
                    if !committed {
                        aborted.extend(ended);
                    }
                }
            }
        }
        let stable_to = open.into_values().flatten().min().unwrap_or(log.len());
        Self { stable_to, aborted }
    }
}
