//! What clients know of a cluster's nodes, and whether it can all be true at once.
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
pub mod nodes;
pub mod partition;
pub mod record;
pub mod retention;
pub mod sendings;
pub mod topic;

pub use compaction::{Moment, Policy, Removed};
pub use group::Group;
pub use nodes::Nodes;
pub use partition::{Asked, Fetched, Partition};
pub use record::RecordId;
pub use topic::{Life, Topic};

use crate::disk::SimulatedDisk;
use crate::trace::Trace;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// What is known of each node by itself.
    pub nodes: Nodes,
    /// Grows with every power loss of any node: all clients wait then.
    pub generation: u32,
    /// The most that a node's wall clock was ahead of a client's.
    ahead_ms: i64,
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
    /// Nothing is known of the nodes of these addresses; violations are written down in `trace`.
    #[must_use]
    pub fn new(trace: Trace, nodes: &[SocketAddr]) -> Self {
        let known = Known { nodes: Nodes::new(nodes), ..Known::default() };
        Self { known: Arc::new(Mutex::new(known)), trace }
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

    /// The time, as a node may see it.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.known().moment(&self.trace)
    }

    /// A node's wall clock jumps.
    pub fn on_jump(&self, node: SocketAddr, milliseconds: i64) {
        let mut known = self.known();
        known.nodes.on_jump(node, milliseconds);
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

    /// Calls of a node's disk may fail from here on, until another process has it.
    pub fn on_disk_trouble(&self, node: SocketAddr) {
        self.known().nodes.on_disk_trouble(node);
    }

    /// Another process has the node's disk, and no call of it fails.
    pub fn on_disk_sound(&self, node: SocketAddr) {
        self.known().nodes.on_disk_sound(node, self.trace.now());
    }

    /// `node` has answered `who` with an error; there are some that its disk must be to blame for.
    pub fn on_disk_error(&self, who: &str, node: SocketAddr, code: ErrorCode) {
        let is_of_disk =
            code == ErrorCode::KAFKA_STORAGE_ERROR || code == ErrorCode::UNKNOWN_SERVER_ERROR;
        if is_of_disk && !self.known().nodes.is_disk_excused(node, self.trace.now()) {
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
        let keeps = |of: &Partition| of.keeps_promises(asked.generation);
        let keeps = known.partitions.get(&key).is_some_and(keeps);
        asked.generation == known.generation || (keeps && is_promised)
    }

    /// Names of the folders whose log the disk of a node has damaged at any time.
    #[must_use]
    pub fn damaged_folders(&self, node: SocketAddr) -> BTreeSet<String> {
        let known = self.known();
        let is_damaged = |of: &Partition| of.may_be_led_by(node) && of.has_decayed();
        let damaged = known.partitions.iter().filter(|(_, partition)| is_damaged(partition));
        damaged.map(|((_, index), partition)| format!("{}-{index}", partition.topic)).collect()
    }

    /// A node's process ends.
    pub fn on_end(&self, node: SocketAddr) {
        self.known().on_end(node);
    }

    /// A node has lost power: clients wait until an audit has seen what is left.
    pub fn on_power_loss(&self, node: SocketAddr) {
        let mut known = self.known();
        known.generation += 1;
        known.is_closed = true;
        known.on_end(node);
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
    /// A clock has jumped: a node's may be further ahead of some client's now.
    fn on_skew(&mut self) {
        let behind = self.client_skews.values().copied().min().unwrap_or(0).min(0);
        self.ahead_ms = self.ahead_ms.max(self.nodes.skew_ms() - behind);
    }

    fn on_end(&mut self, node: SocketAddr) {
        let of_node = self.partitions.values_mut().filter(|of| of.may_be_led_by(node));
        of_node.for_each(Partition::on_end);
        self.ledger.on_node_end();
    }

    /// The generation of what is asked now: until an audit has seen what a power loss left, all that
    /// is known is of before.
    #[must_use]
    pub fn asking(&self) -> u32 {
        self.generation.wrapping_sub(u32::from(self.is_closed))
    }

    /// The time, as a node may see it.
    #[must_use]
    pub fn moment(&self, trace: &Trace) -> Moment {
        let jumped_ms = self.nodes.jumped_ms();
        Moment { at: trace.now(), jumped_ms, ahead_ms: self.ahead_ms }
    }

    /// Whether something cannot be true.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.violation.is_some()
    }
}

impl Counts {
    /// Adds it to the marks of a run.
    pub fn tell(&self, trace: &Trace) {
        trace.add("records acknowledged", self.acknowledged);
        trace.add("records read and compared", self.read);
        trace.add("records forgotten, unpromised", self.forgotten);
        trace.add("records compacted away", self.compacted);
        trace.add("tombstones compacted away", self.tombstones);
        trace.add("metadata compared", self.metadata);
        trace.add("offsets committed", self.commits);
        trace.add("committed offsets read in audits", self.offsets);
        trace.add("metadata records replayed", self.replayed);
        trace.add("offset index entries compared", self.indexed.offsets);
        trace.add("time index entries compared", self.indexed.times);
        trace.add("transaction index entries compared", self.indexed.transactions);
        trace.add("timestamp queries compared", self.times);
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_env::clock::Instant;
    use partition::Marks;

    const ONE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 9092);
    const OTHER: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)), 9092);

    fn history() -> History {
        let history = History::new(Trace::default(), &[ONE, OTHER]);
        for (index, leader) in [(0, ONE), (1, OTHER)] {
            let partition = Partition::new("t", true, i64::MAX).led_by(Some(leader));
            history.known().partitions.insert((Uuid::ZERO, index), partition);
        }
        history
    }

    #[test]
    fn the_end_of_a_node_excuses_nothing_that_another_leads() {
        let history = history();
        let asked = [0, 1].map(|index| history.ask((Uuid::ZERO, index)).unwrap());
        history.on_end(ONE);
        let known = history.known();
        let is_of_this_life =
            |index: i32, asked| known.partitions[&(Uuid::ZERO, index)].is_of_this_life(asked);
        assert!(!is_of_this_life(0, asked[0]));
        assert!(is_of_this_life(1, asked[1]));
    }

    /// Records were deleted, of which nobody was told: a start may bring them back.
    #[test]
    fn the_end_of_a_node_moves_no_mark_of_what_another_leads() {
        let history = history();
        for index in [0, 1] {
            let key = (Uuid::ZERO, index);
            let asked = history.ask(key).unwrap();
            let told = |of: &mut Partition, _: &mut Counts| {
                of.on_start(asked, 7);
                Ok(())
            };
            history.look(key, told).unwrap();
        }
        history.on_end(ONE);
        let starts = [0, 1].map(|index| history.ask((Uuid::ZERO, index)).unwrap().marks.log_start);
        assert_eq!(starts, [0, 7]);
        assert_eq!(
            history.ask((Uuid::ZERO, 1)).unwrap().marks,
            Marks { log_start: 7, ..Marks::default() }
        );
    }

    #[test]
    fn a_failing_disk_excuses_the_answers_of_its_node_only() {
        let history = history();
        history.trace.set_now(Instant(1));
        history.on_disk_trouble(ONE);
        history.on_disk_error("a client", ONE, ErrorCode::KAFKA_STORAGE_ERROR);
        assert_eq!(history.violation(), None);
        history.on_disk_error("a client", OTHER, ErrorCode::NOT_LEADER_OR_FOLLOWER);
        assert_eq!(history.violation(), None, "no disk is to blame for that");
        history.on_disk_error("a client", OTHER, ErrorCode::KAFKA_STORAGE_ERROR);
        assert!(history.is_violated());
    }

    #[test]
    fn a_disk_that_is_sound_again_is_excused_for_late_answers_alone() {
        let history = history();
        history.on_disk_trouble(ONE);
        history.trace.set_now(Instant(5));
        history.on_disk_sound(OTHER);
        history.on_disk_sound(ONE);
        history.trace.set_now(Instant(15_000_000_005));
        history.on_disk_error("a client", ONE, ErrorCode::KAFKA_STORAGE_ERROR);
        assert_eq!(history.violation(), None);
        history.trace.set_now(Instant(15_000_000_006));
        history.on_disk_error("a client", ONE, ErrorCode::KAFKA_STORAGE_ERROR);
        assert!(history.is_violated());
    }

    #[test]
    fn a_damaged_log_is_one_of_the_node_that_leads_it() {
        let history = history();
        let damaged = |of: &mut Partition, _: &mut Counts| {
            of.on_damage(3..5, 1);
            Ok(())
        };
        history.look((Uuid::ZERO, 0), damaged).unwrap();
        assert_eq!(history.damaged_folders(ONE), BTreeSet::from(["t-0".to_owned()]));
        assert_eq!(history.damaged_folders(OTHER), BTreeSet::new());
    }

    #[test]
    fn the_clock_that_is_furthest_ahead_counts() {
        let history = history();
        history.on_jump(ONE, 500);
        history.on_jump(OTHER, -300);
        history.on_client_jump("c", -200);
        let now = history.now();
        assert_eq!((now.jumped_ms, now.ahead_ms), (500, 700));
        history.on_jump(OTHER, 1_300);
        assert_eq!((history.now().jumped_ms, history.now().ahead_ms), (1_300, 1_200));
    }
}
