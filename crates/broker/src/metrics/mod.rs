//! What a node tells of itself to those who watch it.
//!
//! Requests are counted by the thread that answers them, in words of its own; records by the
//! partition that takes or gives them, which one thread at a time runs. So counting costs a few
//! additions and no shared cache line. A reading (`pages`) asks all partitions as housekeeping does.

mod pages;
mod requests;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use pages::{Page, read};

use requests::Requests;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The counts of a node.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) requests: Requests,
    /// Of partitions that were deleted: sums over all topics never go back.
    retired: Mutex<RecordCounts>,
    /// Logs that were compacted, and the bytes read and written for it.
    cleaned: [AtomicU64; 3],
}

impl Metrics {
    /// A partition is deleted that has counted this.
    pub(crate) fn retire(&self, counts: &RecordCounts) {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.add(counts);
    }

    fn retired(&self) -> RecordCounts {
        *self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A log was compacted.
    pub(crate) fn on_cleaned(&self, read_bytes: u64, written_bytes: u64) {
        for (count, amount) in self.cleaned.iter().zip([1, read_bytes, written_bytes]) {
            count.fetch_add(amount, Ordering::Relaxed);
        }
    }

    fn cleaned(&self) -> [u64; 3] {
        self.cleaned.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

/// What a partition has done since this process opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordCounts {
    pub(crate) messages_in: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) produces: u64,
    pub(crate) failed_produces: u64,
    pub(crate) fetches: u64,
    pub(crate) failed_fetches: u64,
}

impl RecordCounts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.messages_in += other.messages_in;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.produces += other.produces;
        self.failed_produces += other.failed_produces;
        self.fetches += other.fetches;
        self.failed_fetches += other.failed_fetches;
    }
}
