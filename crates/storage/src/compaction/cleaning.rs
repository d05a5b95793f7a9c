//! The compaction of one log, in steps, so that whoever runs it may pause between them.

use super::Bounds;
use super::compactable::{Compactable, LastRecord};
use super::copying::Copying;
use super::error::CleaningError;
use super::filter::{Filter, RecordCount, Scratch};
use super::mapping::{Mapping, Work};
use super::offset_map::OffsetMap;
use super::replacement::Replacement;
use super::transactions::Transactions;
use crate::log::Log;
use std::collections::BTreeMap;

/// The memory that a cleaning may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resources {
    /// For keys: this cleaning's share of `log.cleaner.dedupe.buffer.size`.
    pub map_bytes: usize,
    /// How much of it is filled at most, 0 to 1: `log.cleaner.io.buffer.load.factor`.
    pub load_factor: f64,
    /// For reading, and again for writing: half of this cleaning's share of
    /// `log.cleaner.io.buffer.size`. A batch that is larger gets what it needs.
    pub buffer_bytes: usize,
    /// Keys are hashed under it. Random, and known to nobody else.
    pub secret: [u8; 16],
}

/// What a cleaning has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes that the first pass read.
    pub mapped_bytes: u64,
    /// Bytes that the second pass read.
    pub read_bytes: u64,
    /// Bytes that the second pass wrote.
    pub written_bytes: u64,
    /// Records that the second pass looked at.
    pub read_records: u64,
    /// Those that stayed.
    pub kept_records: u64,
    /// Those without a key: they went.
    pub keyless_records: u64,
    /// Batches with a wrong checksum: they stayed as they are.
    pub damaged_batches: u64,
}

impl Tally {
    /// All bytes that were moved, for who limits them.
    #[must_use]
    pub fn moved_bytes(&self) -> u64 {
        self.mapped_bytes + self.read_bytes + self.written_bytes
    }
}

/// A cleaning that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cleaned {
    /// From here on the log is dirty now.
    pub first_dirty_offset: i64,
    /// What was done.
    pub tally: Tally,
    /// How full the memory for keys was, 0 to 1.
    pub map_utilization: f64,
}

/// What a step has come to.
pub enum Step {
    /// Nothing to tell yet.
    More,
    /// A group of segments is compacted: the log must take it before the next step.
    Replace(Box<Replacement>),
    /// The end.
    Done(Cleaned),
}

/// The compaction of one log.
pub struct Cleaning {
    subject: Compactable,
    bounds: Bounds,
    resources: Resources,
    filter: Filter,
    phase: Phase,
    tally: Tally,
}

enum Phase {
    Begun,
    Mapping(Mapping),
    Copying(Copying),
}

impl Log {
    /// Begins to compact what `bounds` allow of a snapshot of this log. `now` decides which
    /// tombstones may go.
    #[must_use]
    pub fn begin_cleaning(
        &self,
        subject: Compactable,
        bounds: Bounds,
        resources: Resources,
        now: i64,
    ) -> Cleaning {
        Cleaning::new(subject, bounds, resources, self.last_records(), now)
    }
}

impl Cleaning {
    fn new(
        subject: Compactable,
        bounds: Bounds,
        resources: Resources,
        last_records: BTreeMap<i64, LastRecord>,
        now: i64,
    ) -> Self {
        let filter = Filter {
            map: OffsetMap::new(resources.map_bytes, resources.load_factor, resources.secret),
            transactions: Transactions::default(),
            last_records,
            end_offset: bounds.first_uncleanable_offset,
            now,
            delete_retention_ms: subject.config.delete_retention_ms,
            keeps_old_tombstones: true,
            count: RecordCount::default(),
            scratch: Scratch::default(),
        };
        let phase = Phase::Begun;
        Self { subject, bounds, resources, filter, phase, tally: Tally::default() }
    }

    /// What was done so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let RecordCount { read, kept, keyless, damaged_batches } = self.filter.count;
        Tally {
            read_records: read,
            kept_records: kept,
            keyless_records: keyless,
            damaged_batches,
            ..self.tally
        }
    }

    /// Does about 1 MiB of work; waits for the disk.
    ///
    /// # Errors
    /// When the log cannot be compacted now; there is no next step then.
    pub fn step(&mut self) -> Result<Step, CleaningError> {
        let stepped = self.try_step();
        if stepped.is_err() {
            self.abandon();
        }
        stepped
    }

    fn try_step(&mut self) -> Result<Step, CleaningError> {
        match &mut self.phase {
            Phase::Begun => {
                self.phase = Phase::Mapping(Mapping::begin(&self.subject, &self.bounds)?);
                Ok(Step::More)
            }
            Phase::Mapping(mapping) => {
                let Filter { map, scratch, .. } = &mut self.filter;
                let window_bytes = self.resources.buffer_bytes;
                let mut work = Work { window_bytes, scratch, tally: &mut self.tally };
                if mapping.step(&self.subject, &self.bounds, map, &mut work)? {
                    let end_offset = map.latest_offset() + 1;
                    let copying = Copying::begin(&self.subject, &self.bounds, end_offset)?;
                    self.phase = Phase::Copying(copying);
                }
                Ok(Step::More)
            }
            Phase::Copying(copying) if copying.is_done() => Ok(Step::Done(Cleaned {
                first_dirty_offset: self.filter.map.latest_offset() + 1,
                map_utilization: self.filter.map.utilization(),
                tally: self.tally(),
            })),
            Phase::Copying(copying) => {
                let buffer_bytes = self.resources.buffer_bytes;
                let filter = &mut self.filter;
                let finished =
                    copying.step(&self.subject, filter, buffer_bytes, &mut self.tally)?;
                Ok(finished.map_or(Step::More, |finished| Step::Replace(Box::new(finished))))
            }
        }
    }

    /// Removes the files that it has not given away. Nothing but space is lost without this.
    pub fn abandon(&mut self) {
        if let Phase::Copying(copying) = &mut self.phase {
            copying.abandon(&self.subject);
        }
    }
}
