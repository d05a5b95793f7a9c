//! One step of a copy.

use crate::leader_epochs::LeaderEpochs;
use crate::log::Log;
use crate::new_batch::NewBatch;
use crate::plan::batches_from;
use crate::reader::LogReader;
use crate::recovery::producers_at;
use crate::scan::{Found, Scan, is_damage};
use crate::segment::is_given_up;
use bytes::Bytes;
use std::fmt;
use std::io;

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of batches that were copied.
    pub size_bytes: u64,
    /// The copy ends where the log ended when it was looked at.
    pub is_level: bool,
}

/// Why a step could not be done.
#[derive(Debug)]
pub enum CopyError {
    /// The log has given segments up meanwhile: look at it again.
    Outrun,
    /// A batch of the log is damaged. The copy is left as it is.
    Unreadable {
        /// Where it begins.
        base_offset: i64,
    },
    /// The log cannot be read.
    Log(io::Error),
    /// The copy cannot be written; it is offline now.
    Copy(io::Error),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outrun => f.write_str("the log has given segments up meanwhile"),
            Self::Unreadable { base_offset } => {
                write!(f, "the batch at offset {base_offset} is damaged")
            }
            Self::Log(error) => write!(f, "the log cannot be read: {error}"),
            Self::Copy(error) => write!(f, "the copy cannot be written: {error}"),
        }
    }
}

impl std::error::Error for CopyError {}

/// What a walk over the log's batches has met.
enum Met {
    /// All there is, or enough.
    Batches(Vec<NewBatch>),
    /// A batch that begins below the copy's end and ends behind it.
    Spanning,
}

impl Log {
    /// Takes the next batches of `source` over, whole and at their offsets: some MiB at most, at
    /// least one batch. What the copy has and the log has not is cut off before; where the log's
    /// start has moved beyond the copy's end, or back before its first segment, the copy begins anew.
    /// Waits for the disk.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn copy_from(
        &mut self,
        source: &LogReader,
        bytes_max: u64,
        now: i64,
    ) -> Result<Copied, CopyError> {
        self.align(source, now)?;
        if self.end_offset == self.segments.first().base_offset {
            self.learn_producers(source, now)?;
        }
        let batches = match self.next_batches(source, bytes_max)? {
            Met::Batches(batches) => batches,
            Met::Spanning => {
                // The log has compacted the batch that the copy ends with, or its start lies within
                // the first one.
                let begin = source.first_base().map_err(unread)?;
                self.begin_at(begin, now).map_err(CopyError::Copy)?;
                return Ok(Copied { size_bytes: 0, is_level: false });
            }
        };
        let is_all = batches.is_empty();
        let size_bytes = batches.iter().map(|batch| batch.bytes().len() as u64).sum();
        for batch in batches {
            self.stage_copy(batch, now).map_err(CopyError::Copy)?;
        }
        self.write_staged(now)
            .map_err(|offline| CopyError::Copy(io::Error::other(offline.reason.to_string())))?;
        if is_all && self.end_offset < source.end_offset {
            // The log has offsets at its end whose records are compacted away.
            self.skip_to(source.end_offset, now).map_err(CopyError::Copy)?;
        }
        self.advance_start_offset(source.start_offset);
        Ok(Copied { size_bytes, is_level: self.end_offset == source.end_offset })
    }

    /// Cuts off what `source` does not have, or begins anew where it has nothing in common, or begins
    /// below the copy: a power loss has brought back what it had removed before the copy began.
    fn align(&mut self, source: &LogReader, now: i64) -> Result<(), CopyError> {
        self.require_writable().map_err(CopyError::Copy)?;
        let ours = (&self.epochs, self.end_offset);
        let end = common_end(ours, (&source.epochs, source.end_offset));
        let mut begin = source.start_offset;
        if end < begin {
            begin = source.first_base().map_err(unread)?;
        }
        let has_come_back = source.start_offset < self.segments.first().base_offset;
        if has_come_back {
            begin = source.first_base().map_err(unread)?;
        }
        if end < begin || end < self.start_offset || has_come_back {
            return self.begin_at(begin, now).map_err(CopyError::Copy);
        }
        if end < self.end_offset {
            // A copy's segments have no readers.
            let cut = self.truncate_to(end, now).and_then(|deletion| deletion.run());
            cut.map_err(CopyError::Copy)?;
        }
        Ok(())
    }

    /// What producers have written before the copy's first batch: its own batches do not tell, and
    /// a batch that is repeated must be known again after a crash.
    fn learn_producers(&mut self, source: &LogReader, now: i64) -> Result<(), CopyError> {
        let begin = self.end_offset;
        let expiration_ms = self.config.producer_id_expiration_ms;
        let known = producers_at(source, begin, now, expiration_ms).map_err(unread)?;
        if known.count() != 0 {
            self.snapshots.retake(&known, begin);
        }
        self.producers = known;
        Ok(())
    }

    fn begin_at(&mut self, offset: i64, now: i64) -> io::Result<()> {
        self.truncate_fully_and_start_at(offset, now)?.run()
    }

    /// The batches behind the copy's end.
    fn next_batches(&self, source: &LogReader, bytes_max: u64) -> Result<Met, CopyError> {
        let from = self.end_offset;
        let mut batches = Vec::new();
        let (mut size_bytes, mut spanning, mut damaged) = (0, false, None);
        let mut visit = |scan: &mut Scan<'_>, found: &Found| -> io::Result<bool> {
            if found.base_offset >= source.end_offset {
                return Ok(false);
            }
            // First: what a damaged header says of offsets is not to be gone by.
            if !scan.is_valid(found)? {
                damaged = Some(found.base_offset);
                return Ok(false);
            }
            if found.last_offset >= source.end_offset {
                return Ok(false);
            }
            if found.base_offset < from {
                spanning = true;
                return Ok(false);
            }
            size_bytes += found.size_bytes;
            let bytes = Bytes::copy_from_slice(scan.bytes(found)?);
            match NewBatch::copied(found, bytes) {
                Some(batch) => batches.push(batch),
                None => damaged = Some(found.base_offset),
            }
            Ok(damaged.is_none() && size_bytes < bytes_max)
        };
        let mut number = source.segments.floor(from);
        let (mut going, mut is_broken) = (true, false);
        while let Some(segment) = source.segments.get(number).filter(|_| going) {
            let walked = source.position_of(segment, from).and_then(|position| {
                batches_from(segment, &source.place, position, |scan, found| {
                    going = visit(scan, found)?;
                    Ok(going)
                })
            });
            match walked {
                Err(error) if is_damage(&error) => {
                    (going, is_broken) = (false, true);
                }
                walked => walked.map_err(unread)?,
            }
            number += 1;
        }
        if is_broken {
            damaged = Some(batches.last().map_or(from, |last| last.header.next_offset()));
        }
        match (spanning, damaged) {
            (true, _) => Ok(Met::Spanning),
            // What lies before it is copied first.
            (false, Some(base_offset)) if batches.is_empty() => {
                Err(CopyError::Unreadable { base_offset })
            }
            (false, _) => Ok(Met::Batches(batches)),
        }
    }

    /// Makes `offset` the log's end without a record before it.
    fn skip_to(&mut self, offset: i64, now: i64) -> io::Result<()> {
        self.roll_at(offset, now).inspect_err(|error| self.take_offline(error))?;
        self.end_offset = offset;
        self.staged_end = offset;
        Ok(())
    }
}

