//! Runs tasks, jobs, turns and timers of all processes on one thread, in an order from the seed.
//!
//! A *process* has a few *reactors*; each has a queue of what is ready. Which reactor runs next,
//! and which of its ready tasks, the seed picks; a turn runs after all that was ready on its
//! reactor when it was asked for. A *job* runs some time after it was given, several at once per
//! lane; what it wakes is seen when the virtual time that it cost has passed. Time moves only when
//! nothing can run.

mod core;
mod tasks;

pub use core::ProcessId;
pub(crate) use core::{Call, EventKey};
pub use tasks::SimulatedTasks;

use self::core::{Core, Step, What};
use crate::disk::SimulatedDisk;
use crate::random::Generator;
use crate::trace::Trace;
use dohle_env::clock::Instant;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How running came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The condition holds.
    Reached,
    /// The time is over.
    TimedOut,
    /// The condition does not hold, nothing is ready and no timer is armed: it never will.
    Deadlock,
}

/// The one thread. Cloning shares it.
#[derive(Clone)]
pub struct Executor {
    core: Arc<Mutex<Core>>,
}

impl Executor {
    /// An executor with nothing to do, whose order comes from `random`.
    #[must_use]
    pub fn new(random: Generator, trace: Trace) -> Self {
        Self { core: Arc::new(Mutex::new(Core::new(random, trace))) }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a process with 1 to 3 reactors. What its calls of `disk` cost, its threads pay.
    #[must_use]
    pub fn begin_process(&self, disk: SimulatedDisk) -> ProcessId {
        self.core().begin_process(disk)
    }

    /// Ends a process at once: its tasks, jobs, turns and timers are dropped where they are.
    pub fn end_process(&self, process: ProcessId) {
        // Dropping them runs their code, which may come back to the executor.
        let garbage = self.core().end_process(process);
        drop(garbage);
    }

    /// Stops (SIGSTOP) or continues all threads of a process.
    pub fn pause_process(&self, process: ProcessId, paused: bool) {
        self.core().pause_process(process, paused);
    }

    /// Tasks of a process that have not ended.
    #[must_use]
    pub fn task_count(&self, process: ProcessId) -> usize {
        self.core().task_count(process)
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.core().now
    }

    pub(crate) fn wake_at(&self, process: ProcessId, at: Instant, waker: Waker) -> EventKey {
        self.core().schedule(Some(process), at, What::Wake(waker))
    }

    pub(crate) fn call_at(&self, at: Instant, call: Call) -> EventKey {
        self.core().schedule(None, at, What::Call(call))
    }

    pub(crate) fn cancel(&self, event: EventKey) {
        // Bound, so that a waker is dropped without the lock.
        let _event = self.core().events.remove(&event);
    }

    /// Runs one thing that is ready, or moves the time to the next event, but not past `until`.
    /// False if there is neither.
    fn step(&self, until: Instant) -> bool {
        let step = self.core().next_step(until);
        match step {
            Step::Nothing => return false,
            Step::Moved => {}
            Step::Task { id, mut future, waker } => {
                let ended = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                // Kept, so that it is dropped without the lock if its process ended meanwhile.
                let future = if ended { None } else { Some(future) };
                let garbage = self.core().after_task(id, future);
                drop(garbage);
            }
            Step::Turn(turn) => {
                turn.run();
                self.core().after_turn();
            }
            Step::Job { job, lane, worker } => {
                job();
                self.core().after_job(&lane, worker);
            }
            Step::Wake(waker) => waker.wake(),
            Step::Call(call) => call(),
        }
        true
    }

    /// Runs until `condition` holds, `limit` of virtual time has passed, or nothing can happen.
    pub fn run_until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> Outcome {
        let end = self.now() + limit;
        loop {
            if condition() {
                return Outcome::Reached;
            }
            if !self.step(end) {
                return Outcome::Deadlock;
            }
            if self.now() >= end {
                return if condition() { Outcome::Reached } else { Outcome::TimedOut };
            }
        }
    }

    /// Runs for `time`, or until nothing can happen any more.
    pub fn run_for(&self, time: Duration) -> Outcome {
        self.run_until(time, || false)
    }

    /// Runs `future` in `process` until it ends. The error says why it did not.
    pub fn complete<T: Send + 'static>(
        &self,
        process: ProcessId,
        limit: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Outcome> {
        let result = Arc::new(Mutex::new(None));
        let slot = result.clone();
        let take = move || result.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.spawn(process, async move {
            let value = future.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        let mut value = None;
        match self.run_until(limit, || {
            value = take();
            value.is_some()
        }) {
            Outcome::Reached => Ok(value.expect("the condition was that there is one")),
            outcome @ (Outcome::TimedOut | Outcome::Deadlock) => Err(outcome),
        }
    }

    /// Runs `task` in `process` until it ends.
    pub fn spawn(&self, process: ProcessId, task: impl Future<Output = ()> + Send + 'static) {
        let refused = tasks::spawn(self, process, false, Box::pin(task));
        drop(refused);
    }
}

/// Gives way once: ready at the second poll, which is asked for at once.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
