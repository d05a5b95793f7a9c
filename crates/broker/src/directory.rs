//! A log directory as partitions see it: its lane, how fast it is, and its group commit.
//!
//! What becomes dirty in a partition during its flush waits for the next, so any number of producers
//! share one; flushes of several partitions run side by side, and the file system merges their
//! commits. A failed write or sync takes the directory offline and is never tried again: after a
//! failed fdatasync the kernel may have dropped the pages.

use crate::deletions::Removal;
use crate::metrics::Histogram;
use crate::partition::Partition;
use crate::partition::command::Command;
use crate::room::{self, Room, Turn};
use crate::slowness::Slowness;
use crate::unopened::Unopened;
use dohle_env::clock::{Clock, Instant};
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use dohle_env::tasks::{Job, Lane, Tasks};
use dohle_storage::FlushWork;
use dohle_storage::checkpoint::OffsetCheckpoint;
use dohle_storage::log_dir::{LogDir, Offline};
use dohle_storage::partition_directory::TopicPartition;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One of `log.dirs`.
pub(crate) struct Directory {
    /// What is in it.
    pub(crate) log_dir: Arc<LogDir>,
    /// Where its blocking work runs.
    pub(crate) lane: Lane,
    tasks: Arc<dyn Tasks>,
    clock: Arc<dyn Clock>,
    /// How long flushes of partitions took.
    pub(crate) flush_times: Histogram,
    slowness: Slowness,
    /// What is left for clients' records.
    pub(crate) room: Room,
    flushes: Mutex<Flushes>,
    removals: Mutex<Removals>,
    /// Partitions placed here since the start.
    partitions: AtomicUsize,
    /// Writes of `log-start-offset-checkpoint`.
    pub(crate) log_starts: Writes,
    /// Logs that the start could not open.
    pub(crate) unopened: Unopened,
    /// The stop has written its checkpoints: one that was begun before must not replace them.
    is_closed: Mutex<bool>,
}

/// Writes of one file that several tasks replace: what was asked for later wins.
#[derive(Default)]
pub(crate) struct Writes {
    begun: AtomicU64,
    written: Mutex<u64>,
}

impl Writes {
    /// To be called before gathering what is to be written.
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Runs `write`, unless one that began later has been written.
    pub(crate) fn newest<T>(&self, begun: u64, write: impl FnOnce() -> T) -> Option<T> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if begun < *written {
            return None;
        }
        *written = begun;
        Some(write())
    }
}

/// Flushes that run at once. A lane has four threads: one is left to those who read.
const FLUSHES_AT_ONCE: usize = 3;

/// The flushes of a directory; a partition has one at a time.
#[derive(Default)]
struct Flushes {
    waiting: VecDeque<(Arc<Strand<Partition>>, FlushWork)>,
    /// Jobs on the lane that run those that wait.
    jobs: usize,
}

/// What is to be removed now; one job on the lane does one at a time.
#[derive(Default)]
struct Removals {
    waiting: VecDeque<Removal>,
    is_running: bool,
}