impl LogReader {
    /// Where the batch begins that holds the log's start; the start itself where none does.
    fn first_base(&self) -> io::Result<i64> {
        let start = self.start_offset;
        let mut first = start;
        if let Some(segment) = self.segments.get(self.segments.floor(start)) {
            let position = self.position_of(segment, start)?;
            batches_from(segment, &self.place, position, |_, found| {
                first = first.min(found.base_offset);
                Ok(false)
            })?;
        }
        Ok(first)
    }
}

fn unread(error: io::Error) -> CopyError {
    if is_given_up(&error) { CopyError::Outrun } else { CopyError::Log(error) }
}

/// Where two logs part at the latest: of one leader's epoch all batches up to an offset are the
/// same once one of them is. Logs without epochs are believed as far as both go.
fn common_end(ours: (&LeaderEpochs, i64), theirs: (&LeaderEpochs, i64)) -> i64 {
    let mut end = ours.1.min(theirs.1);
    let epoch_before = |epochs: &LeaderEpochs, end: i64| {
        let above = epochs.entries().partition_point(|entry| entry.start_offset < end);
        above.checked_sub(1).map(|at| epochs.entries()[at])
    };
    while let (Some(our), Some(their)) = (epoch_before(ours.0, end), epoch_before(theirs.0, end)) {
        if our.epoch == their.epoch {
            break;
        }
        end = our.start_offset.max(their.start_offset);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::common_end;
    use crate::leader_epochs::LeaderEpochs;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for (epoch, start_offset) in entries {
            epochs.assign(*epoch, *start_offset);
        }
        epochs
    }

    #[test]
    fn two_logs_part_where_their_epochs_do() {
        type Side<'a> = (&'a [(i32, i64)], i64);
        let check = |ours: Side<'_>, theirs: Side<'_>, end: i64| {
            let (our, their) = (epochs(ours.0), epochs(theirs.0));
            assert_eq!(common_end((&our, ours.1), (&their, theirs.1)), end, "{ours:?} {theirs:?}");
        };
        // One is a part of the other.
        check((&[(0, 0)], 10), (&[(0, 0)], 20), 10);
        check((&[(0, 0)], 20), (&[(0, 0)], 10), 10);
        check((&[(0, 0)], 10), (&[(0, 0), (3, 10)], 20), 10);
        check((&[(0, 0)], 10), (&[(0, 0), (3, 10)], 10), 10);
        // A crash took the log's end, and another leader wrote there.
        check((&[(0, 0)], 20), (&[(0, 0), (1, 15)], 30), 15);
        check((&[(0, 0), (1, 12)], 20), (&[(0, 0), (2, 15)], 30), 12);
        check((&[(0, 0), (1, 12), (2, 14)], 20), (&[(0, 0), (3, 5)], 30), 5);
        // Nothing in common.
        check((&[(1, 0)], 20), (&[(2, 0)], 30), 0);
        // Nobody knows of epochs.
        check((&[], 20), (&[(2, 0)], 30), 20);
        check((&[], 20), (&[], 15), 15);
    }
}
