//! Reading: plans and snapshots.

use super::Log;
use crate::limits::FILE_PIECE_BYTES_MIN;
use crate::plan::{Access, ColdRead, Cursor, Planner, ReadError, ReadLimit, ReadPlan, Stop, Want};
use crate::reader::LogReader;
use crate::tail::Run;
use crate::transaction_index::AbortedTransaction;
use dohle_env::net::Piece;
use smallvec::smallvec;
use std::io;

impl Log {
    /// Where the batches from `from` on lie, as far as `limit` allows; without waiting for the
    /// disk. The first batch is the one that holds the offset; batches are never cut.
    ///
    /// # Errors
    /// [`ReadError::Cold`] where the disk may be waited for.
    pub fn plan(&self, from: Cursor, limit: ReadLimit) -> Result<ReadPlan, ReadError> {
        if self.offline.is_some() {
            return Err(ReadError::Offline);
        }
        if from.offset < self.start_offset || from.offset > self.end_offset {
            return Err(ReadError::OutOfRange);
        }
        let limit = ReadLimit { end_offset: limit.end_offset.min(self.end_offset), ..limit };
        if from.offset >= limit.end_offset {
            return Ok(ReadPlan::nothing(from));
        }
        match self.plan_tail(from, limit) {
            Ok(Some(plan)) => return Ok(plan),
            Ok(None) => {}
            Err(_) => return Err(self.cold(from, limit)),
        }
        let planner = self.planner();
        let planned = self
            .end_position(&planner, limit.end_offset)
            .and_then(|end_position| planner.plan(Want { from, limit, end_position }));
        match planned {
            Ok(plan) => Ok(plan),
            // A disk that fails here fails again on the lane, where the failure can be reported.
            Err(Stop::Cold | Stop::Disk(_)) => Err(self.cold(from, limit)),
        }
    }

    fn cold(&self, from: Cursor, limit: ReadLimit) -> ReadError {
        ReadError::Cold(Box::new(ColdRead { reader: self.reader(), from, limit }))
    }

    /// The plan from memory, if the tail has the offset.
    fn plan_tail(&self, from: Cursor, limit: ReadLimit) -> io::Result<Option<ReadPlan>> {
        let Some(batches) = self.tail.from(from.offset) else { return Ok(None) };
        let ReadLimit { end_offset, size_bytes_max, at_least_one_batch, .. } = limit;
        let run = Run::take(batches, end_offset, size_bytes_max, at_least_one_batch);
        let Some(run) = run else { return Ok(Some(ReadPlan::nothing(from))) };
        let number = self.segments.floor(run.segment);
        let Some(segment) = self.segments.get(number) else { return Ok(None) };
        // Not of this segment alone: the marker may be in the next one.
        let aborted = if limit.aborted {
            match self.planner().collect_aborted(number, from.offset, run.next_offset) {
                Ok(aborted) => aborted,
                Err(Stop::Cold | Stop::Disk(_)) => return Ok(None),
            }
        } else {
            Vec::new()
        };
        let stop = run.position + run.size_bytes as u64;
        let next = Cursor::placed(run.next_offset, self.segments.layout, run.segment, stop);
        let pieces = if run.size_bytes >= FILE_PIECE_BYTES_MIN {
            let size_bytes = u32::try_from(run.size_bytes).map_err(io::Error::other)?;
            let file = segment.file(&self.place)?;
            smallvec![Piece::File { file, position: run.position, size_bytes }]
        } else {
            run.pieces
        };
        Ok(Some(ReadPlan { pieces, size_bytes: run.size_bytes, next, aborted }))
    }

    /// Where the batch at `end_offset` lies, if it is not the log's end; remembered, for the high
    /// watermark and the last stable offset are asked for again and again.
    fn end_position(
        &self,
        planner: &Planner<'_>,
        end_offset: i64,
    ) -> Result<Option<(i64, u64)>, Stop> {
        if end_offset >= self.end_offset {
            return Ok(None);
        }
        if let Some((offset, position)) = self.end_memo.get()
            && offset == end_offset
        {
            return Ok(Some(position));
        }
        let position = match self.tail.position_of(end_offset) {
            Some(position) => position,
            None => {
                let number = self.segments.floor(end_offset);
                let Some(segment) = self.segments.get(number) else { return Ok(None) };
                (segment.base_offset, planner.end_position_of(segment, end_offset)?)
            }
        };
        self.end_memo.set(Some((end_offset, position)));
        Ok(Some(position))
    }

    fn planner(&self) -> Planner<'_> {
        Planner {
            place: &self.place,
            segments: &self.segments,
            end_offset: self.end_offset,
            access: Access::Cached,
        }
    }

    /// A snapshot for lookups that may wait for the disk.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader {
            place: self.place.clone(),
            segments: self.segments.clone(),
            epochs: self.epochs.clone(),
            start_offset: self.start_offset,
            end_offset: self.end_offset,
        }
    }

    /// The aborted transactions that touch `start..end`; `None` where an index must be loaded
    /// first: ask a [`LogReader`].
    #[must_use]
    pub fn aborted_transactions(&self, start: i64, end: i64) -> Option<Vec<AbortedTransaction>> {
        self.planner().collect_aborted(self.segments.floor(start), start, end).ok()
    }

    /// The largest timestamp in the log, where that is known without the disk.
    #[must_use]
    pub fn largest_timestamp(&self) -> Option<i64> {
        let mut largest = None;
        for segment in self.segments.iter() {
            largest = largest.max(Some(segment.largest_known()?.timestamp));
        }
        largest
    }
}
