//! The host of a replicated state machine: *decide, append, apply, answer when committed*.
//!
//! It lives inside the owner of the machine's log and knows neither the log nor what the machine
//! is about. The owner calls [`Host::decide`], gives the records that come out a place in its log,
//! says so with [`Host::placed`], and says with [`Host::committed`] how far the log is committed;
//! what comes out then are the answers that may leave.

use dohle_protocol::ids::{Offset, Timestamp};
use dohle_replication::machine::{After, Entry, Machine, Outcome, ProducerIdAndEpoch, Token};
use std::collections::VecDeque;

/// A machine with its state and the answers that wait.
pub(crate) struct Host<M: Machine> {
    hard: M::Hard,
    soft: M::Soft,
    /// All entries below this offset are committed.
    committed_to: i64,
    /// In offset order: what may leave once the log is committed up to the offset.
    waiting: VecDeque<(i64, Release<M>)>,
    /// Of the outcome whose records have no place yet.
    unplaced: Vec<Release<M>>,
    again: Option<M::Command>,
    wake_at: Option<Timestamp>,
}

/// What leaves the host once it rests on committed entries.
pub(crate) enum Release<M: Machine> {
    /// An answer for who waits under this token.
    Answer(Token, M::Answer),
    /// Work to start.
    Effect(M::Effect),
}

/// Records that want a place in the log, as one atomic batch.
pub(crate) struct Records<M: Machine> {
    pub(crate) records: Vec<M::Record>,
    pub(crate) producer: Option<ProducerIdAndEpoch>,
}

impl<M: Machine> Host<M> {
    /// A host of a state that is all of the log below `committed_to`.
    pub(crate) fn new(hard: M::Hard, committed_to: i64) -> Self {
        Self {
            hard,
            soft: M::Soft::default(),
            committed_to,
            waiting: VecDeque::new(),
            unplaced: Vec::new(),
            again: None,
            wake_at: None,
        }
    }

    /// The state as of the newest entry, committed or not.
    pub(crate) fn hard(&self) -> &M::Hard {
        &self.hard
    }

    /// What the machine knows that the log does not say.
    pub(crate) fn soft(&self) -> &M::Soft {
        &self.soft
    }

    /// When the machine wants to be woken.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// What a new leader does first.
    pub(crate) fn elected(&mut self, now: Timestamp) -> Option<Records<M>> {
        let outcome = M::elected(&self.hard, now);
        self.take(outcome)
    }

    /// Decides on a command. Records that come out must be placed before the next call.
    pub(crate) fn decide(&mut self, now: Timestamp, command: M::Command) -> Option<Records<M>> {
        assert!(self.unplaced.is_empty(), "records are placed before the next command");
        let outcome = M::decide(&self.hard, &mut self.soft, now, command);
        self.take(outcome)
    }

    /// A command that an outcome asked for, to be decided before any other.
    pub(crate) fn again(&mut self) -> Option<M::Command> {
        self.again.take()
    }

    fn take(&mut self, outcome: Outcome<M>) -> Option<Records<M>> {
        let Outcome { records, producer, answers, effects, again, wake_at } = outcome;
        self.again = again;
        self.wake_at = wake_at;
        for (token, answer, after) in answers {
            let release = Release::Answer(token, answer);
            match after {
                After::Now => self.wait(self.committed_to, release),
                After::Seen(Offset(offset)) => self.wait(offset + 1, release),
                After::Records if records.is_empty() => self.wait(self.committed_to, release),
                After::Records => self.unplaced.push(release),
            }
        }
        for effect in effects {
            let release = Release::Effect(effect);
            if records.is_empty() {
                self.wait(self.committed_to, release);
            } else {
                self.unplaced.push(release);
            }
        }
        (!records.is_empty()).then_some(Records { records, producer })
    }

    /// The records of the last outcome begin at `base_offset`: applies them.
    pub(crate) fn placed(
        &mut self,
        base_offset: i64,
        timestamp: Timestamp,
        placed: Records<M>,
    ) -> i64 {
        let mut offset = base_offset;
        for record in placed.records {
            let entry = Entry::Record { record, timestamp, producer: placed.producer };
            M::apply(&mut self.hard, Offset(offset), &entry);
            offset += 1;
        }
        for release in std::mem::take(&mut self.unplaced) {
            self.wait(offset, release);
        }
        offset
    }

    /// The records of the last outcome got no place. Gives what waits for them.
    pub(crate) fn refuse(&mut self) -> Vec<Release<M>> {
        self.again = None;
        std::mem::take(&mut self.unplaced)
    }

    /// Applies what the log got from elsewhere.
    pub(crate) fn apply(&mut self, at: Offset, entry: &Entry<M::Record>) {
        M::apply(&mut self.hard, at, entry);
    }

    /// Everything below `offset` is committed.
    pub(crate) fn committed(&mut self, offset: i64) {
        assert!(self.committed_to <= offset, "what is committed stays so");
        self.committed_to = offset;
    }

    /// The next answer or effect that may leave.
    pub(crate) fn release(&mut self) -> Option<Release<M>> {
        let (needed, _) = self.waiting.front()?;
        if self.committed_to < *needed {
            return None;
        }
        self.waiting.pop_front().map(|(_, release)| release)
    }

    /// Keeps offset order, and the order of arrival among equal offsets.
    fn wait(&mut self, needed: i64, release: Release<M>) {
        let at = self.waiting.partition_point(|(offset, _)| *offset <= needed);
        self.waiting.insert(at, (needed, release));
    }
}
