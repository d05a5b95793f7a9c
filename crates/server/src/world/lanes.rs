//! Threads for work that may block (disk) or burn (cpu).
//!
//! Jobs of one lane start in the order in which they were given. A thread is started when a job
//! finds none idle and the lane has fewer than it may; one that has been idle for a while ends, so
//! a lane without work costs nothing.
//!
//! The node's own work goes first and is never refused: none of it could be told no half-way through
//! a turn, and a strand has at most one job away. What clients ask for (cold reads, look-ups,
//! conversions, checks) waits behind it, leaves one thread of a lane to it, and is refused beyond
//! a limit.

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
    client_jobs_max: usize,
    idle_max: Duration,
    by_name: Mutex<BTreeMap<Lane, Arc<Queue>>>,
}

struct Queue {
    name: &'static str,
    threads_max: usize,
    client_jobs_max: usize,
    /// How long a thread waits for the next job.
    idle_max: Duration,
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

/// A job, and the reactor that asked for it.
type Asked = (Job, Option<Arc<Reactor>>);

/// Who waits for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The node itself.
    Node,
    /// A client.
    Client,
}

#[derive(Default)]
struct Jobs {
    own: VecDeque<Asked>,
    clients: VecDeque<Asked>,
    /// Clients' jobs that threads run now.
    clients_running: usize,
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
            client_jobs_max: options.client_jobs_max,
            idle_max: options.lane_idle_max,
            by_name: Mutex::default(),
        }
    }

    /// Runs `job` on `lane`; turns that it ends in run on `asker`. A client's job is dropped if
    /// too many wait.
    pub(super) fn run(&self, lane: &Lane, of: Of, job: Job, asker: Option<Arc<Reactor>>) {
        let queue = self.queue(lane);
        let mut jobs = queue.lock();
        match of {
            Of::Node => jobs.own.push_back((job, asker)),
            Of::Client if jobs.clients.len() < queue.client_jobs_max => {
                jobs.clients.push_back((job, asker));
            }
            Of::Client => {
                // What a dropped job fills may take locks of its own.
                drop(jobs);
                drop(job);
                return;
            }
        }
        if queue.may_begin(&jobs) <= jobs.idle {
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
        let queue = self.queue(lane);
        let jobs = queue.lock();
        jobs.own.len() + jobs.clients.len()
    }

    /// Whether a client's job would be dropped.
    pub(super) fn is_full(&self, lane: &Lane) -> bool {
        let queue = self.queue(lane);
        queue.client_jobs_max <= queue.lock().clients.len()
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
        let (idle_max, client_jobs_max) = (self.idle_max, self.client_jobs_max);
        let queue = Queue { name, threads_max, client_jobs_max, idle_max, jobs, changed };
        let queue = Arc::new(queue);
        by_name.insert(lane.clone(), queue.clone());
        queue
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }

    /// Clients' jobs that may run at once: one thread is left to the node's own, if there are two.
    fn clients_at_once(&self) -> usize {
        self.threads_max.saturating_sub(1).max(1)
    }

    /// How many of the waiting jobs a thread may begin now.
    fn may_begin(&self, jobs: &Jobs) -> usize {
        let more = self.clients_at_once().saturating_sub(jobs.clients_running);
        jobs.own.len() + jobs.clients.len().min(more)
    }

    fn next(&self, jobs: &mut Jobs) -> Option<(Of, Asked)> {
        if let Some(job) = jobs.own.pop_front() {
            return Some((Of::Node, job));
        }
        if self.clients_at_once() <= jobs.clients_running {
            return None;
        }
        let job = jobs.clients.pop_front()?;
        jobs.clients_running += 1;
        Some((Of::Client, job))
    }

    /// Runs jobs until there are none; a thread of the lane (`stay`) then waits for more.
    fn work(&self, stay: bool) {
        let _end = EndProcessOnPanic;
        let mut jobs = self.lock();
        loop {
            if let Some((of, (job, asker))) = self.next(&mut jobs) {
                drop(jobs);
                reactors::with_asker(asker, job);
                jobs = self.lock();
                if of == Of::Client {
                    jobs.clients_running -= 1;
                }
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
            if waited.timed_out() && self.may_begin(&jobs) == 0 {
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
