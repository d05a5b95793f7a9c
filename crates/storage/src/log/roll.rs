//! When a segment is full, and the next one begins.

use super::{Log, Offline};
use crate::place::Place;
use crate::scan::{Scan, Step};
use crate::segment::Segment;
use crate::segment_files::remove_segment;
use dohle_protocol::record::batch::{BatchHeader, HEADER_SIZE};
use std::hash::Hasher;
use std::io;

impl Log {
    /// Whether a batch of this size must begin a new segment.
    pub(super) fn must_roll(
        &mut self,
        header: &BatchHeader,
        size_bytes: u64,
        now: i64,
    ) -> io::Result<bool> {
        let place = self.place.clone();
        let config = &self.config;
        let active = &mut self.segments.active;
        let relative = header.last_offset() - active.base_offset;
        if relative > i64::from(i32::MAX) || relative < 0 {
            return Ok(true);
        }
        if active.size_bytes == 0 {
            return Ok(false);
        }
        if active.size_bytes + size_bytes > config.segment_bytes {
            return Ok(true);
        }
        if active.first_timestamp.is_none() {
            active.first_timestamp = Some(first_timestamp(active, &place)?);
        }
        let waited = match active.first_timestamp {
            Some(first) if first >= 0 => header.max_timestamp.saturating_sub(first),
            Some(_) | None => now.saturating_sub(active.opened_at),
        };
        let jitter =
            jitter_ms(config.segment_jitter_ms.min(config.segment_ms), &place, active.base_offset);
        if waited > config.segment_ms_max().saturating_sub(jitter) {
            return Ok(true);
        }
        let indexes = active.indexes_mut(&place)?;
        let offsets_max = config.segment_index_bytes / crate::offset_index::ENTRY_SIZE;
        let times_max =
            (config.segment_index_bytes / crate::time_index::ENTRY_SIZE).saturating_sub(1);
        Ok(indexes.offsets.count() >= offsets_max || indexes.times.count() >= times_max)
    }

    /// Begins a new segment at the log's end, if the active one has anything in it.
    ///
    /// # Errors
    /// When the log is offline or goes offline by this.
    pub fn roll(&mut self, now: i64) -> Result<(), Offline> {
        self.require_online()?;
        if self.segments.active.size_bytes > 0
            && let Err(error) = self.roll_at(self.staged_end, now)
        {
            self.take_offline(&error);
        }
        self.require_online()
    }

    pub(crate) fn roll_at(&mut self, base_offset: i64, now: i64) -> io::Result<()> {
        let place = self.place.clone();
        self.segments.active.seal_times(&place)?;
        self.producers.end_offset = base_offset;
        self.snapshots.take(&self.producers);
        let next = Segment::fresh(base_offset, now).preallocated(&self.config);
        if self.segments.active.size_bytes > 0 {
            self.segments.roll_to(next);
        } else if self.segments.active.base_offset != base_offset {
            // Nothing was ever in it: it need not stay.
            remove_segment(&place, &self.segments.active)?;
            self.segments.active = next;
        }
        Ok(())
    }
}

/// The maximum timestamp of a segment's first batch.
pub(crate) fn first_timestamp(segment: &Segment, place: &Place) -> io::Result<i64> {
    let file = segment.file(place)?;
    let mut scan = Scan::new(&*file, 0, segment.size_bytes, HEADER_SIZE);
    Ok(match scan.step()? {
        Step::Batch(found) => found.max_timestamp,
        Step::End | Step::Damaged => -1,
    })
}

/// Spreads the rolls of many logs: the same for one segment whenever it is asked for.
fn jitter_ms(jitter_ms_max: i64, place: &Place, base_offset: i64) -> i64 {
    if jitter_ms_max <= 0 {
        return 0;
    }
    let mut hasher = dohle_env::collections::FixedHasher::default();
    hasher.write(place.name.as_bytes());
    hasher.write_i64(base_offset);
    (hasher.finish() >> 1) as i64 % jitter_ms_max
}
