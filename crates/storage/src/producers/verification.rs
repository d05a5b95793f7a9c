//! Transactions that are being verified: before a transaction's first batch in a partition its
//! coordinator is asked whether the partition takes part (KIP-890).
//!
//! In memory only, and only where the log is led. A verification ends with the first batch of the
//! transaction or with a marker: an answer that comes after a marker verifies nothing any more, for
//! it may be about the transaction before.

use std::collections::BTreeMap;

/// Names one verification; what was verified under another is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard(u64);

/// The batch that wants to be a transaction's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstBatch {
    /// Whose it is.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Its first sequence.
    pub sequence: i32,
    /// The verification also adds the partition: each transaction has an epoch of its own.
    pub adds: bool,
}

/// What is known of a producer whose transaction is being verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    guard: Guard,
    began_at: i64,
    epoch: i16,
    /// The lowest sequence that has asked: a later one must not come first.
    pub(super) lowest_sequence: i32,
    pub(super) adds: bool,
}

/// All that are under way, by producer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verifications {
    by_producer: BTreeMap<i64, Verification>,
    next_guard: u64,
}

impl Verifications {
    /// Begins one, or joins the one that is under way.
    pub(crate) fn begin(&mut self, first: FirstBatch, now: i64) -> Guard {
        let FirstBatch { producer_id, epoch, sequence, adds } = first;
        let next_guard = &mut self.next_guard;
        let verification = self.by_producer.entry(producer_id).or_insert_with(|| {
            *next_guard += 1;
            let guard = Guard(*next_guard);
            Verification { guard, began_at: now, epoch, lowest_sequence: sequence, adds }
        });
        if verification.epoch < epoch {
            (verification.epoch, verification.lowest_sequence) = (epoch, sequence);
        } else if verification.epoch == epoch {
            verification.lowest_sequence = verification.lowest_sequence.min(sequence);
        }
        verification.guard
    }

    pub(crate) fn get(&self, producer_id: i64) -> Option<Verification> {
        self.by_producer.get(&producer_id).copied()
    }

    /// Whether `guard` is that of the producer's present verification.
    pub(crate) fn holds(&self, producer_id: i64, guard: Option<Guard>) -> bool {
        let present = self.get(producer_id).map(|verification| verification.guard);
        present.is_some() && present == guard
    }

    /// A batch of a transaction was appended, or its end. An end whose epoch is that of a newer
    /// transaction's first batch, which is being verified already, does not end that.
    pub(crate) fn on_appended(&mut self, producer_id: i64, epoch: i16, is_control: bool) {
        let is_of_next = |verification: &Verification| {
            is_control && verification.adds && verification.epoch == epoch
        };
        if self.by_producer.get(&producer_id).is_some_and(|it| !is_of_next(it)) {
            self.by_producer.remove(&producer_id);
        }
    }

    /// Forgets those that nobody has finished for `expiration_ms`.
    pub(crate) fn expire(&mut self, now: i64, expiration_ms: i64) {
        let is_fresh = |it: &Verification| now.saturating_sub(it.began_at) < expiration_ms;
        self.by_producer.retain(|_, verification| is_fresh(verification));
    }
}
