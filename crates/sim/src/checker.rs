//! What clients know of a node, and whether it can all be true at once.
//!
//! Every client tells the history what it sends, what it is told and what it reads. Whatever two
//! of them know must agree: an offset has one record for ever, a record one offset; what was
//! acknowledged is there; marks of a partition never go back. After a power loss what nobody was
//! promised may be gone: an audit finds the new end, and what lies above it is forgotten.

pub mod compaction;
pub mod group;
pub mod image;
pub mod indexes;
pub mod ledger;
pub mod partition;
pub mod record;
pub mod retention;
pub mod sendings;
pub mod topic;

pub use compaction::{Moment, Policy, Removed};
pub use group::Group;
pub use partition::{Asked, Fetched, Partition};
pub use record::RecordId;
pub use topic::{Life, Topic};

use crate::disk::SimulatedDisk;
use crate::trace::Trace;
use dohle_env::clock::Instant;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A node's files, for who looks at them behind its back.
pub trait Files {
    /// The paths of all, sorted.
    fn paths(&self) -> Vec<String>;

    /// What a file has; `None` if it is not there.
    fn content(&self, path: &str) -> Option<Vec<u8>>;
}

impl Files for SimulatedDisk {
    fn paths(&self) -> Vec<String> {
        Self::paths(self).into_iter().map(|(path, _)| path).collect()
    }

    fn content(&self, path: &str) -> Option<Vec<u8>> {
        Self::content(self, Path::new(path)).ok()
    }
}

/// So long a client may take to hear the answer of a process that is gone: it may pause.
const LATE_ANSWERS: Duration = Duration::from_secs(15);

/// A partition, by its topic's id.
pub type Key = (Uuid, i32);

/// All that clients know. Cloning shares it.
#[derive(Clone)]
pub struct History {
    known: Arc<Mutex<Known>>,
    trace: Trace,
}

/// What is behind the history's lock.
#[derive(Default)]
pub struct Known {
    /// Topics that were asked for, by name; a name is never used again.
    pub topics: BTreeMap<String, Topic>,
    /// Partitions of topics whose id is known.
    pub partitions: BTreeMap<Key, Partition>,
    /// Grows with every power loss.
    pub generation: u32,
    /// How far the node's wall clock has jumped ahead in all, in milliseconds.
    pub jumped_ms: i64,
    /// How far it is ahead of everybody else's; below 0 behind.
    pub skew_ms: i64,
    /// The most that it was ahead.
    pub ahead_ms: i64,
    /// By name: how far a client's clock is ahead of where it began.
    client_skews: BTreeMap<String, i64>,
    /// Per producer: how often it began anew, in this process or an earlier one.
    incarnations: BTreeMap<u32, u32>,
    /// The ledger's topic is compacted.
    pub ledger_is_compacted: bool,
    /// A deliberate defect: the node shows readers of committed records all that it has.
    pub ignores_isolation: bool,
    /// A deliberate defect: the node keeps records for less long than the administrator was told.
    pub forgets_retention: bool,
    /// Committed offsets outlive every power loss.
    pub keeps_commits: bool,
    /// Reads of some log have returned wrong bits.
    pub was_misread: bool,
    /// Until then a disk may be to blame for an answer.
    disk_excused_until: Instant,
    /// Clients wait: what is left after a power loss is being looked at.
    pub is_closed: bool,
    /// Producers send nothing new.
    pub is_ending: bool,
    /// The group that members of the classic protocol are in.
    pub group: Group,
    /// The group that members of the consumer protocol are in.
    pub subscribers: Group,
    /// What transactions have written.
    pub ledger: ledger::Ledger,
    /// What cannot be true; the first that was seen.
    violation: Option<String>,
    /// What every client still has to do, for those that have something.
    pub pending: BTreeMap<String, String>,
    /// How much was checked.
    pub counts: Counts,
}

/// What clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// They wait: what is left after a power loss is being looked at.
    pub is_closed: bool,
    /// They begin nothing new: it is the healed phase.
    pub is_ending: bool,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that were read and compared.
    pub read: u64,
    /// Records that power losses took and nobody was promised.
    pub forgotten: u64,
    /// Records that were found to be compacted away.
    pub compacted: u64,
    /// Those of them that were tombstones with nothing behind them.
    pub tombstones: u64,
    /// Metadata that was compared: topics, configs.
    pub metadata: u64,
    /// Committed offsets that were acknowledged.
    pub commits: u64,
    /// Committed offsets that audits have read.
    pub offsets: u64,
    /// Metadata records that were replayed.
    pub replayed: u64,
    /// Entries of indexes that were compared with their logs.
    pub indexed: indexes::Compared,
    /// Answers to questions for a timestamp that were compared with what was read.
    pub times: u64,
}

impl History {
    /// Nothing is known; violations are written down in `trace`.
    #[must_use]
    pub fn new(trace: Trace) -> Self {
        Self { known: Arc::default(), trace }
    }

    /// The trace of the world.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What is known.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is wrong.
    pub fn violate(&self, what: impl Into<String>) {
        let what = what.into();
        self.trace.line(format_args!("VIOLATION {what}"));
        self.known().violation.get_or_insert(what);
    }

    /// Looks at a partition; what `look` finds wrong is a violation.
    pub fn look<T>(
        &self,
        key: Key,
        look: impl FnOnce(&mut Partition, &mut Counts) -> Result<T, String>,
    ) -> Option<T> {
        let mut known = self.known();
        let Known { partitions, counts, .. } = &mut *known;
        let partition = partitions.get_mut(&key)?;
        let found = look(partition, counts)
            .map_err(|what| format!("{}-{}: {what}", partition.topic, key.1));
        drop(known);
        found.map_err(|what| self.violate(what)).ok()
    }

