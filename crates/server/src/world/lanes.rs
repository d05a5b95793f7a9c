//! Threads for work that may block (disk) or burn (cpu).
//!
//! Jobs of one lane start in the order in which they were given. A thread is started when a job
//! finds none idle and the lane has fewer than it may; one that has been idle for a while ends, so
//! a lane without work costs nothing.
//!
//! Lanes hold what they are given: a strand has at most one job away, so the jobs waiting are
//! bounded by those who ask, and none of them can be told no half-way through a turn.

use super::WorldOptions;
use super::reactors::{self, Reactor};
use super::task::EndProcessOnPanic;
use dohle_env::tasks::{Job, Lane};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// All lanes of a node.
pub(super) struct Lanes {
    disk_threads: usize,
    cpu_threads: usize,
    idle_max: Duration,
    by_name: Mutex<BTreeMap<Lane, Arc<Queue>>>,
}

struct Queue {
    name: &'static str,
    threads_max: usize,
    /// How long a thread waits for the next job.
    idle_max: Duration,
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<(Job, Option<Arc<Reactor>>)>,
    threads: usize,
    idle: usize,
    closing: bool,
}

impl Lanes {
    /// No lane has a thread yet.
    pub(super) fn new(options: &WorldOptions) -> Self {
        Self {
            disk_threads: options.disk_threads.get(),
            cpu_threads: options.cpu_threads.get(),
            idle_max: options.lane_idle_max,
            by_name: Mutex::default(),
        }
    }

    /// Runs `job` on `lane`; turns that it ends in run on `asker`.
    pub(super) fn run(&self, lane: &Lane, job: Job, asker: Option<Arc<Reactor>>) {
        let queue = self.queue(lane);
        let mut jobs = queue.lock();
        jobs.waiting.push_back((job, asker));
        if jobs.waiting.len() <= jobs.idle {
            drop(jobs);
            queue.changed.notify_one();
            return;
        }
        if jobs.threads == queue.threads_max {
            return;
        }
        jobs.threads += 1;
        drop(jobs);
        let for_thread = queue.clone();
        let named = thread::Builder::new().name(queue.name.to_owned());
        if let Err(error) = named.spawn(move || for_thread.work(true)) {
            tracing::error!(%error, lane = ?lane, "no thread for a lane; its other threads go on");
            queue.without_thread();
        }
    }

    /// Jobs of `lane` that no thread has begun.
    pub(super) fn waiting(&self, lane: &Lane) -> usize {
        self.queue(lane).lock().waiting.len()
    }

    /// Lets all lanes run dry and their threads end; whether they did within `limit`.
    pub(super) fn finish(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let queues: Vec<_> = lock(&self.by_name).values().cloned().collect();
        queues.iter().all(|queue| queue.finish(deadline))
    }

    fn queue(&self, lane: &Lane) -> Arc<Queue> {
        let mut by_name = lock(&self.by_name);
        if let Some(queue) = by_name.get(lane) {
            return queue.clone();
        }
        let (name, threads_max) = match lane {
            Lane::Disk(_) => ("disk", self.disk_threads),
            Lane::Cpu => ("cpu", self.cpu_threads),
        };
        let (jobs, changed) = (Mutex::default(), Condvar::new());
        let queue = Queue { name, threads_max, idle_max: self.idle_max, jobs, changed };
        let queue = Arc::new(queue);
        by_name.insert(lane.clone(), queue.clone());
        queue
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }

    /// Runs jobs until there are none; a thread of the lane (`stay`) then waits for more.
    fn work(&self, stay: bool) {
        let _end = EndProcessOnPanic;
        let mut jobs = self.lock();
        loop {
            if let Some((job, asker)) = jobs.waiting.pop_front() {
                drop(jobs);
                reactors::with_asker(asker, job);
                jobs = self.lock();
                continue;
            }
            if jobs.closing || !stay {
                break;
            }
            jobs.idle += 1;
            let (woken, waited) = self
                .changed
                .wait_timeout(jobs, self.idle_max)
                .unwrap_or_else(PoisonError::into_inner);
            jobs = woken;
            jobs.idle -= 1;
            if waited.timed_out() && jobs.waiting.is_empty() {
                break;
            }
        }
        jobs.threads -= 1;
        drop(jobs);
        self.changed.notify_all();
    }

    /// The system gave no thread. With none at all the jobs would wait for ever, so the caller
    /// does them: slow, but nothing hangs.
    fn without_thread(&self) {
        let mut jobs = self.lock();
        if jobs.threads == 1 {
            drop(jobs);
            self.work(false);
        } else {
            jobs.threads -= 1;
        }
    }

    fn finish(&self, deadline: Instant) -> bool {
        let mut jobs = self.lock();
        jobs.closing = true;
        self.changed.notify_all();
        while jobs.threads > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            jobs = self.changed.wait_timeout(jobs, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
