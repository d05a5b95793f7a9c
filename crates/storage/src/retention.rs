//! Which segments a log may lose: by time, by size, below its start.

use crate::log::Log;
use crate::segment::Segment;
use crate::segment_files::{Deletion, mark_segment_deleted};
use std::io;

/// Why a segment went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// All of it is below the log's start.
    StartOffset,
    /// The log is larger than `retention.bytes` without it.
    Size,
    /// Its records are older than `retention.ms`.
    Time,
}

/// A segment that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Its base offset.
    pub base_offset: i64,
    /// Its size.
    pub size_bytes: u64,
    /// Why.
    pub reason: Reason,
}

/// What a [`Log::retention`] has done.
#[derive(Debug, Default)]
pub struct Retention {
    /// The segments that are gone from the log.
    pub removed: Vec<Removed>,
    /// Their files, to be removed after `file.delete.delay.ms`.
    pub deletion: Deletion,
}

/// One pass over a log.
struct Pass {
    now: i64,
    high_watermark: i64,
    done: Retention,
}

impl Log {
    /// Takes the oldest segments out of the log that the configuration does not want any more;
    /// never one with records at or above the high watermark. The log's start moves with them.
    ///
    /// # Errors
    /// The disk's; the log is offline then.
    pub fn retention(&mut self, now: i64, high_watermark: i64) -> io::Result<Retention> {
        assert!(self.staged.is_empty(), "a turn has ended before segments go");
        let mut pass = Pass { now, high_watermark, done: Retention::default() };
        if self.offline.is_none() {
            self.retain(&mut pass).inspect_err(|error| self.take_offline(error))?;
        }
        Ok(pass.done)
    }

    fn retain(&mut self, pass: &mut Pass) -> io::Result<()> {
        let now = pass.now;
        let start_offset = self.start_offset;
        self.remove_while(pass, Reason::StartOffset, |_, next| {
            Ok(next.is_some_and(|next| next <= start_offset))
        })?;
        if !self.config.delete {
            return Ok(());
        }
        if let Ok(retention_bytes) = u64::try_from(self.config.retention_bytes) {
            let mut surplus = self.size_bytes().checked_sub(retention_bytes);
            self.remove_while(pass, Reason::Size, |segment, _| {
                let rest = surplus.and_then(|surplus| surplus.checked_sub(segment.size_bytes));
                surplus = rest;
                Ok(rest.is_some())
            })?;
        }
        if self.config.retention_ms >= 0 {
            let (place, retention_ms) = (self.place.clone(), self.config.retention_ms);
            self.remove_while(pass, Reason::Time, |segment, _| {
                let largest = segment.largest(&place)?.timestamp;
                // Records without timestamps count as written when this process first saw them.
                let largest = if largest >= 0 { largest } else { segment.opened_at };
                Ok(now.saturating_sub(largest) > retention_ms)
            })?;
        }
        Ok(())
    }

    /// Removes segments from the oldest on while `goes` says so. It is told the next segment's
    /// base.
    fn remove_while(
        &mut self,
        pass: &mut Pass,
        reason: Reason,
        mut goes: impl FnMut(&Segment, Option<i64>) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut count = 0;
        while let Some(segment) = self.segments.get(count) {
            let next = self.segments.get(count + 1).map(|next| next.base_offset);
            let empty_last = next.is_none() && segment.size_bytes == 0;
            let replicated = pass.high_watermark >= next.unwrap_or(self.end_offset);
            if empty_last || !replicated || !goes(segment, next)? {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        if count == self.segments.count() {
            // The log is never without a segment: its name says where the log ends.
            self.roll_at(self.end_offset, pass.now)?;
        }
        let place = self.place.clone();
        if self.segments.active.size_bytes == 0 {
            self.trim_sealed()?;
            self.segments.active.make_file(&place, dohle_env::disk::Open::Create)?;
        }
        // What producers have sent is known from their batches or from a snapshot: before the
        // batches go, a snapshot that only waits for its flush is written.
        self.snapshots.write_pending(&place)?;
        for segment in self.segments.take_first(count) {
            mark_segment_deleted(&place, &segment, &mut pass.done.deletion)?;
            self.snapshots.mark_deleted(&place, segment.base_offset, &mut pass.done.deletion)?;
            let (base_offset, size_bytes) = (segment.base_offset, segment.size_bytes);
            pass.done.removed.push(Removed { base_offset, size_bytes, reason });
        }
        self.advance_start_offset(self.segments.first().base_offset);
        Ok(())
    }
}
