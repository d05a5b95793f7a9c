//! What other threads want of a reactor: wakes and turns, collected.
//!
//! A wake from another thread costs tokio a write to an eventfd every time, awake or not. Here
//! such a wake is a push into a vector; only a reactor that sleeps is woken with a system call,
//! once. A reactor reads its mail before each task that it runs and before it goes to sleep.
//!
//! ```text
//!  sender: push under the lock ─► asleep was set? clear it and wake the reactor's tick
//!  reader, before it sleeps: set asleep ─► take all under the lock ─► sleep only if none
//! ```
//! Whichever takes the lock first, the mail is seen: either the reader takes it, or the reader's
//! lock came first and with it the flag that the sender then finds.

use super::counters::{self, Call};
use super::task::TaskWaker;
use dohle_env::tasks::Turn;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;

/// One message.
pub(super) enum Mail {
    /// Wake this task, which lives on the reactor.
    Wake(Arc<TaskWaker>),
    /// Run this turn at the end of the tick.
    Turn(Arc<dyn Turn>),
}

/// A reactor's mailbox.
#[derive(Default)]
pub(super) struct Mailbox {
    mail: Mutex<Vec<Mail>>,
    /// Set after a push; a glance at it saves the lock.
    filled: AtomicBool,
    /// The reactor sleeps, or is about to.
    asleep: AtomicBool,
    /// Wakes the reactor's tick; set before its first sleep.
    tick: OnceLock<Waker>,
}

impl Mailbox {
    /// Leaves `mail`; from a thread that is not the reactor's.
    pub(super) fn send(&self, mail: Mail) {
        let mut all = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(mail);
        self.filled.store(true, Ordering::Release);
        drop(all);
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Some(tick) = self.tick.get()
        {
            counters::count(Call::WakeThread);
            tick.wake_by_ref();
        } else {
            counters::count(Call::WakeShared);
        }
    }

    /// Whether there may be mail. A message sent meanwhile may be missed: the next look finds it.
    pub(super) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    /// Moves all mail into `into`, which must be empty.
    pub(super) fn take(&self, into: &mut Vec<Mail>) {
        debug_assert!(into.is_empty());
        let mut all = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        self.filled.store(false, Ordering::Relaxed);
        mem::swap(&mut *all, into);
    }

    /// The reactor is about to sleep: whoever sends from now on wakes it.
    pub(super) fn falls_asleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The reactor runs: it will look by itself.
    pub(super) fn is_awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// What wakes the reactor. Called once, by the reactor.
    pub(super) fn set_tick(&self, tick: Waker) {
        // A second tick would be a second reactor on one mailbox.
        assert!(self.tick.set(tick).is_ok());
    }
}
