//! The states of a transaction, and which may follow which.

/// Where the newest transaction of a transactional id stands. The numbers are those of the log.
///
/// | from | by | to |
/// |---|---|---|
/// | (nothing), Empty, CompleteCommit, CompleteAbort | InitProducerId | Empty |
/// | Empty, Ongoing, CompleteCommit, CompleteAbort | AddPartitionsToTxn | Ongoing |
/// | Ongoing | EndTxn that commits | PrepareCommit |
/// | Ongoing | InitProducerId, time, a producer id is drawn | PrepareAbort |
/// | Empty, Ongoing, CompleteCommit, CompleteAbort | EndTxn that aborts | PrepareAbort |
/// | PrepareCommit | markers are written | CompleteCommit |
/// | PrepareAbort | markers are written | CompleteAbort |
/// | Empty, CompleteCommit, CompleteAbort | time | (nothing) |
///
/// An EndTxn that aborts what is not open is one of KIP-890; a producer id is drawn for the timeout of
/// a producer whose epochs are used up.
///
/// Kafka's two others, Dead and PrepareEpochFence, name what happens between a decision and its
/// record. Here nothing lies between: the first is a tombstone, the second the step to
/// PrepareAbort with a higher epoch. They are known as names only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionState {
    /// A producer, and no transaction of it yet.
    Empty = 0,
    /// Partitions take part.
    Ongoing = 1,
    /// The transaction holds; its markers are being written.
    PrepareCommit = 2,
    /// The transaction is void; its markers are being written.
    PrepareAbort = 3,
    /// It holds, and every partition knows.
    CompleteCommit = 4,
    /// It is void, and every partition knows.
    CompleteAbort = 5,
    /// The id is being forgotten.
    Dead = 6,
    /// A producer is being fenced.
    PrepareEpochFence = 7,
}

use TransactionState as S;

impl TransactionState {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        S::Empty,
        S::Ongoing,
        S::PrepareCommit,
        S::PrepareAbort,
        S::CompleteCommit,
        S::CompleteAbort,
        S::Dead,
        S::PrepareEpochFence,
    ];

    /// The state of that number in the log.
    pub fn from_number(number: i8) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied())
    }

    /// The state of that name in filters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// As the log has it.
    pub fn number(self) -> i8 {
        self as i8
    }

    /// As descriptions have it.
    pub fn name(self) -> &'static str {
        match self {
            S::Empty => "Empty",
            S::Ongoing => "Ongoing",
            S::PrepareCommit => "PrepareCommit",
            S::PrepareAbort => "PrepareAbort",
            S::CompleteCommit => "CompleteCommit",
            S::CompleteAbort => "CompleteAbort",
            S::Dead => "Dead",
            S::PrepareEpochFence => "PrepareEpochFence",
        }
    }

    /// The transaction's end is decided, and on its way to the partitions.
    pub fn is_ending(self) -> bool {
        matches!(self, S::PrepareCommit | S::PrepareAbort)
    }

    /// No transaction is open: the id may be forgotten, and given another epoch.
    pub fn is_idle(self) -> bool {
        matches!(self, S::Empty | S::CompleteCommit | S::CompleteAbort)
    }

    /// Whether the table has a step from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        match next {
            S::Empty => self.is_idle(),
            S::Ongoing | S::PrepareAbort => self.is_idle() || self == S::Ongoing,
            S::PrepareCommit => self == S::Ongoing,
            S::CompleteCommit => self == S::PrepareCommit,
            S::CompleteAbort => self == S::PrepareAbort,
            S::Dead | S::PrepareEpochFence => false,
        }
    }
}