    /// What clients are to do now.
    #[must_use]
    pub fn times(&self) -> Times {
        let Known { is_closed, is_ending, .. } = *self.known();
        Times { is_closed, is_ending }
    }

    /// The time, as the node may see it.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.known().moment(&self.trace)
    }

    /// The node's wall clock jumps.
    pub fn on_jump(&self, milliseconds: i64) {
        let mut known = self.known();
        known.jumped_ms += milliseconds.max(0);
        known.skew_ms += milliseconds;
        known.on_skew();
    }

    /// A client's wall clock jumps.
    pub fn on_client_jump(&self, client: &str, milliseconds: i64) {
        let mut known = self.known();
        *known.client_skews.entry(client.to_owned()).or_default() += milliseconds;
        known.on_skew();
    }

    /// The number of a producer's next incarnation: its records begin at 0 again.
    #[must_use]
    pub fn next_incarnation(&self, producer: u32) -> u32 {
        let mut known = self.known();
        let next = known.incarnations.entry(producer).or_default();
        *next += 1;
        *next - 1
    }

    /// Calls of the node's disk may fail from here on, until another process has it.
    pub fn on_disk_trouble(&self) {
        self.known().disk_excused_until = Instant(u64::MAX);
    }

    /// Another process has the disk, and no call of it fails.
    pub fn on_disk_sound(&self) {
        let now = self.trace.now();
        let mut known = self.known();
        if known.disk_excused_until > now {
            known.disk_excused_until = now + LATE_ANSWERS;
        }
    }

    /// `who` was answered with an error that a disk must be to blame for.
    pub fn on_disk_error(&self, who: &str, code: ErrorCode) {
        let is_of_disk =
            code == ErrorCode::KAFKA_STORAGE_ERROR || code == ErrorCode::UNKNOWN_SERVER_ERROR;
        if is_of_disk && self.known().disk_excused_until < self.trace.now() {
            self.violate(format!("{who} is answered {code}, and no disk has failed"));
        }
    }

    /// The isolation level of a fetch, as the node takes it.
    #[must_use]
    pub fn isolation_level(&self, committed_only: bool) -> i8 {
        i8::from(committed_only && !self.known().ignores_isolation)
    }

    /// The state of a partition when something is asked of it.
    #[must_use]
    pub fn ask(&self, key: Key) -> Option<Asked> {
        let known = self.known();
        let partition = known.partitions.get(&key)?;
        Some(partition.asked_in(known.asking()))
    }

    /// Whether what was asked in `asked` still says something: no power loss came between, or the
    /// partition keeps what it tells.
    #[must_use]
    pub fn holds(&self, key: Key, asked: Asked, is_promised: bool) -> bool {
        let known = self.known();
        let keeps = known.partitions.get(&key).is_some_and(Partition::keeps_promises);
        asked.generation == known.generation || (keeps && is_promised)
    }

    /// Names of the folders whose log the disk has damaged at any time.
    #[must_use]
    pub fn damaged_folders(&self) -> BTreeSet<String> {
        let known = self.known();
        let damaged = known.partitions.iter().filter(|(_, partition)| partition.has_decayed());
        damaged.map(|((_, index), partition)| format!("{}-{index}", partition.topic)).collect()
    }

    /// The node's process ends.
    pub fn on_end(&self) {
        self.known().on_end();
    }

    /// The node has lost power: clients wait until an audit has seen what is left.
    pub fn on_power_loss(&self) {
        let mut known = self.known();
        known.generation += 1;
        known.is_closed = true;
        known.on_end();
    }

    /// Clients go on.
    pub fn open(&self) {
        self.known().is_closed = false;
    }

    /// The first violation.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        self.known().violation.clone()
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.known().violation.is_some()
    }

    /// Says what `client` still has to do; `None` if nothing.
    pub fn set_pending(&self, client: &str, what: Option<String>) {
        let mut known = self.known();
        match what {
            Some(what) => known.pending.insert(client.to_owned(), what),
            None => known.pending.remove(client),
        };
    }
}

impl Known {
    /// A clock has jumped: the node's may be further ahead of some client's now.
    fn on_skew(&mut self) {
        let behind = self.client_skews.values().copied().min().unwrap_or(0).min(0);
        self.ahead_ms = self.ahead_ms.max(self.skew_ms - behind);
    }

    fn on_end(&mut self) {
        self.partitions.values_mut().for_each(Partition::on_end);
        self.ledger.on_node_end();
    }

    /// The generation of what is asked now: until an audit has seen what a power loss left, all that
    /// is known is of before.
    #[must_use]
    pub fn asking(&self) -> u32 {
        self.generation.wrapping_sub(u32::from(self.is_closed))
    }

    /// The time, as the node may see it.
    #[must_use]
    pub fn moment(&self, trace: &Trace) -> Moment {
        Moment { at: trace.now(), jumped_ms: self.jumped_ms, ahead_ms: self.ahead_ms }
    }

    /// Whether something cannot be true.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.violation.is_some()
    }
}

impl Counts {
    /// Indexes were compared with their logs.
    pub fn add_compared(&mut self, compared: indexes::Compared) {
        self.indexed.offsets += compared.offsets;
        self.indexed.times += compared.times;
        self.indexed.transactions += compared.transactions;
    }

    /// Records were found to be compacted away.
    pub fn add_removed(&mut self, removed: Removed) {
        self.compacted += removed.records;
        self.tombstones += removed.tombstones;
    }
}
