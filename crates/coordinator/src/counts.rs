//! What coordinators tell of themselves to those who watch: how many groups and transactions there
//! are, and what was done since the machine was loaded.

/// Of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Of a group coordinator.
    Groups(GroupCounts),
    /// Of a transaction coordinator.
    Transactions(TransactionCounts),
}

/// Groups by protocol and state, and what was done for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Classic groups without members; those that have offsets only are such.
    pub classic_empty: u64,
    /// Classic groups whose members are expected to join.
    pub classic_preparing: u64,
    /// Classic groups whose leader is expected to assign.
    pub classic_completing: u64,
    /// Classic groups whose members have their assignments.
    pub classic_stable: u64,
    /// Consumer groups without members.
    pub consumer_empty: u64,
    /// Consumer groups whose target is older than their epoch.
    pub consumer_assigning: u64,
    /// Consumer groups with members on their way to the target.
    pub consumer_reconciling: u64,
    /// Consumer groups whose members have their target.
    pub consumer_stable: u64,
    /// Offsets that are committed now.
    pub offsets: u64,
    /// What was done.
    pub done: GroupsDone,
}

/// What was done for groups since the machine was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupsDone {
    /// Offsets that members and others committed, in transactions too.
    pub offsets_committed: u64,
    /// Offsets that were deleted, or too old.
    pub offsets_removed: u64,
    /// Those of them that were too old.
    pub offsets_expired: u64,
    /// Rebalances of classic groups that came to their end.
    pub classic_rebalances: u64,
    /// Epochs that consumer groups began.
    pub consumer_rebalances: u64,
}

/// Transactional ids by the state of their newest transaction, and what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionCounts {
    /// Transactional ids that are known.
    pub ids: u64,
    /// Those whose transaction is open.
    pub ongoing: u64,
    /// Those whose transaction ends: not all partitions know yet.
    pub ending: u64,
    /// When the oldest open transaction began, in milliseconds since 1970; 0 without one.
    pub oldest_began_at: i64,
    /// What was done.
    pub done: TransactionsDone,
}

/// What became of transactions since the machine was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionsDone {
    /// They hold, and every partition knows.
    pub committed: u64,
    /// They are void, and every partition knows.
    pub aborted: u64,
    /// Those whose time was over.
    pub timed_out: u64,
}

impl GroupCounts {
    /// Adds those of another machine.
    pub fn add(&mut self, other: &Self) {
        self.classic_empty += other.classic_empty;
        self.classic_preparing += other.classic_preparing;
        self.classic_completing += other.classic_completing;
        self.classic_stable += other.classic_stable;
        self.consumer_empty += other.consumer_empty;
        self.consumer_assigning += other.consumer_assigning;
        self.consumer_reconciling += other.consumer_reconciling;
        self.consumer_stable += other.consumer_stable;
        self.offsets += other.offsets;
        self.done.offsets_committed += other.done.offsets_committed;
        self.done.offsets_removed += other.done.offsets_removed;
        self.done.offsets_expired += other.done.offsets_expired;
        self.done.classic_rebalances += other.done.classic_rebalances;
        self.done.consumer_rebalances += other.done.consumer_rebalances;
    }

    /// All groups of the classic protocol.
    #[must_use]
    pub fn classic(&self) -> u64 {
        self.classic_empty + self.classic_preparing + self.classic_completing + self.classic_stable
    }

    /// All groups of the consumer protocol.
    #[must_use]
    pub fn consumer(&self) -> u64 {
        self.consumer_empty
            + self.consumer_assigning
            + self.consumer_reconciling
            + self.consumer_stable
    }
}

impl GroupsDone {
    /// Offsets that somebody deleted, or that went with their group or topic.
    #[must_use]
    pub fn offsets_deleted(&self) -> u64 {
        self.offsets_removed.saturating_sub(self.offsets_expired)
    }
}

impl TransactionCounts {
    /// Adds those of another machine.
    pub fn add(&mut self, other: &Self) {
        self.ids += other.ids;
        self.ongoing += other.ongoing;
        self.ending += other.ending;
        let began = [self.oldest_began_at, other.oldest_began_at].into_iter().filter(|at| *at > 0);
        self.oldest_began_at = began.min().unwrap_or(0);
        self.done.committed += other.done.committed;
        self.done.aborted += other.done.aborted;
        self.done.timed_out += other.done.timed_out;
    }
}
