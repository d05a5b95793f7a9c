//! Counters that many threads add to and few ever read.
//!
//! Each thread adds to words of its own, so that counting touches no cache line that another thread
//! writes; a reading sums them. With more than [`SHARDS`] threads some share, and lose nothing.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Threads that have words of their own.
pub const SHARDS: usize = 64;

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A row of counters. They only grow.
pub struct Sharded {
    words: usize,
    shards: [OnceLock<Box<[AtomicU64]>>; SHARDS],
}

impl Sharded {
    /// So many counters, all zero. A thread's words are made when it first counts.
    #[must_use]
    pub fn new(words: usize) -> Self {
        Self { words, shards: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// The words that this thread adds to.
    #[must_use]
    pub fn mine(&self) -> Mine<'_> {
        let shard = &self.shards[shard()];
        Mine(shard.get_or_init(|| (0..self.words).map(|_| AtomicU64::new(0)).collect()))
    }

    /// What all threads have counted so far.
    #[must_use]
    pub fn sums(&self) -> Vec<u64> {
        let mut sums = vec![0_u64; self.words];
        for words in self.shards.iter().filter_map(OnceLock::get) {
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = sum.wrapping_add(word.load(Ordering::Relaxed));
            }
        }
        sums
    }
}

/// One thread's words: found once, they take all that is counted of one event.
#[derive(Clone, Copy)]
pub struct Mine<'a>(&'a [AtomicU64]);

impl Mine<'_> {
    /// Adds to the counter `word`; one that there is not is left alone.
    #[inline]
    pub fn add(self, word: usize, amount: u64) {
        if let Some(word) = self.0.get(word) {
            word.fetch_add(amount, Ordering::Relaxed);
        }
    }
}

fn shard() -> usize {
    // A thread that ends may have lost its number already.
    let number = MINE.try_with(|mine| {
        mine.get().unwrap_or_else(|| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(number));
            number
        })
    });
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Sharded;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "it is about real threads")]
    fn what_all_threads_count_is_summed() {
        let counts = Sharded::new(3);
        std::thread::scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| {
                    let mine = counts.mine();
                    mine.add(0, 1);
                    mine.add(2, 5);
                    mine.add(3, 1);
                });
            }
        });
        assert_eq!(counts.sums(), [100, 0, 500]);
    }
}
