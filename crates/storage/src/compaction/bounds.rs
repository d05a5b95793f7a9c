//! What of a log may be compacted now, and how dirty it is.

use super::compactable::Compactable;
use super::error::CleaningError;
use crate::log::roll::first_timestamp;
use crate::segment::Segment;

/// The result of a look at a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// From here on nothing was compacted.
    pub first_dirty_offset: i64,
    /// Nothing from here on may be: a segment's base offset.
    pub first_uncleanable_offset: i64,
    /// Bytes of the segments below the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of the segments between the two.
    pub cleanable_bytes: u64,
    /// For how long something has waited longer than `max.compaction.lag.ms`, in milliseconds.
    pub delay_ms: i64,
    /// What was noted as compacted does not fit the log: the whole log counts as dirty.
    pub is_reset: bool,
    /// `min.cleanable.dirty.ratio` at the time.
    dirty_ratio_min: f64,
}

impl Bounds {
    /// The share of bytes that were never compacted, 0 to 1.
    #[must_use]
    pub fn dirty_ratio(&self) -> f64 {
        let total = self.clean_bytes + self.cleanable_bytes;
        if total == 0 { 0.0 } else { self.cleanable_bytes as f64 / total as f64 }
    }

    /// Whether it is time to compact the log.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let is_late = self.delay_ms > 0 && self.cleanable_bytes > 0;
        is_late || self.dirty_ratio() > self.dirty_ratio_min
    }
}

impl Compactable {
    /// Says what may be compacted. May wait for the disk, where a lag is configured.
    ///
    /// # Errors
    /// Where the log's files cannot be read.
    pub fn judge(&self, now: i64) -> Result<Bounds, CleaningError> {
        let log = &self.log;
        let noted = self.first_dirty_offset.unwrap_or(log.start_offset);
        let is_reset = noted < log.start_offset || noted > log.end_offset;
        let first_dirty_offset = if is_reset { log.start_offset } else { noted };
        let active = log.segments.active.base_offset;
        let mut uncleanable = self.last_stable_offset.min(active);
        if let Some(offset) = self.first_too_young(first_dirty_offset, now)? {
            uncleanable = uncleanable.min(offset);
        }
        uncleanable = uncleanable.max(first_dirty_offset);
        // The segment that holds the offset, for a segment is compacted as a whole.
        let mut first_uncleanable_offset = match self.sealed_from(uncleanable).first() {
            Some(segment) => segment.base_offset,
            None => active,
        };
        // What the disk may lack waits for its flush: its files are still being written.
        let unwritten = log.segments.sealed().iter().find(|of| of.has_unwritten_indexes());
        if let Some(segment) = unwritten {
            first_uncleanable_offset = first_uncleanable_offset.min(segment.base_offset);
        }
        let size = |segments: &[Segment]| segments.iter().map(|of| of.size_bytes).sum::<u64>();
        let sealed = log.segments.sealed();
        let below = |offset: i64| sealed.partition_point(|segment| segment.base_offset < offset);
        let dirty_from = log.segments.floor(first_dirty_offset.min(first_uncleanable_offset));
        let dirty = sealed.get(dirty_from..below(first_uncleanable_offset)).unwrap_or_default();
        Ok(Bounds {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes: size(&sealed[..below(first_dirty_offset)]),
            cleanable_bytes: size(dirty),
            delay_ms: self.delay_ms(first_dirty_offset, now)?,
            is_reset,
            dirty_ratio_min: self.config.min_cleanable_dirty_ratio,
        })
    }

    /// The sealed segments from the one that holds `offset` on.
    fn sealed_from(&self, offset: i64) -> &[Segment] {
        let segments = &self.log.segments;
        if offset >= segments.active.base_offset {
            return &[];
        }
        &segments.sealed()[segments.floor(offset)..]
    }

    /// Where the first dirty segment begins that `min.compaction.lag.ms` protects.
    fn first_too_young(&self, dirty: i64, now: i64) -> Result<Option<i64>, CleaningError> {
        let lag_ms = self.config.min_compaction_lag_ms;
        if lag_ms <= 0 {
            return Ok(None);
        }
        for segment in self.sealed_from(dirty) {
            if segment.largest(&self.log.place)?.timestamp > now.saturating_sub(lag_ms) {
                return Ok(Some(segment.base_offset));
            }
        }
        Ok(None)
    }

    fn delay_ms(&self, dirty: i64, now: i64) -> Result<i64, CleaningError> {
        let until = now.saturating_sub(self.config.max_compaction_lag_ms.max(0));
        if until <= 0 {
            return Ok(0);
        }
        let mut delay_ms = 0;
        for segment in self.sealed_from(dirty).iter().filter(|segment| segment.size_bytes > 0) {
            let first = match segment.first_timestamp {
                Some(first) => first,
                None => first_timestamp(segment, &self.log.place)?,
            };
            if first > 0 {
                delay_ms = delay_ms.max(until.saturating_sub(first));
            }
        }
        Ok(delay_ms)
    }
}
