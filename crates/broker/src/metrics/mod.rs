//! What a node tells of itself to those who watch it.
//!
//! Requests are counted by the thread that answers them, in words of its own; records by the
//! partition that takes or gives them, which one thread at a time runs. So counting costs a few
//! additions and no shared cache line. A reading asks all partitions as housekeeping does; pages are
//! made of it by whoever wants them, away from the reactors.

mod cleaning;
mod histogram;
mod kafka;
mod own;
mod reading;
pub(crate) mod refusals;
mod requests;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use histogram::{Histogram, Times};
pub(crate) use reading::read;
pub use reading::{Reading, SeriesLimits};

use crate::housekeeping::Kind as Duty;
use cleaning::Cleaning;
use dohle_coordinator::Coordinated;
use dohle_coordinator::group::GroupCoordinator;
use refusals::Refusals;
use requests::Requests;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The counts of a node.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) requests: Requests,
    pub(crate) cleaning: Cleaning,
    pub(crate) refusals: Refusals,
    /// How long coordinators took to say whether a partition takes part in a transaction.
    pub(crate) verifications: Histogram,
    /// How many partitions they refused, or did not answer for.
    pub(crate) verifications_failed: AtomicU64,
    /// How long the passes of each duty of housekeeping took.
    pub(crate) passes: [Histogram; Duty::ALL.len()],
    /// Of partitions that were deleted: sums over all topics never go back.
    retired: Mutex<RecordCounts>,
    /// How long it took to load the machines of groups and of transactions.
    loads: [Histogram; 2],
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

    /// The machine of a partition of `topic` was loaded.
    pub(crate) fn on_loaded(&self, topic: &str, took: Duration) {
        let [groups, transactions] = &self.loads;
        let of = if topic == GroupCoordinator::TOPIC { groups } else { transactions };
        of.record(took);
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
    /// Of batches above `max.message.bytes`.
    pub(crate) bytes_rejected: u64,
    /// Records that were put into another batch than they came in.
    pub(crate) produce_conversions: u64,
    /// Records that were put into an older format for who fetched them.
    pub(crate) fetch_conversions: u64,
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
        self.bytes_rejected += other.bytes_rejected;
        self.produce_conversions += other.produce_conversions;
        self.fetch_conversions += other.fetch_conversions;
    }
}
