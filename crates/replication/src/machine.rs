//! The contract of a replicated state machine: decide, append, apply, answer when committed.
//!
//! The controller and every coordinator are machines. A machine lives inside the owner of its log
//! and never sees it: the owner (the *host*) calls [`Machine::decide`] with a command, appends the
//! records it returns, calls [`Machine::apply`] for each of them, and releases each answer when
//! its [`After`] holds. The host promises:
//!
//! - one call at a time, on the log's leader only, in the order in which commands arrived;
//! - the records of an outcome are applied, in order, before the next command is decided, so
//!   `decide` always sees the state that its records will meet;
//! - an answer is sent only once what it rests on is committed. If the leader steps down before,
//!   the host answers for the machine ("not the leader") and the soft state is dropped.

use dohle_protocol::ids::{Offset, ProducerEpoch, ProducerId, Timestamp};

/// A replicated state machine: the hard state is a pure function of the log, the soft state dies
/// with the leadership.
pub trait Machine: Sized {
    /// The state that the log determines: equal logs give equal hard states on every node.
    type Hard;
    /// What only the leader knows, from its election on: waiting members, last heartbeats, timers.
    type Soft: Default;
    /// What a caller asks for, or an effect's result.
    type Command;
    /// What the log keeps.
    type Record;
    /// What a waiting caller gets.
    type Answer;
    /// Work outside the machine, started once the records of its outcome are committed.
    type Effect;

    /// Decides on a command. Reads the hard state, may change the soft one, never writes the hard.
    ///
    /// Must not block, and must give the same outcome for the same arguments.
    fn decide(
        hard: &Self::Hard,
        soft: &mut Self::Soft,
        now: Timestamp,
        command: Self::Command,
    ) -> Outcome<Self>;

    /// Applies an entry of the log that lies at `at`. Cannot fail, wait or answer.
    ///
    /// It runs on followers and at loading as on the leader: a record that makes no sense leaves
    /// the state as it is.
    fn apply(hard: &mut Self::Hard, at: Offset, entry: &Entry<Self::Record>);

    /// What a new leader does first, once its hard state has all of the log: it starts unfinished
    /// effects again and sets its timer.
    fn elected(hard: &Self::Hard, now: Timestamp) -> Outcome<Self>;

    /// The command that the host gives when the last `wake_at` has come.
    fn woken() -> Self::Command;
}

/// A waiting request, named by who waits for it. The machine only hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What [`Machine::apply`] gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<R> {
    /// A record. Inside a producer's transaction it is pending until that transaction's marker.
    Record {
        /// The record as the log has it.
        record: R,
        /// The time in the record's batch.
        timestamp: Timestamp,
        /// The producer whose open transaction holds the record; `None` outside of one.
        producer: Option<ProducerIdAndEpoch>,
    },
    /// The end of a producer's transaction.
    Marker {
        /// Whose transaction ends.
        producer: ProducerIdAndEpoch,
        /// True if what the transaction wrote now holds; false if it is void.
        committed: bool,
    },
}

/// A producer, and which of its incarnations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerIdAndEpoch {
    /// The producer's id.
    pub id: ProducerId,
    /// The epoch that fences older incarnations.
    pub epoch: ProducerEpoch,
}

/// When an answer may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// At once: it rests on nothing in the log (a refusal of a malformed command).
    Now,
    /// Once the entry at this offset, the newest that was read, is committed.
    Seen(Offset),
    /// Once the records of the same outcome are committed.
    Records,
}

/// What a decision comes to.
pub struct Outcome<M: Machine> {
    /// One atomic batch; empty if nothing changes. Transactional if `producer` is set.
    pub records: Vec<M::Record>,
    /// The producer in whose transaction the records are written.
    pub producer: Option<ProducerIdAndEpoch>,
    /// Who is answered with what, and when.
    pub answers: Vec<(Token, M::Answer, After)>,
    /// Started once the records are committed; their results return as commands.
    pub effects: Vec<M::Effect>,
    /// Decided next, after these records are applied and before any other command.
    pub again: Option<M::Command>,
    /// When the host must ask again by itself, if nothing else does before.
    pub wake_at: Option<Timestamp>,
}

impl<M: Machine> Outcome<M> {
    /// Nothing to write, nothing to say.
    pub fn nothing() -> Self {
        Self {
            records: Vec::new(),
            producer: None,
            answers: Vec::new(),
            effects: Vec::new(),
            again: None,
            wake_at: None,
        }
    }

    /// An answer that waits for `records`; without records it may leave at once.
    ///
    /// Whoever answers from what it *read* must use [`Outcome::read`] instead.
    pub fn written(token: Token, answer: M::Answer, records: Vec<M::Record>) -> Self {
        let after = if records.is_empty() { After::Now } else { After::Records };
        Self { records, answers: vec![(token, answer, after)], ..Self::nothing() }
    }

    /// An answer from what was read, up to and with the entry at `seen`.
    pub fn read(token: Token, answer: M::Answer, seen: Offset) -> Self {
        Self { answers: vec![(token, answer, After::Seen(seen))], ..Self::nothing() }
    }

    /// Records that nobody waits for.
    pub fn unasked(records: Vec<M::Record>) -> Self {
        Self { records, ..Self::nothing() }
    }
}
