//! Virtual time: it stands still while code runs and jumps to the next event when none can.

use crate::executor::{EventKey, Executor, ProcessId};
use dohle_env::clock::{Clock, Instant, Timer};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

/// The wall clock of every node at the beginning: 2026-01-01.
pub const START_TIMESTAMP: i64 = 1_767_225_600_000;

/// How far a node's wall clock is off, in milliseconds. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct WallOffset(Arc<AtomicI64>);

impl WallOffset {
    /// Lets the wall clock jump by `milliseconds`, either way.
    pub fn jump(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

/// The clocks of one process.
#[derive(Clone)]
pub struct SimulatedClock {
    executor: Executor,
    process: ProcessId,
    offset: WallOffset,
}

impl SimulatedClock {
    /// Clocks whose timers end with `process`.
    #[must_use]
    pub fn new(executor: Executor, process: ProcessId, offset: WallOffset) -> Self {
        Self { executor, process, offset }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Instant {
        self.executor.now()
    }

    fn timestamp(&self) -> i64 {
        let elapsed = i64::try_from(self.executor.now().0 / 1_000_000).unwrap_or(i64::MAX);
        START_TIMESTAMP
            .saturating_add(elapsed)
            .saturating_add(self.offset.0.load(Ordering::Relaxed))
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(SimulatedTimer { clock: self.clone(), deadline: Instant::NEVER, event: None })
    }
}

struct SimulatedTimer {
    clock: SimulatedClock,
    deadline: Instant,
    /// The wake that is due at the deadline.
    event: Option<EventKey>,
}

impl SimulatedTimer {
    fn disarm(&mut self) {
        if let Some(event) = self.event.take() {
            self.clock.executor.cancel(event);
        }
    }
}

impl Timer for SimulatedTimer {
    fn arm(&mut self, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The waker may be another one than at the last poll.
        self.disarm();
        if self.deadline == Instant::NEVER {
            return Poll::Pending;
        }
        if self.deadline <= self.clock.executor.now() {
            return Poll::Ready(());
        }
        let SimulatedClock { executor, process, .. } = &self.clock;
        self.event = Some(executor.wake_at(*process, self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for SimulatedTimer {
    fn drop(&mut self) {
        self.disarm();
    }
}
