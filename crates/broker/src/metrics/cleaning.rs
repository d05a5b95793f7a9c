//! What the cleaner did, and what it saw when it last looked for something to do.

use dohle_env::clock::Instant;
use dohle_storage::compaction::Cleaned;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// See the module.
#[derive(Default)]
pub(crate) struct Cleaning {
    known: Mutex<Known>,
}

/// What is known of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Logs that were compacted.
    pub(super) runs: u64,
    /// Bytes read for that, by both passes.
    pub(super) read_bytes: u64,
    /// Bytes that stayed.
    pub(super) written_bytes: u64,
    /// Of the last run: what stayed of the bytes that the second pass read, 0 to 1.
    pub(super) kept: f64,
    /// Of the last run: how full the memory for keys was, 0 to 1.
    pub(super) map_utilization: f64,
    /// Of the last run.
    pub(super) took: Duration,
    /// When it last looked; `None` before the first time, or if it is off.
    pub(super) looked_at: Option<Instant>,
    /// How long it looked then.
    pub(super) look: Duration,
    /// The largest share of dirty bytes that any log had then, 0 to 1.
    pub(super) dirtiest: f64,
    /// For how long a log had been later than `max.compaction.lag.ms` then, in milliseconds.
    pub(super) delay_ms: i64,
}

impl Cleaning {
    /// The cleaner has looked at all logs.
    pub(crate) fn on_looked(&self, began: Instant, now: Instant, dirtiest: f64, delay_ms: i64) {
        let mut known = self.lock();
        (known.looked_at, known.look) = (Some(now), now.since(began));
        (known.dirtiest, known.delay_ms) = (dirtiest, delay_ms);
    }

    /// A log was compacted.
    pub(crate) fn on_cleaned(&self, cleaned: &Cleaned, took: Duration) {
        let (mut known, tally) = (self.lock(), &cleaned.tally);
        known.runs += 1;
        known.read_bytes += tally.mapped_bytes + tally.read_bytes;
        known.written_bytes += tally.written_bytes;
        known.kept = tally.written_bytes as f64 / tally.read_bytes.max(1) as f64;
        known.map_utilization = cleaned.map_utilization;
        known.took = took;
    }

    pub(super) fn read(&self) -> Known {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
