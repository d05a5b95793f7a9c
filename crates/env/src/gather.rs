//! The open answers of one request.
//!
//! The asker makes a [`Gather`] and hands out one [`Slot`] per answer; slots are filled from any
//! thread. The last one filled wakes the asker, so a request costs one wake however many
//! partitions it touches.

use crate::sync::{Mutex, MutexGuard};
use smallvec::SmallVec;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

/// What became of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It was filled.
    Filled(T),
    /// It was dropped unfilled: who had it is gone.
    Gone,
    /// Nobody has filled it yet.
    Missing,
}

/// All answers of a gather. One, as most requests have, lies in place.
pub type Answers<T> = SmallVec<[Answer<T>; 1]>;

/// Waits for slots.
pub struct Gather<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    open: Mutex<Open<T>>,
}

struct Open<T> {
    answers: Answers<T>,
    missing: usize,
    waker: Option<Waker>,
}

/// A place for one answer.
#[must_use = "a slot that is dropped answers Gone"]
pub struct Slot<T> {
    shared: Option<Arc<Shared<T>>>,
    index: usize,
}

impl<T> Gather<T> {
    /// A gather that expects about `slots` answers.
    #[must_use]
    pub fn with_capacity(slots: usize) -> Self {
        let open = Open { answers: Answers::with_capacity(slots), missing: 0, waker: None };
        Self { shared: Arc::new(Shared { open: Mutex::new(open) }) }
    }

    /// One more slot; answers come in the order in which slots were made.
    pub fn slot(&self) -> Slot<T> {
        let mut open = lock(&self.shared.open);
        open.answers.push(Answer::Missing);
        open.missing += 1;
        Slot { shared: Some(self.shared.clone()), index: open.answers.len() - 1 }
    }

    /// Ready once no slot is missing.
    pub fn poll_complete(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut open = lock(&self.shared.open);
        if open.missing == 0 {
            return Poll::Ready(());
        }
        open.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The answers as they are now, in the order of the slots. Later answers go nowhere.
    #[must_use]
    pub fn take(self) -> Answers<T> {
        std::mem::take(&mut lock(&self.shared.open).answers)
    }

    /// Waits for all slots.
    pub async fn all(mut self) -> Answers<T> {
        (&mut self).await;
        self.take()
    }
}

impl<T> Future for &mut Gather<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_complete(cx)
    }
}

impl<T> Slot<T> {
    /// Gives the answer.
    pub fn fill(mut self, answer: T) {
        self.put(Answer::Filled(answer));
    }

    fn put(&mut self, answer: Answer<T>) {
        let Some(shared) = self.shared.take() else { return };
        let mut open = lock(&shared.open);
        // The asker has taken the answers and gone: nothing to tell, nobody to wake.
        let Some(place) = open.answers.get_mut(self.index) else { return };
        *place = answer;
        open.missing -= 1;
        let waker = if open.missing == 0 { open.waker.take() } else { None };
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        self.put(Answer::Gone);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
