//! Cutting a log's end off.

use super::Log;
use crate::flush::EPOCHS_FILE;
use crate::recovery::{Known, rebuild_producers};
use crate::scan::{Scan, Step};
use crate::segment::Segment;
use crate::segment_files::{Deletion, mark_segment_deleted};
use crate::time_index::TimestampOffset;
use dohle_env::disk::replace_file;
use std::io;

impl Log {
    /// Makes `end` the log's end, removing all records from there on; waits for the disk.
    /// Producers, epochs and indexes are as if the rest had never been. Nothing happens where the
    /// log ends before. What comes back is to be removed after `file.delete.delay.ms`. No flush may
    /// be under way.
    ///
    /// # Errors
    /// The disk's; the log is offline then.
    pub fn truncate_to(&mut self, end: i64, now: i64) -> io::Result<Deletion> {
        assert!(self.staged.is_empty(), "a turn has ended before the log is truncated");
        self.require_writable()?;
        if end >= self.end_offset {
            if self.epochs.truncate_from_end(self.end_offset) {
                self.epochs_idle = false;
                self.epochs_version += 1;
            }
            return Ok(Deletion::default());
        }
        if end < self.segments.first().base_offset {
            return self.truncate_fully_and_start_at(end, now);
        }
        let mut deletion = Deletion::default();
        let truncated = self.cut(end, now, &mut deletion);
        truncated.inspect_err(|error| self.take_offline(error))?;
        Ok(deletion)
    }

    fn cut(&mut self, end: i64, now: i64, deletion: &mut Deletion) -> io::Result<()> {
        self.begin_truncation();
        let place = self.place.clone();
        while self.segments.active.base_offset > end {
            let last = self.segments.sealed_mut().pop();
            let last = last
                .unwrap_or_else(|| unreachable!("the first segment begins at or below the end"));
            let gone = std::mem::replace(&mut self.segments.active, last);
            mark_segment_deleted(&place, &gone, deletion)?;
            self.snapshots.mark_deleted(&place, gone.base_offset, deletion)?;
        }
        cut_segment(&mut self.segments.active, &place, end, now)?;
        self.set_end(end);
        if self.epochs.truncate_from_end(end) {
            self.write_epochs()?;
        }
        self.start_offset = self.start_offset.min(end);
        let known = Known { start_offset: self.start_offset, end_offset: end, clean: false, now };
        self.producers =
            rebuild_producers(&place, &self.segments, &mut self.snapshots, &self.config, known)?;
        // What was removed must not come back beside what is appended now.
        place.disk().sync_directory(&place.directory)
    }

    /// Removes all records; the next one gets `offset`.
    ///
    /// # Errors
    /// The disk's; the log is offline then.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64, now: i64) -> io::Result<Deletion> {
        assert!(self.staged.is_empty(), "a turn has ended before the log is truncated");
        self.require_writable()?;
        let mut deletion = Deletion::default();
        let truncated = self.restart_at(offset, now, &mut deletion);
        truncated.inspect_err(|error| self.take_offline(error))?;
        Ok(deletion)
    }

    fn restart_at(&mut self, offset: i64, now: i64, deletion: &mut Deletion) -> io::Result<()> {
        self.begin_truncation();
        let place = self.place.clone();
        for segment in self.segments.iter() {
            mark_segment_deleted(&place, segment, deletion)?;
        }
        let active = Segment::fresh(offset, now).preallocated(&self.config);
        active.begin_file(&place)?;
        self.segments.restart(active);
        self.set_end(offset);
        self.start_offset = offset;
        self.epochs.clear();
        self.write_epochs()?;
        self.snapshots.restart(&place)?;
        self.producers = crate::producers::Producers::starting_at(offset);
        place.disk().sync_directory(&place.directory)
    }

    /// What was planned or flushed before does not fit any more.
    fn begin_truncation(&mut self) {
        self.generation += 1;
        self.segments.layout += 1;
        self.tail.clear();
        self.end_memo.set(None);
    }

    /// At once: after a crash only entries may be missing that the batches have, none may be left
    /// that they have not.
    fn write_epochs(&mut self) -> io::Result<()> {
        self.epochs_idle = false;
        self.epochs_version += 1;
        let path = self.place.directory.join(EPOCHS_FILE);
        replace_file(self.place.disk(), &path, &self.epochs.encode())?;
        self.epochs_written = self.epochs_version;
        Ok(())
    }

    fn set_end(&mut self, end: i64) {
        self.end_offset = end;
        self.staged_end = end;
        self.recovery_point = self.recovery_point.min(end);
        self.first_dirty_offset = self.first_dirty_offset.map(|offset| offset.min(end));
    }
}

/// Removes the batches of a segment that end at or behind `end`.
fn cut_segment(
    segment: &mut Segment,
    place: &crate::place::Place,
    end: i64,
    now: i64,
) -> io::Result<()> {
    let found = segment.find(place, end, None)?;
    let size_bytes = found.map_or(segment.size_bytes, |found| found.position);
    let mut indexes = (*segment.indexes(place)?).clone();
    indexes.offsets.truncate_to(end);
    indexes.times.truncate_to(end);
    indexes.transactions.truncate_to(end);
    let largest = segment.largest(place)?;
    if size_bytes < segment.size_bytes {
        // Synced, or a crash could bring back what the next segment has replaced.
        let file = segment.file(place)?;
        file.set_size(size_bytes)?;
        file.sync()?;
        segment.size_bytes = size_bytes;
    }
    if largest.timestamp >= 0 {
        let from = indexes.times.last();
        let position = indexes.offsets.lookup(from.offset);
        segment.set_largest(largest_after(segment, place, position, from)?);
    }
    segment.replace_indexes(place, indexes)?;
    if size_bytes == 0 {
        segment.opened_at = now;
        segment.first_timestamp = None;
    }
    Ok(())
}

/// The largest timestamp from `position` on, if it is above `known`.
fn largest_after(
    segment: &Segment,
    place: &crate::place::Place,
    position: u64,
    known: TimestampOffset,
) -> io::Result<TimestampOffset> {
    let mut largest = known;
    if segment.size_bytes == 0 {
        return Ok(largest);
    }
    let file = segment.file(place)?;
    let mut scan =
        Scan::new(&*file, position, segment.size_bytes, crate::limits::HEADER_WINDOW_BYTES);
    while let Step::Batch(found) = scan.step()? {
        if found.max_timestamp > largest.timestamp {
            largest = TimestampOffset { timestamp: found.max_timestamp, offset: found.last_offset };
        }
    }
    Ok(largest)
}
