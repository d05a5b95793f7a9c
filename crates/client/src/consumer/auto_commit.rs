//! The commits that a consumer makes by itself (`enable.auto.commit`).
//!
//! No poll waits for one: it goes on while somebody polls, and is over when somebody lets go of it.

use super::membership::Committing;
use dohle_env::clock::Instant;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// When the next one is due, and the one that is under way.
pub(super) struct AutoCommit {
    interval: Duration,
    due: Instant,
    /// Nobody locks it: a consumer may be shared, and a future alone may not.
    under_way: Option<Mutex<Committing>>,
}

impl AutoCommit {
    /// The first one is due an `interval` after `now`.
    pub(super) fn new(now: Instant, interval: Duration) -> Self {
        Self { interval, due: now + interval, under_way: None }
    }

    /// Whether it is time for one, and none is under way.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.due && self.under_way.is_none()
    }

    /// Begins one; what comes of it changes nothing, as the next one says the same.
    pub(super) fn begin(&mut self, now: Instant, commit: Committing) {
        self.due = now + self.interval;
        self.under_way = Some(Mutex::new(commit));
    }

    /// Tells nobody any more what the one that is under way has not told yet: other offsets are to be
    /// committed, or others may have had the partitions.
    pub(super) fn give_up(&mut self) {
        self.under_way = None;
    }

    /// Goes on with what is under way, as far as that goes without waiting.
    pub(super) async fn go_on(&mut self) {
        poll_fn(|cx| {
            self.poll(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Goes on with what is under way, and wakes when it can go on again.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(commit) = &mut self.under_way else { return };
        let commit = commit.get_mut().unwrap_or_else(PoisonError::into_inner);
        if commit.as_mut().poll(cx).is_ready() {
            self.under_way = None;
        }
    }
}
