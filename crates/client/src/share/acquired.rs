//! What a fetch acquired: the records of the ranges that the broker gave to this member, and what else is in them.

use super::Acknowledgement::{Gap, Reject, Release};
use super::Place;
use super::acknowledged::Run;
use crate::Error;
use crate::consumer::Record;
use crate::consumer::record::{Fetched, Wanted};
use crate::metadata::TopicPartition;
use bytes::Bytes;
use dohle_protocol::messages::share_fetch_response::PartitionData;
use dohle_protocol::wire::Records;
use std::collections::BTreeMap;

/// A record that is this member's for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRecord {
    /// The record. Its leader's epoch is not told to share consumers.
    pub record: Record,
    /// How often it was given to somebody, this time included.
    pub delivery_count: i16,
    /// Who is to hear what becomes of it.
    pub(super) broker: i32,
    pub(super) place: Place,
}

/// What one fetch acquired of one partition.
pub(super) struct Acquired {
    pub(super) records: Vec<ShareRecord>,
    /// What becomes of the offsets that nobody is given: those without a record are gaps, those that cannot be read are
    /// rejected, or let go where not even their batches can be told apart.
    pub(super) others: Vec<Run>,
    /// Why something cannot be read.
    pub(super) damage: Option<Error>,
}

/// The records that a broker acquired for this member.
pub(super) fn records(
    partition: &TopicPartition,
    place: Place,
    broker: i32,
    data: PartitionData,
) -> Acquired {
    let bytes = match data.records {
        Some(Records::Bytes(bytes)) => bytes,
        Some(Records::Elsewhere { .. }) | None => Bytes::new(),
    };
    let mut acquired = Acquired { records: Vec::new(), others: Vec::new(), damage: None };
    let end = match Fetched::end(&bytes) {
        Ok(Some(end)) => end,
        Ok(None) => return acquired,
        Err(error) => {
            let ranges = data.acquired_records.iter();
            let ranges = ranges.map(|one| (one.first_offset, one.last_offset, Release));
            acquired.others = ranges.collect();
            acquired.damage = Some(error);
            return acquired;
        }
    };
    // The broker leaves out aborted transactions where the group is to see only committed ones.
    let mut fetched = Fetched::new(partition.clone(), 0, bytes, &[], 0);
    let wanted = Wanted { from: 0, read_committed: false, check_crcs: true };
    let (mut all, mut damaged) = (Vec::new(), Vec::new());
    while let Err(error) = fetched.take(wanted, usize::MAX, &mut all) {
        acquired.damage.get_or_insert(error);
        damaged.extend(fetched.skip_batch());
    }
    let mut there: BTreeMap<i64, Record> =
        all.into_iter().map(|record| (record.offset, record)).collect();
    for range in data.acquired_records {
        // Of what did not come nothing can be said.
        let last = range.last_offset.min(end - 1);
        let mut next = range.first_offset;
        while let Some((offset, mut record)) = first_in(&mut there, next, last) {
            acquired.others.extend(without_records((next, offset - 1), &damaged));
            next = offset + 1;
            record.leader_epoch = -1;
            let delivery_count = range.delivery_count;
            acquired.records.push(ShareRecord { record, delivery_count, broker, place });
        }
        acquired.others.extend(without_records((next, last), &damaged));
    }
    acquired
}

/// What becomes of the offsets from `first` to `last`, which have no record that could be read; `damaged` are the
/// offsets of batches that cannot be, ascending.
fn without_records((first, last): (i64, i64), damaged: &[(i64, i64)]) -> Vec<Run> {
    let (mut runs, mut next) = (Vec::new(), first);
    for (from, to) in damaged {
        let (from, to) = ((*from).max(next), (*to).min(last));
        if from <= to {
            if next < from {
                runs.push((next, from - 1, Gap));
            }
            runs.push((from, to, Reject));
            next = to + 1;
        }
    }
    if next <= last {
        runs.push((next, last, Gap));
    }
    runs
}

