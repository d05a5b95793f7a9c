//! Waiting: for a future until a deadline, for one answer from another task, for a change.

use dohle_env::Env;
use dohle_env::clock::{Clock, Instant, sleep};
use dohle_env::gather::{Answer, Gather, Slot};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::{ClientConfig, Error};

/// The result of `future`, or `None` if `deadline` comes first.
pub async fn until<T>(
    clock: &dyn Clock,
    deadline: Instant,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = clock.timer();
    timer.arm(deadline);
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        timer.poll_expired(cx).map(|()| None)
    })
    .await
}

/// Lets everybody else run who can.
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A place for one answer, and what waits for it.
pub(crate) fn one<T>() -> (Slot<T>, Gather<T>) {
    let gather = Gather::with_capacity(1);
    (gather.slot(), gather)
}

/// The answer of a [`one`]; `None` if who had the slot is gone.
pub(crate) fn only<T>(answers: impl IntoIterator<Item = Answer<T>>) -> Option<T> {
    match answers.into_iter().next() {
        Some(Answer::Filled(answer)) => Some(answer),
        Some(Answer::Gone | Answer::Missing) | None => None,
    }
}

/// Locks; a panic elsewhere leaves values that are whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs all `futures` at once; their results in the same order.
pub(crate) async fn all<T: Send + 'static>(
    env: &Env,
    futures: Vec<impl Future<Output = T> + Send + 'static>,
) -> Vec<Option<T>> {
    let gather = Gather::with_capacity(futures.len());
    for future in futures {
        let slot = gather.slot();
        let task = async move { slot.fill(future.await) };
        env.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(task));
    }
    let answers = gather.all().await;
    answers.into_iter().map(|answer| only([answer])).collect()
}

/// Wakes tasks that wait for something to change.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<Mutex<Ringing>>);

#[derive(Default)]
struct Ringing {
    count: u64,
    wakers: Vec<Waker>,
}

impl Bell {
    /// Something changed.
    pub(crate) fn ring(&self) {
        let mut ringing = lock(&self.0);
        ringing.count += 1;
        let wakers = std::mem::take(&mut ringing.wakers);
        drop(ringing);
        for waker in wakers {
            waker.wake();
        }
    }

    /// How often it rang: taken before looking, given to [`Bell::poll_after`] when nothing was
    /// found.
    pub(crate) fn count(&self) -> u64 {
        lock(&self.0).count
    }

    /// Ready once it rang after `count` was taken.
    pub(crate) fn poll_after(&self, count: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut ringing = lock(&self.0);
        if ringing.count != count {
            return Poll::Ready(());
        }
        if !ringing.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            ringing.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until it rings after `count` was taken, or until the deadline.
    pub(crate) async fn after(&self, count: u64, clock: &dyn Clock, deadline: Instant) {
        until(clock, deadline, poll_fn(|cx| self.poll_after(count, cx))).await;
    }
}

/// Tries of one call, with pauses that grow, until its deadline.
pub(crate) struct Retry {
    env: Env,
    pause: Duration,
    pause_max: Duration,
    /// When the call is given up.
    pub(crate) deadline: Instant,
}

impl Retry {
    pub(crate) fn new(env: &Env, config: &ClientConfig, within: Duration) -> Self {
        Self {
            env: env.clone(),
            pause: config.retry_backoff,
            pause_max: config.retry_backoff_max,
            deadline: env.clock.now() + within,
        }
    }

    /// Pauses after `error`; gives it back if it is final or the time is up.
    pub(crate) async fn after(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_retriable() {
            return Err(error);
        }
        self.pause(error).await
    }

    /// As [`Retry::after`], of an error that is known to pass.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        // A fifth more or less, so that clients that failed together do not return together.
        let jitter = 0.8 + self.env.random.below(400) as f64 / 1000.0;
        let pause = self.pause.mul_f64(jitter);
        self.pause = (self.pause * 2).min(self.pause_max);
        if self.env.clock.now() + pause >= self.deadline {
            return Err(error);
        }
        sleep(&*self.env.clock, pause).await;
        Ok(())
    }
}
