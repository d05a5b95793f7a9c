//! Which transactions' records a walk over a log may drop, and which markers.

use crate::place::Place;
use crate::reader::LogReader;
use crate::transaction_index::Aborted;
use dohle_protocol::record::batch::BatchHeader;
use dohle_protocol::record::{Batch, ControlRecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The transactions that a walk is inside of.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// Aborted ones that the walk has not come to, by first offset, producer and marker.
    ahead: BTreeMap<(i64, i64, i64), Aborted>,
    aborted: BTreeMap<i64, Open>,
    /// Producers of which the walk has seen records that were committed.
    committed: BTreeSet<i64>,
    /// Aborted ones whose marker stays: the transaction index of the file that is written.
    pub(crate) kept: Vec<Aborted>,
}

#[derive(Debug)]
struct Open {
    aborted: Aborted,
    /// The walk has seen a batch of it.
    is_seen: bool,
}

impl Transactions {
    /// The walk may come across these.
    pub(crate) fn expect(&mut self, aborted: Vec<Aborted>) {
        let key = |of: &Aborted| {
            (of.transaction.first_offset, of.transaction.producer_id, of.last_offset)
        };
        self.ahead.extend(aborted.into_iter().map(|aborted| (key(&aborted), aborted)));
    }

    /// The walk has come to a batch of records; true if they were aborted.
    pub(crate) fn on_records(&mut self, header: &BatchHeader) -> bool {
        self.open_up_to(header.last_offset());
        if !header.attributes.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some(open) => {
                open.is_seen = true;
                true
            }
            None => {
                self.committed.insert(header.producer_id);
                false
            }
        }
    }

    /// The walk has come to a control batch; true if it is not needed any more: none of its
    /// transaction's batches is left.
    ///
    /// # Errors
    /// `InvalidData` where nobody can tell what it controls.
    pub(crate) fn on_control(&mut self, batch: &Batch<'_>) -> io::Result<bool> {
        self.open_up_to(batch.header.last_offset());
        // An empty one was cleaned before.
        let Some(kind) = kind_of(batch)? else { return Ok(true) };
        let producer_id = batch.header.producer_id;
        Ok(match kind {
            ControlRecordType::Abort => match self.aborted.remove(&producer_id) {
                Some(open) if open.is_seen => {
                    self.kept.push(open.aborted);
                    false
                }
                Some(_) | None => true,
            },
            ControlRecordType::Commit => !self.committed.remove(&producer_id),
            ControlRecordType::LeaderChange
            | ControlRecordType::SnapshotHeader
            | ControlRecordType::SnapshotFooter
            | ControlRecordType::KRaftVersion
            | ControlRecordType::KRaftVoters
            | ControlRecordType::Unknown(_) => false,
        })
    }

    fn open_up_to(&mut self, offset: i64) {
        while let Some(first) = self.ahead.first_entry()
            && first.key().0 <= offset
        {
            let aborted = first.remove();
            let producer_id = aborted.transaction.producer_id;
            self.aborted.entry(producer_id).or_insert(Open { aborted, is_seen: false });
        }
    }
}

/// What the first record of a control batch says; `None` if there is none.
fn kind_of(batch: &Batch<'_>) -> io::Result<Option<ControlRecordType>> {
    let invalid = |why: String| {
        let base_offset = batch.header.base_offset;
        io::Error::new(io::ErrorKind::InvalidData, format!("control batch at {base_offset}: {why}"))
    };
    let mut buffer = Vec::new();
    let mut records = batch
        .records(&mut buffer, crate::limits::UNPACKED_BYTES_MAX)
        .map_err(|error| invalid(error.to_string()))?;
    let Some(record) = records.next() else { return Ok(None) };
    let record = record.map_err(|error| invalid(error.to_string()))?;
    let kind = ControlRecordType::parse_key(record.key).map_err(|error| invalid(error.to_string()));
    kind.map(Some)
}

/// The aborted transactions that begin before `end` and whose marker lies in the segment of this
/// number or behind it.
pub(crate) fn aborted_from(
    log: &LogReader,
    place: &Place,
    number: usize,
    end: i64,
) -> io::Result<Vec<Aborted>> {
    let mut aborted = Vec::new();
    for segment in log.segments.iter().skip(number).filter(|segment| segment.has_transactions) {
        let indexes = segment.indexes(place)?;
        let all = indexes.transactions.visit(log.start_offset, end, |entry| aborted.push(*entry));
        if all {
            break;
        }
    }
    Ok(aborted)
}
