//! A log as the cleaner sees it: a snapshot, and what only the log itself knows.

use crate::log::Log;
use crate::log_config::LogConfig;
use crate::reader::LogReader;
use std::collections::BTreeMap;

/// The last that a producer has written, as far as compaction must not lose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastRecord {
    /// The offset of its last record; `None` if only a marker is known of its epoch.
    pub(crate) offset: Option<i64>,
    pub(crate) epoch: i16,
}

/// A log at one moment. Cheap to make: no list is copied.
#[derive(Clone)]
pub struct Compactable {
    pub(crate) log: LogReader,
    pub(crate) config: LogConfig,
    pub(crate) first_dirty_offset: Option<i64>,
    pub(crate) last_stable_offset: i64,
    pub(crate) generation: u64,
}

impl Compactable {
    /// `topic-partition`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.log.place.name
    }

    /// Whether `cleanup.policy` contains `delete` as well.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.config.delete
    }

    /// `file.delete.delay.ms`.
    #[must_use]
    pub fn file_delete_delay_ms(&self) -> i64 {
        self.config.file_delete_delay_ms
    }
}

impl Log {
    /// What a cleaner works on; `None` if the log is not to be compacted, is offline, or has
    /// nothing but its active segment.
    #[must_use]
    pub fn compactable(&self, high_watermark: i64) -> Option<Compactable> {
        let is_wanted = self.config.compact && self.offline.is_none();
        if !is_wanted || self.segments.sealed().is_empty() {
            return None;
        }
        Some(Compactable {
            log: self.reader(),
            config: self.config.clone(),
            first_dirty_offset: self.first_dirty_offset,
            last_stable_offset: self.last_stable_offset(high_watermark),
            generation: self.generation,
        })
    }

    /// The offset from which on nothing was compacted; `None` if nothing ever was.
    #[must_use]
    pub fn first_dirty_offset(&self) -> Option<i64> {
        self.first_dirty_offset
    }

    /// Below `offset` the log is compacted: what a checkpoint says, or a cleaning that has ended.
    pub fn set_first_dirty_offset(&mut self, offset: i64) {
        self.first_dirty_offset = Some(offset);
    }

    /// Whether a sealed segment's indexes wait for a flush: such a segment is not compacted.
    #[must_use]
    pub fn has_unwritten_sealed_segments(&self) -> bool {
        self.segments.sealed().iter().any(crate::segment::Segment::has_unwritten_indexes)
    }

    /// The last that every producer has written.
    pub(crate) fn last_records(&self) -> BTreeMap<i64, LastRecord> {
        let last = |producer: &crate::producers::Producer| LastRecord {
            offset: Some(producer.last_offset()).filter(|offset| *offset >= 0),
            epoch: producer.epoch,
        };
        self.producers.iter().map(|(id, producer)| (id, last(producer))).collect()
    }
}
