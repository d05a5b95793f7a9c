//! How many system calls the world has made, by kind.
//!
//! Each thread counts in words of its own, so that counting costs no shared cache line; a reading
//! sums them. Tests and benchmarks hold the budget per request against these figures.

use std::cell::OnceCell;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Call {
    /// `recv(2)`, also those that found nothing.
    Receive,
    /// `sendmsg(2)`.
    Send,
    /// `sendfile(2)`.
    SendFile,
    /// `accept4(2)`, also those that found nobody.
    Accept,
    /// `pwritev(2)`.
    Write,
    /// `pread(2)`.
    Read,
    /// `fdatasync(2)` of files and `fsync(2)` of directories.
    Sync,
    /// `sync_file_range(2)`.
    StartWriteback,
    /// `cachestat(2)`, or what stands in for it.
    ProbeCache,
    /// A reactor went to wait for events with nothing left to run (`epoll_wait(2)`).
    Wait,
    /// A sleeping reactor was woken by another thread (a write to its eventfd).
    WakeThread,
    /// A message for another reactor that was awake, or already being woken: no system call.
    WakeShared,
}

const KINDS: usize = 12;

/// Counts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; KINDS]);

impl Counts {
    /// The count of one kind.
    #[must_use]
    pub fn of(&self, call: Call) -> u64 {
        self.0[call as usize]
    }
}

impl Sub for Counts {
    type Output = Self;

    /// What was counted between two readings.
    fn sub(self, earlier: Self) -> Self {
        Self(std::array::from_fn(|kind| self.0[kind] - earlier.0[kind]))
    }
}

type Words = [AtomicU64; KINDS];

#[derive(Default)]
struct Threads {
    alive: Vec<Arc<Words>>,
    /// Sums of threads that have ended.
    ended: [u64; KINDS],
}

static THREADS: Mutex<Threads> = Mutex::new(Threads { alive: Vec::new(), ended: [0; KINDS] });

struct Mine(Arc<Words>);

impl Mine {
    fn register() -> Self {
        let words = Arc::new(Words::default());
        threads().alive.push(words.clone());
        Self(words)
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        let mut threads = threads();
        threads.alive.retain(|words| !Arc::ptr_eq(words, &self.0));
        for (sum, word) in threads.ended.iter_mut().zip(&*self.0) {
            *sum += word.load(Ordering::Relaxed);
        }
    }
}

thread_local! {
    static MINE: OnceCell<Mine> = const { OnceCell::new() };
}

fn threads() -> std::sync::MutexGuard<'static, Threads> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts one call on this thread.
pub(super) fn count(call: Call) {
    // While a thread ends its words may be gone; such a call goes uncounted.
    let _counted = MINE.try_with(|mine| {
        let word = &mine.get_or_init(Mine::register).0[call as usize];
        // Only this thread writes the word, so no read-modify-write is needed.
        word.store(word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    });
}

/// What all threads of the process have counted so far.
#[must_use]
pub fn read() -> Counts {
    let threads = threads();
    let mut counts = Counts(threads.ended);
    for words in &threads.alive {
        for (sum, word) in counts.0.iter_mut().zip(&**words) {
            *sum += word.load(Ordering::Relaxed);
        }
    }
    counts
}
