//! What a request costs its client: the time of threads, and how long the client waits for it.
//!
//! Made only where a quota could need it.

use dohle_env::clock::{Clock, Instant};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// Percent of a second, in nanoseconds.
const PERCENT_NANOS: f64 = 1e7;

/// The cost of one request. One thread at a time works on it.
pub(crate) struct Cost {
    clock: Arc<dyn Clock>,
    /// When the present piece of work began.
    since: AtomicU64,
    spent_nanos: AtomicU64,
    wait_ms: AtomicI32,
}

impl Cost {
    /// Work begins.
    pub(crate) fn begin(clock: Arc<dyn Clock>) -> Self {
        let since = AtomicU64::new(clock.now().0);
        Self { clock, since, spent_nanos: AtomicU64::new(0), wait_ms: AtomicI32::new(0) }
    }

    /// Work goes on after a pause.
    pub(crate) fn resume(&self) {
        self.since.store(self.clock.now().0, Ordering::Relaxed);
    }

    /// Work pauses.
    pub(crate) fn pause(&self) {
        self.spent_nanos.store(self.nanos(), Ordering::Relaxed);
        self.resume();
    }

    fn nanos(&self) -> u64 {
        let running = self.clock.now().since(Instant(self.since.load(Ordering::Relaxed)));
        let running = u64::try_from(running.as_nanos()).unwrap_or(u64::MAX);
        self.spent_nanos.load(Ordering::Relaxed).saturating_add(running)
    }

    /// What was spent so far, in percent of a second.
    pub(crate) fn percent(&self) -> f64 {
        self.nanos() as f64 / PERCENT_NANOS
    }

    /// The client waits for at least so long.
    pub(crate) fn wait(&self, milliseconds: i32) {
        self.wait_ms.fetch_max(milliseconds, Ordering::Relaxed);
    }

    /// How long the client waits, whatever its time of threads says.
    pub(crate) fn wait_ms(&self) -> i32 {
        self.wait_ms.load(Ordering::Relaxed)
    }
}
