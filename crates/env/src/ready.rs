//! A set of marked keys with one waker: how many sources wake one task once.
//!
//! A fetch session has one [`Ready`] and leaves a [`Mark`] with each partition it watches. A
//! partition that changes marks; the session's task wakes once and looks only at what was marked.

use crate::sync::{Mutex, MutexGuard};
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// Where marks arrive.
#[derive(Clone, Default)]
pub struct Ready {
    marked: Arc<Mutex<Marked>>,
}

#[derive(Default)]
struct Marked {
    keys: Vec<u32>,
    waker: Option<Waker>,
}

impl Marked {
    /// Nobody may look for hours while marks come: the keys kept are at most four times those
    /// that differ.
    fn add(&mut self, key: u32) {
        if self.keys.last() == Some(&key) {
            return;
        }
        if self.keys.len() == self.keys.capacity() {
            self.keys.sort_unstable();
            self.keys.dedup();
            // Room for as many again, so that sorting stays rare.
            self.keys.reserve(self.keys.len().max(4));
        }
        self.keys.push(key);
    }
}

/// The right to mark one key. It does not keep its [`Ready`] alive.
#[derive(Clone)]
pub struct Mark {
    marked: Weak<Mutex<Marked>>,
    key: u32,
}

impl Ready {
    /// Nothing is marked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The right to mark `key`.
    #[must_use]
    pub fn mark(&self, key: u32) -> Mark {
        Mark { marked: Arc::downgrade(&self.marked), key }
    }

    /// Moves the marked keys into `into` (a key may come more than once). Pending if there are
    /// none; then the next mark wakes.
    pub fn poll_marked(&self, cx: &mut Context<'_>, into: &mut impl Extend<u32>) -> Poll<()> {
        let mut marked = lock(&self.marked);
        if marked.keys.is_empty() {
            marked.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        into.extend(marked.keys.drain(..));
        Poll::Ready(())
    }
}

impl Mark {
    /// Marks the key and wakes who waits. Nothing happens if nobody is left to wait.
    pub fn set(&self) {
        let Some(marked) = self.marked.upgrade() else { return };
        let mut marked = lock(&marked);
        marked.add(self.key);
        let waker = marked.waker.take();
        drop(marked);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether its [`Ready`] is still there.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.marked.strong_count() != 0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
