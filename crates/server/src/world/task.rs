//! A task as a reactor runs it: with a waker that knows where it lives.

use super::mail::Mail;
use super::reactors::{self, Place, Reactor};
use dohle_env::tasks::Task;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Ends the process when dropped by a panic: what the panicking code held is half changed.
pub(super) struct EndProcessOnPanic;

impl Drop for EndProcessOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The panic's message has been printed by the hook.
            std::process::abort();
        }
    }
}

/// Wakes a task: directly on its own reactor, by mail from elsewhere.
pub(super) struct TaskWaker {
    inner: Waker,
    reactor: Arc<Reactor>,
}

impl TaskWaker {
    /// Wakes the task; only on its own reactor, where that costs no system call.
    pub(super) fn wake_here(&self) {
        self.inner.wake_by_ref();
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if reactors::is_here(&self.reactor) {
            self.inner.wake_by_ref();
        } else {
            let reactor = self.reactor.clone();
            reactor.mailbox().send(Mail::Wake(self));
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if reactors::is_here(&self.reactor) {
            self.inner.wake_by_ref();
        } else {
            self.reactor.mailbox().send(Mail::Wake(self.clone()));
        }
    }
}

/// A spawned task.
pub(super) struct ReactorTask {
    task: Task,
    reactor: Arc<Reactor>,
    /// Made at the first poll; tokio's waker of a task never changes.
    waker: Option<Waker>,
    /// If it counts for its reactor's load.
    _place: Option<Place>,
}

impl ReactorTask {
    /// `task`, as one that runs on `reactor`.
    pub(super) fn new(task: Task, reactor: Arc<Reactor>, place: Option<Place>) -> Self {
        Self { task, reactor, waker: None, _place: place }
    }
}

impl Future for ReactorTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _end = EndProcessOnPanic;
        reactors::before_task();
        let this = &mut *self;
        let waker = this.waker.get_or_insert_with(|| {
            let (inner, reactor) = (cx.waker().clone(), this.reactor.clone());
            Arc::new(TaskWaker { inner, reactor }).into()
        });
        this.task.as_mut().poll(&mut Context::from_waker(waker))
    }
}