/// Takes the first record from `first` to `last`.
fn first_in(there: &mut BTreeMap<i64, Record>, first: i64, last: i64) -> Option<(i64, Record)> {
    if first > last {
        return None;
    }
    let offset = *there.range(first..=last).next()?.0;
    Some((offset, there.remove(&offset)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::ids::Uuid;
    use dohle_protocol::messages::share_fetch_response::AcquiredRecords;
    use dohle_protocol::record::{BatchBuilder, NewRecord};

    /// Batches of one record each, at these offsets.
    fn data(offsets: &[i64], acquired: &[(i64, i64, i16)]) -> PartitionData {
        let mut bytes = Vec::new();
        for offset in offsets {
            let mut batch = BatchBuilder::new(*offset);
            let record = NewRecord { timestamp: 0, key: None, value: Some(b"v"), headers: &[] };
            batch.append(&record).unwrap();
            bytes.extend(batch.build().unwrap().to_vec());
        }
        let acquired = acquired.iter().map(|(first_offset, last_offset, count)| AcquiredRecords {
            first_offset: *first_offset,
            last_offset: *last_offset,
            delivery_count: *count,
            ..AcquiredRecords::default()
        });
        PartitionData {
            records: Some(Records::from(Bytes::from(bytes))),
            acquired_records: acquired.collect(),
            ..PartitionData::default()
        }
    }

    #[test]
    fn records_and_gaps() {
        for (offsets, acquired, expected, gaps) in [
            (&[0, 1, 2][..], &[(0, 2, 1)][..], &[(0, 1), (1, 1), (2, 1)][..], &[][..]),
            // Only what was acquired is this member's.
            (&[0, 1, 2], &[(1, 1, 3)], &[(1, 3)], &[]),
            (&[0, 1, 2, 3], &[(0, 0, 2), (2, 3, 1)], &[(0, 2), (2, 1), (3, 1)], &[]),
            // Offsets without a record, at the front and between.
            (&[2, 5], &[(0, 5, 1)], &[(2, 1), (5, 1)], &[(0, 1), (3, 4)]),
            // What is acquired but did not come is left alone, however much a broker says it is.
            (&[0], &[(0, i64::MAX, 1)], &[(0, 1)], &[]),
            (&[], &[(0, 9, 1)], &[], &[]),
            // Ranges that make no sense.
            (&[0, 1], &[(1, 0, 1)], &[], &[]),
            (&[0, 1], &[(0, 1, 1), (0, 1, 1)], &[(0, 1), (1, 1)], &[(0, 1)]),
        ] {
            let found = acquire(data(offsets, acquired));
            let left: Vec<_> = gaps.iter().map(|(first, last)| (*first, *last, Gap)).collect();
            assert_eq!((given(&found), found.others), (expected.to_vec(), left), "{offsets:?}");
            assert_eq!(found.damage, None);
        }
    }

    fn acquire(data: PartitionData) -> Acquired {
        records(&TopicPartition::new("t", 0), (Uuid::ZERO, 0), 1, data)
    }

    fn given(found: &Acquired) -> Vec<(i64, i16)> {
        found.records.iter().map(|one| (one.record.offset, one.delivery_count)).collect()
    }

    #[test]
    fn what_cannot_be_read_is_rejected_and_the_rest_is_given() {
        let mut damaged = data(&[0, 1, 3], &[(0, 1, 1), (2, 3, 1)]);
        let Some(Records::Bytes(bytes)) = damaged.records.take() else { panic!() };
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 3 * 2 - 1;
        bytes[middle] ^= 1;
        damaged.records = Some(Records::from(Bytes::from(bytes)));
        let found = acquire(damaged);
        assert_eq!(given(&found), [(0, 1), (3, 1)]);
        assert_eq!(found.others, [(1, 1, Reject), (2, 2, Gap)]);
        assert!(found.damage.is_some());
    }

    #[test]
    fn what_are_no_batches_is_let_go() {
        let mut broken = data(&[0], &[(0, 4, 1)]);
        broken.records = Some(Records::from(Bytes::from_static(&[7; 80])));
        let found = acquire(broken);
        assert_eq!((given(&found), found.others), (vec![], vec![(0, 4, Release)]));
        assert!(found.damage.is_some());
    }
}
