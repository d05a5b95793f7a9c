//! A snapshot of a log for lookups that may wait for the disk.

use crate::leader_epochs::LeaderEpochs;
use crate::limits::UNPACKED_BYTES_MAX;
use crate::place::Place;
use crate::plan::{Access, Cursor, Planner, ReadLimit, ReadPlan, Stop, Want, batches_from};
use crate::scan::{Found, or_end};
use crate::segment::Segment;
use crate::segments::Segments;
use crate::transaction_index::AbortedTransaction;
use crate::unreadable_batch::{Unreadable, UnreadableBatch};
use bytes::Bytes;
use dohle_protocol::record::batch::{MAGIC_POSITION, MAGIC_V2};
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::{AnyBatch, Batches};
use std::io;
use std::sync::Arc;

/// What ListOffsets may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampQuery {
    /// -2: the log's start.
    Earliest,
    /// -1: the log's end.
    Latest,
    /// -3: the first record with the largest timestamp.
    MaxTimestamp,
    /// The first record at or after this timestamp.
    At(i64),
}

/// An offset, its record's timestamp, and its leader's epoch (-1 where unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetAtTimestamp {
    /// The timestamp; -1 for the start and the end.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
    /// The epoch of the leader that wrote it, or -1.
    pub leader_epoch: i32,
}

/// A log as it was when the snapshot was taken. Files may vanish meanwhile: then `NotFound`.
#[derive(Clone)]
pub struct LogReader {
    pub(crate) place: Arc<Place>,
    pub(crate) segments: Segments,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) start_offset: i64,
    pub(crate) end_offset: i64,
}

impl LogReader {
    /// The first offset.
    #[must_use]
    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset behind the last.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Plans a read; waits for the disk where it must.
    ///
    /// # Errors
    /// The disk's.
    pub fn read(&self, from: Cursor, limit: ReadLimit) -> io::Result<ReadPlan> {
        unblocked(self.planner().plan(Want { from, limit, end_position: None }))
    }

    /// Whole batches as they lie in the log, from the one that holds `from` on, those that end
    /// before `end`; until `visit` says false, or where the last segment has no whole batch.
    ///
    /// # Errors
    /// The disk's, and those of `visit`; `InvalidData` and `UnexpectedEof` where a segment goes on
    /// with something that is no batch.
    pub fn batches(
        &self,
        from: i64,
        end: i64,
        mut visit: impl FnMut(Bytes) -> io::Result<bool>,
    ) -> io::Result<()> {
        let planner = self.planner();
        let mut number = self.segments.floor(from);
        let mut going = true;
        while let Some(segment) = self.segments.get(number).filter(|_| going) {
            let position = unblocked(planner.position_of(segment, from))?;
            let walked = batches_from(segment, &self.place, position, |scan, found| {
                going =
                    found.last_offset < end && visit(Bytes::copy_from_slice(scan.bytes(found)?))?;
                Ok(going)
            });
            number += 1;
            if number == self.segments.count() { or_end(walked)? } else { walked? }
        }
        Ok(())
    }

    /// The aborted transactions that touch `start..end`.
    ///
    /// # Errors
    /// The disk's.
    pub fn aborted_transactions(
        &self,
        start: i64,
        end: i64,
    ) -> io::Result<Vec<AbortedTransaction>> {
        let number = self.segments.floor(start);
        unblocked(self.planner().collect_aborted(number, start, end))
    }

    /// The offset that `query` asks for; `None` where no record qualifies.
    ///
    /// # Errors
    /// The disk's; `InvalidData` with an [`UnreadableBatch`] for one that cannot be looked into.
    pub fn offset_for_timestamp(
        &self,
        query: TimestampQuery,
    ) -> io::Result<Option<OffsetAtTimestamp>> {
        let timestamp = -1;
        match query {
            TimestampQuery::Earliest => {
                let first = self.epochs.entries().first();
                let first = first.filter(|entry| entry.start_offset <= self.start_offset);
                let leader_epoch = first.map_or(-1, |entry| entry.epoch);
                Ok(Some(OffsetAtTimestamp { timestamp, offset: self.start_offset, leader_epoch }))
            }
            TimestampQuery::Latest => {
                let leader_epoch = self.epochs.latest().unwrap_or(-1);
                Ok(Some(OffsetAtTimestamp { timestamp, offset: self.end_offset, leader_epoch }))
            }
            TimestampQuery::MaxTimestamp => self.max_timestamp(),
            TimestampQuery::At(timestamp) => self.first_at(timestamp),
        }
    }

