//! A number of bytes that many tasks share, given out in the order in which they asked.

use crate::sync::{AtomicBool, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

/// A shared number of bytes.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

struct Shared {
    shares: Mutex<Shares>,
    /// Whether somebody waits, for those who ask often: written under the lock, read without it.
    is_short: AtomicBool,
}

struct Shares {
    free_bytes: usize,
    total_bytes: usize,
    /// Tickets in arrival order; the front is served first, so a large request is never starved.
    waiting: VecDeque<(u64, Waker)>,
    next_ticket: u64,
}

/// Bytes taken from a budget; given back on drop.
pub struct Permit {
    budget: Budget,
    size_bytes: usize,
}

/// A place in the queue; leaves it on drop.
pub struct Ticket {
    budget: Budget,
    number: Option<u64>,
    size_bytes: usize,
}

impl Budget {
    /// A budget of `total_bytes`, all free.
    #[must_use]
    pub fn new(total_bytes: usize) -> Self {
        let shares = Shares {
            free_bytes: total_bytes,
            total_bytes,
            waiting: VecDeque::new(),
            next_ticket: 0,
        };
        Self { shared: Arc::new(Shared { shares: Mutex::new(shares), is_short: false.into() }) }
    }

    /// Asks for `size_bytes`; more than the whole budget counts as the whole.
    #[must_use]
    pub fn ask(&self, size_bytes: usize) -> Ticket {
        let size_bytes = size_bytes.min(self.lock().total_bytes);
        Ticket { budget: self.clone(), number: None, size_bytes }
    }

    /// Bytes that nobody has.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.lock().free_bytes
    }

    /// Whether somebody waits for bytes that others have. Takes no lock.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.shared.is_short.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Shares> {
        self.shared.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After the queue has changed.
    fn note_waiting(&self, shares: &Shares) {
        self.shared.is_short.store(!shares.waiting.is_empty(), Ordering::Relaxed);
    }
}

impl Ticket {
    /// Ready with the permit once all asked before have theirs and enough is free.
    pub fn poll_permit(&mut self, cx: &mut Context<'_>) -> Poll<Permit> {
        let budget = self.budget.clone();
        let mut shares = budget.lock();
        let first = match (self.number, shares.waiting.front()) {
            (_, None) => true,
            (Some(number), Some((front, _))) => number == *front,
            (None, Some(_)) => false,
        };
        if first && self.size_bytes <= shares.free_bytes {
            shares.free_bytes -= self.size_bytes;
            if self.number.take().is_some() {
                shares.waiting.pop_front();
                budget.note_waiting(&shares);
            }
            // The next in line may fit into what is left.
            let next = shares.waiting.front().map(|(_, waker)| waker.clone());
            drop(shares);
            if let Some(next) = next {
                next.wake();
            }
            return Poll::Ready(Permit { budget, size_bytes: self.size_bytes });
        }
        match self.number {
            None => {
                let number = shares.next_ticket;
                shares.next_ticket += 1;
                shares.waiting.push_back((number, cx.waker().clone()));
                budget.note_waiting(&shares);
                self.number = Some(number);
            }
            Some(number) => {
                if let Some(place) = shares.waiting.iter_mut().find(|(n, _)| *n == number) {
                    place.1.clone_from(cx.waker());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut shares = self.budget.lock();
        shares.waiting.retain(|(waiting, _)| *waiting != number);
        self.budget.note_waiting(&shares);
        let next = shares.waiting.front().map(|(_, waker)| waker.clone());
        drop(shares);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl Permit {
    /// Bytes that it stands for.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Gives back all but `size_bytes`; one that stands for less stays as it is.
    pub fn shrink_to(&mut self, size_bytes: usize) {
        let rest = self.size_bytes.saturating_sub(size_bytes);
        self.size_bytes -= rest;
        drop(Self { budget: self.budget.clone(), size_bytes: rest });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut shares = self.budget.lock();
        shares.free_bytes += self.size_bytes;
        assert!(shares.free_bytes <= shares.total_bytes);
        let next = shares.waiting.front().map(|(_, waker)| waker.clone());
        drop(shares);
        if let Some(next) = next {
            next.wake();
        }
    }
}
