//! Acks that wait for the high watermark.

use super::command::Appended;
use dohle_env::gather::Slot;
use std::collections::VecDeque;

/// Open answers in offset order, which is the order in which they came.
#[derive(Default)]
pub(super) struct Waiting {
    /// (the high watermark that releases it, slot, answer); end offsets never fall.
    open: VecDeque<(i64, Slot<Appended>, Appended)>,
}

impl Waiting {
    /// Keeps an answer until the high watermark reaches `end_offset`.
    ///
    /// A duplicate of a batch that is not committed yet waits for an offset below the newest: it
    /// is released with its neighbours, which is late by at most one commit and never early.
    pub(super) fn push(&mut self, end_offset: i64, slot: Slot<Appended>, answer: Appended) {
        let newest = self.open.back().map_or(end_offset, |(end, ..)| *end);
        self.open.push_back((end_offset.max(newest), slot, answer));
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Takes the next answer that `high_watermark` releases.
    pub(super) fn release(&mut self, high_watermark: i64) -> Option<(Slot<Appended>, Appended)> {
        if self.open.front()?.0 <= high_watermark {
            self.open.pop_front().map(|(_, slot, answer)| (slot, answer))
        } else {
            None
        }
    }

    /// Takes the next answer whatever the high watermark: who waits is told something else.
    pub(super) fn abandon(&mut self) -> Option<Slot<Appended>> {
        self.open.pop_front().map(|(_, slot, _)| slot)
    }
}