    fn max_timestamp(&self) -> io::Result<Option<OffsetAtTimestamp>> {
        let mut newest = self.segments.first();
        let mut largest = newest.largest(&self.place)?;
        for segment in self.segments.iter().skip(1) {
            let candidate = segment.largest(&self.place)?;
            if candidate.timestamp > largest.timestamp {
                (newest, largest) = (segment, candidate);
            }
        }
        let position = newest.indexes(&self.place)?.offsets.lookup(largest.offset);
        let mut answer = None;
        let walked = batches_from(newest, &self.place, position, |scan, found| {
            if found.max_timestamp != largest.timestamp {
                return Ok(true);
            }
            if largest.timestamp >= 0 {
                answer = first_record(scan.bytes(found)?, found, largest.timestamp, i64::MIN)?;
            }
            Ok(false)
        });
        or_end(walked).map(|()| answer)
    }

    fn first_at(&self, timestamp: i64) -> io::Result<Option<OffsetAtTimestamp>> {
        for segment in self.segments.iter().filter(|segment| segment.size_bytes > 0) {
            let largest = segment.largest(&self.place)?.timestamp;
            let largest = if largest >= 0 { largest } else { segment.opened_at };
            if largest >= timestamp {
                return self.first_at_in(segment, timestamp);
            }
        }
        Ok(None)
    }

    fn first_at_in(
        &self,
        segment: &Segment,
        timestamp: i64,
    ) -> io::Result<Option<OffsetAtTimestamp>> {
        let indexes = segment.indexes(&self.place)?;
        let offset = indexes.times.lookup(timestamp).offset.max(self.start_offset);
        let position = indexes.offsets.lookup(offset);
        let mut answer = None;
        let walked = batches_from(segment, &self.place, position, |scan, found| {
            if found.max_timestamp >= timestamp {
                answer = first_record(scan.bytes(found)?, found, timestamp, self.start_offset)?;
            }
            Ok(answer.is_none())
        });
        or_end(walked).map(|()| answer)
    }

    /// Where in `segment` the first batch lies that ends at or behind `offset`.
    pub(crate) fn position_of(&self, segment: &Segment, offset: i64) -> io::Result<u64> {
        unblocked(self.planner().position_of(segment, offset))
    }

    fn planner(&self) -> Planner<'_> {
        Planner {
            place: &self.place,
            segments: &self.segments,
            end_offset: self.end_offset,
            access: Access::Blocking,
        }
    }
}

fn unblocked<T>(planned: Result<T, Stop>) -> io::Result<T> {
    match planned {
        Ok(planned) => Ok(planned),
        Err(Stop::Disk(error)) => Err(error),
        Err(Stop::Cold) => unreachable!("a blocking planner is never cold"),
    }
}

/// The first record of a batch at or after `timestamp` and at or behind `start_offset`.
fn first_record(
    bytes: &[u8],
    found: &Found,
    timestamp: i64,
    start_offset: i64,
) -> io::Result<Option<OffsetAtTimestamp>> {
    let invalid = |why: Unreadable| {
        let unreadable = UnreadableBatch { base_offset: found.base_offset, why };
        io::Error::new(io::ErrorKind::InvalidData, unreadable)
    };
    let leader_epoch = found.header.map_or(-1, |header| header.partition_leader_epoch.max(-1));
    let qualifies = |at: i64, offset: i64| at >= timestamp && offset >= start_offset;
    let answer = |timestamp, offset| OffsetAtTimestamp { timestamp, offset, leader_epoch };
    let mut buffer = Vec::new();
    let mut as_known = Vec::new();
    let bytes = if found.magic > MAGIC_V2 {
        // Brokers look into a batch whose magic is damaged as if it were today's; clients refuse
        // it.
        as_known.extend_from_slice(bytes);
        as_known[MAGIC_POSITION] = MAGIC_V2 as u8;
        &as_known
    } else {
        bytes
    };
    match Batches::new(bytes).next() {
        Some(Ok(AnyBatch::V2(batch))) => {
            let records =
                batch.records(&mut buffer, UNPACKED_BYTES_MAX).map_err(|e| invalid(e.into()))?;
            for record in records {
                let record = record.map_err(|e| invalid(e.into()))?;
                if qualifies(record.timestamp, record.offset) {
                    return Ok(Some(answer(record.timestamp, record.offset)));
                }
            }
        }
        Some(Ok(AnyBatch::Legacy(batch))) => {
            let records = batch
                .records(&mut Unpacker::new(), &mut buffer, UNPACKED_BYTES_MAX)
                .map_err(|e| invalid(e.into()))?;
            for record in records {
                let record = record.map_err(|e| invalid(e.into()))?.record;
                if qualifies(record.timestamp, record.offset) {
                    return Ok(Some(answer(record.timestamp, record.offset)));
                }
            }
        }
        Some(Err(error)) => return Err(invalid(error.into())),
        None => {}
    }
    Ok(None)
}