impl Directory {
    pub(crate) fn new(
        log_dir: Arc<LogDir>,
        tasks: Arc<dyn Tasks>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            lane: Lane::Disk(log_dir.path().clone()),
            log_dir,
            tasks,
            clock,
            flush_times: Histogram::default(),
            slowness: Slowness::default(),
            room: Room::default(),
            flushes: Mutex::default(),
            removals: Mutex::default(),
            partitions: AtomicUsize::new(0),
            is_closed: Mutex::new(false),
            log_starts: Writes::default(),
            unopened: Unopened::default(),
        })
    }

    /// Asks the file system what is left; says so when that begins to be too little, or ends. May
    /// block.
    pub(crate) fn measure_room(&self) {
        // Who asks in vain has taken the directory offline.
        let space = match self.log_dir.space() {
            Ok(space) => space,
            Err(offline) => return tracing::error!("{offline}"),
        };
        let path = self.log_dir.path().display();
        match self.room.measured(space) {
            Some(Turn::UsedUp) => tracing::error!(
                usable_bytes = space.usable_bytes,
                reserved_bytes = room::reserve(space),
                "no space left in {path}: producers are refused until there is more; delete topics \
                 or shorten their retention, make room on the disk or enlarge it"
            ),
            Some(Turn::Free) => tracing::info!(
                usable_bytes = space.usable_bytes,
                "space again in {path}: producers are served"
            ),
            None => {}
        }
    }

    /// Whether writes should not run on a reactor now.
    pub(crate) fn is_slow(&self, now: Instant) -> bool {
        self.slowness.lasts(now)
    }

    /// Runs `write` and remembers if it was slow.
    pub(crate) fn time_write(
        &self,
        clock: &dyn Clock,
        write: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let began = clock.now();
        let written = write();
        self.slowness.note(began, clock.now());
        written
    }

    /// Writes a checkpoint, unless the directory is closed.
    pub(crate) fn checkpoint(
        &self,
        kind: OffsetCheckpoint,
        entries: &[(TopicPartition, i64)],
    ) -> Result<(), Offline> {
        let is_closed = self.is_closed.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_closed { Ok(()) } else { self.log_dir.write_offsets(kind, entries) }
    }

    /// Lets `write` be the last to write checkpoints here.
    pub(crate) fn close<T>(&self, write: impl FnOnce(&LogDir) -> T) -> T {
        let mut is_closed = self.is_closed.lock().unwrap_or_else(PoisonError::into_inner);
        *is_closed = true;
        write(&self.log_dir)
    }

    /// How many partitions were placed here: new ones go where there are fewest.
    pub(crate) fn partition_count(&self) -> usize {
        self.partitions.load(Ordering::Relaxed)
    }

    pub(crate) fn add_partitions(&self, count: usize) {
        self.partitions.fetch_add(count, Ordering::Relaxed);
    }

    /// Takes the directory offline.
    pub(crate) fn fail(&self, doing: &str, error: &io::Error) {
        let was_online = self.log_dir.is_online();
        let offline = self.log_dir.fail(doing, error);
        if was_online {
            tracing::error!("{offline}");
        }
    }

    /// Runs `job` on the directory's lane.
    pub(crate) fn job(&self, job: Job) {
        self.tasks.job(&self.lane, job);
    }

    /// Runs `job`, which a client waits for, on the directory's lane; drops it if the lane is full.
    pub(crate) fn client_job(&self, job: Job) {
        self.tasks.client_job(&self.lane, job);
    }

    /// Whether the lane takes no more jobs of clients.
    pub(crate) fn is_full(&self) -> bool {
        self.tasks.is_full(&self.lane)
    }

    /// Runs `work` on the directory's lane and waits for what it gives; `None` if the node stops.
    pub(crate) async fn on_lane<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let gather = Gather::with_capacity(1);
        let slot = gather.slot();
        self.job(Box::new(move || slot.fill(work())));
        match gather.all().await.pop() {
            Some(Answer::Filled(result)) => Some(result),
            Some(Answer::Gone | Answer::Missing) | None => None,
        }
    }

    /// Flushes `work` on the lane and tells the partition.
    pub(crate) fn flush(self: &Arc<Self>, partition: Arc<Strand<Partition>>, work: FlushWork) {
        let mut flushes = self.lock();
        flushes.waiting.push_back((partition, work));
        if flushes.jobs == FLUSHES_AT_ONCE {
            return;
        }
        flushes.jobs += 1;
        drop(flushes);
        let directory = self.clone();
        self.job(Box::new(move || {
            while let Some((partition, work)) = directory.next_flush() {
                let began = directory.clock.now();
                let flushed = work.run();
                directory.flush_times.record(directory.clock.now().since(began));
                partition.submit(Command::Flushed(flushed));
            }
        }));
    }

    /// The flush to run next; without one the job that asks ends.
    fn next_flush(&self) -> Option<(Arc<Strand<Partition>>, FlushWork)> {
        let mut flushes = self.lock();
        let next = flushes.waiting.pop_front();
        if next.is_none() {
            flushes.jobs -= 1;
        }
        next
    }

    /// Runs `removal` on the lane, behind those that came before; a failure takes the directory offline.
    pub(crate) fn remove(self: &Arc<Self>, removal: Removal) {
        let mut removals = self.removals.lock().unwrap_or_else(PoisonError::into_inner);
        removals.waiting.push_back(removal);
        let is_running = std::mem::replace(&mut removals.is_running, true);
        drop(removals);
        if !is_running {
            self.remove_next();
        }
    }

    /// A job for the removal to run next. Each has a job of its own, which comes behind what the lane
    /// was given meanwhile: thousands of files hold up nobody.
    fn remove_next(self: &Arc<Self>) {
        let mut removals = self.removals.lock().unwrap_or_else(PoisonError::into_inner);
        let next = removals.waiting.pop_front();
        removals.is_running = next.is_some();
        drop(removals);
        let Some(removal) = next else { return };
        let directory = self.clone();
        self.job(Box::new(move || {
            if let Err(error) = removal() {
                directory.fail("Removing files", &error);
            }
            directory.remove_next();
        }));
    }

    fn lock(&self) -> MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
