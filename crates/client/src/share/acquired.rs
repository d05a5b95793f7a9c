//! What a fetch acquired: the records of the ranges that the broker gave to this member, and the gaps in them.

use super::Place;
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
    /// The first and last offsets of runs that have no records.
    pub(super) gaps: Vec<(i64, i64)>,
}

/// The records that a broker acquired for this member, and the runs of offsets among them that have none.
pub(super) fn records(
    partition: &TopicPartition,
    place: Place,
    broker: i32,
    data: PartitionData,
) -> Result<Acquired, Error> {
    let bytes = match data.records {
        Some(Records::Bytes(bytes)) => bytes,
        Some(Records::Elsewhere { .. }) | None => Bytes::new(),
    };
    let Some(end) = Fetched::end(&bytes)? else {
        return Ok(Acquired { records: Vec::new(), gaps: Vec::new() });
    };
    // The broker leaves out aborted transactions where the group is to see only committed ones.
    let mut fetched = Fetched::new(partition.clone(), 0, bytes, &[], 0);
    let wanted = Wanted { from: 0, read_committed: false, check_crcs: true };
    let mut all = Vec::new();
    fetched.take(wanted, usize::MAX, &mut all)?;
    let mut there: BTreeMap<i64, Record> =
        all.into_iter().map(|record| (record.offset, record)).collect();
    let (mut records, mut gaps) = (Vec::new(), Vec::new());
    for range in data.acquired_records {
        // Of what did not come nothing can be said.
        let last = range.last_offset.min(end - 1);
        let mut next = range.first_offset;
        while let Some((offset, mut record)) = first_in(&mut there, next, last) {
            if offset > next {
                gaps.push((next, offset - 1));
            }
            next = offset + 1;
            record.leader_epoch = -1;
            let delivery_count = range.delivery_count;
            records.push(ShareRecord { record, delivery_count, broker, place });
        }
        if next <= last {
            gaps.push((next, last));
        }
    }
    Ok(Acquired { records, gaps })
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
            let partition = TopicPartition::new("t", 0);
            let found = records(&partition, (Uuid::ZERO, 0), 1, data(offsets, acquired)).unwrap();
            let left = found.gaps;
            let found: Vec<_> =
                found.records.iter().map(|one| (one.record.offset, one.delivery_count)).collect();
            assert_eq!((found.as_slice(), left.as_slice()), (expected, gaps), "{offsets:?}");
        }
        let broken = PartitionData {
            records: Some(Records::from(Bytes::from_static(&[7; 80]))),
            ..PartitionData::default()
        };
        assert!(records(&TopicPartition::new("t", 0), (Uuid::ZERO, 0), 1, broken).is_err());
    }
}
