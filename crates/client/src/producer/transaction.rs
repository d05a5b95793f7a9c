//! Where a producer is between two transactions or within one, as a value.
//!
//! ```text
//! outside ──► initializing ──► ready ──begin──► open ──commit──► committing ──► ready
//!                                │              │  │                │
//!                                └─abort─┐      │  └─abort─► aborting ─► ready
//!                                        ▼      ▼           ▲   │
//!                                     aborting  failed ─────┘   │
//!    over, for good ◄── fenced, or what no abort mends ─────────┘
//! ```

use crate::Error;
use crate::metadata::TopicPartition;
use dohle_protocol::ErrorCode;
use std::collections::BTreeSet;
use std::fmt;

/// Why an operation of a transaction did not succeed, by what the application is to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionError {
    /// The time is up, and it is not known what has happened: the same call may be made again, and no
    /// other one.
    Retry(Error),
    /// The transaction cannot be committed: it is to be aborted, then another one may begin.
    Abort(Error),
    /// The producer can do nothing more, as when another one has taken its place: it is to be closed.
    Close(Error),
    /// The call makes no sense now. Nothing has happened.
    Misuse(&'static str),
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(error) | Self::Abort(error) | Self::Close(error) => error.fmt(f),
            Self::Misuse(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TransactionError {}

impl TransactionError {
    /// What has happened, for whom it does not matter what is to be done.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::Retry(error) | Self::Abort(error) | Self::Close(error) => error,
            Self::Misuse(text) => Error::Usage(text.to_owned()),
        }
    }
}

const NOT_INITIALIZED: &str =
    "Cannot perform a transactional operation before completing a call to initTransactions.";
const NOT_OPEN: &str = "No transaction is open.";
const OFFSETS_OPEN: &str = "Offsets were to be sent within the transaction, and nobody knows whether they were: send them \
     again, or abort.";
const UNFINISHED: &str = "The call before this one has timed out: only it can be made again.";

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Abort,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Outside,
    Initializing,
    Ready,
    Open,
    Ending(End),
    /// It can only be aborted.
    Failed(Error),
    /// The producer can only be closed.
    Over(Error),
}

/// Where a producer is.
#[derive(Debug)]
pub(super) struct Transaction {
    phase: Phase,
    /// Partitions are added by what is produced to them, and each end gives a new epoch (KIP-890).
    pub(super) is_v2: bool,
    /// Partitions of which the coordinator knows.
    added: BTreeSet<TopicPartition>,
    /// The coordinator may have heard of it.
    has_begun: bool,
    /// Offsets are under way, or were when somebody gave up waiting for them.
    has_open_offsets: bool,
    /// Numbers of batches have a gap, or may have: the epoch must change.
    needs_bump: bool,
}

impl Transaction {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Outside,
            is_v2: false,
            added: BTreeSet::new(),
            has_begun: false,
            has_open_offsets: false,
            needs_bump: false,
        }
    }

    /// The producer asks for its id.
    pub(super) fn initialize(&mut self) -> Result<(), TransactionError> {
        match &self.phase {
            Phase::Outside | Phase::Initializing => {
                self.phase = Phase::Initializing;
                Ok(())
            }
            Phase::Over(error) => Err(TransactionError::Close(error.clone())),
            Phase::Ready | Phase::Open | Phase::Ending(_) | Phase::Failed(_) => {
                Err(TransactionError::Misuse("Transactions are initialized already."))
            }
        }
    }

    /// The producer has its id, or a transaction has ended.
    pub(super) fn be_ready(&mut self, is_v2: bool) {
        *self = Self { phase: Phase::Ready, is_v2, ..Self::new() };
    }

    pub(super) fn begin(&mut self) -> Result<(), TransactionError> {
        self.check()?;
        match self.phase {
            Phase::Ready => {
                self.phase = Phase::Open;
                Ok(())
            }
            Phase::Outside
            | Phase::Initializing
            | Phase::Open
            | Phase::Ending(_)
            | Phase::Failed(_)
            | Phase::Over(_) => Err(TransactionError::Misuse("A transaction is open already.")),
        }
    }

    /// What keeps any operation but an abort from being done.
    fn check(&self) -> Result<(), TransactionError> {
        match &self.phase {
            Phase::Ready | Phase::Open => Ok(()),
            Phase::Outside | Phase::Initializing => Err(TransactionError::Misuse(NOT_INITIALIZED)),
            Phase::Ending(_) => Err(TransactionError::Misuse(UNFINISHED)),
            Phase::Failed(error) => Err(TransactionError::Abort(error.clone())),
            Phase::Over(error) => Err(TransactionError::Close(error.clone())),
        }
    }

    /// Whether something may be added to a transaction now.
    pub(super) fn check_open(&self) -> Result<(), TransactionError> {
        self.check()?;
        if self.phase == Phase::Open { Ok(()) } else { Err(TransactionError::Misuse(NOT_OPEN)) }
    }

    /// Offsets go to their group within it; until they are known to be there it is not committed.
    pub(super) fn on_offsets_begun(&mut self) {
        self.has_open_offsets = true;
        self.has_begun |= self.is_v2;
    }

    /// They are there.
    pub(super) fn on_offsets_sent(&mut self) {
        self.has_open_offsets = false;
    }

    /// Begins to end, or goes on with that.
    pub(super) fn end(&mut self, end: End) -> Result<(), TransactionError> {
        match (&self.phase, end) {
            (Phase::Open, End::Commit) if self.has_open_offsets => {
                Err(TransactionError::Misuse(OFFSETS_OPEN))
            }
            (Phase::Open, _) | (Phase::Failed(_), End::Abort) => {
                self.phase = Phase::Ending(end);
                Ok(())
            }
            (Phase::Ending(begun), _) if *begun == end => Ok(()),
            _ => {
                self.check()?;
                Err(TransactionError::Misuse(NOT_OPEN))
            }
        }
    }

    /// Whether it has failed since it began to be committed.
    pub(super) fn check_ending(&self) -> Result<(), TransactionError> {
        match &self.phase {
            Phase::Ending(_) => Ok(()),
            Phase::Outside
            | Phase::Initializing
            | Phase::Ready
            | Phase::Open
            | Phase::Failed(_)
            | Phase::Over(_) => self.check(),
        }
    }

    /// Whether there is something that an abort would undo.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Failed(_) | Phase::Ending(End::Abort))
    }

    /// Why batches are not sent any more, if they are not.
    pub(super) fn drops(&self) -> Option<Error> {
        match &self.phase {
            Phase::Failed(error) | Phase::Over(error) => Some(error.clone()),
            Phase::Ending(End::Abort) => {
                Some(Error::Usage("Failing batch since transaction was aborted".to_owned()))
            }
            Phase::Outside
            | Phase::Initializing
            | Phase::Ready
            | Phase::Open
            | Phase::Ending(End::Commit) => None,
        }
    }

    /// Whether batches of a partition may be sent now.
    pub(super) fn takes(&self, partition: &TopicPartition) -> bool {
        self.is_v2 || self.added.contains(partition)
    }

    /// The coordinator may hear of the transaction from now on.
    pub(super) fn on_begun(&mut self) {
        self.has_begun = true;
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub(super) fn add(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.added.extend(partitions);
        self.has_begun = true;
    }

    /// A batch that had a number was given up.
    pub(super) fn on_gap(&mut self) {
        self.needs_bump = true;
    }

    pub(super) fn needs_bump(&self) -> bool {
        self.needs_bump
    }

    /// Its coordinator has ended it, and the next one waits for a new epoch: to end it again would be asked as
    /// somebody who may have that epoch already.
    pub(super) fn on_ended(&mut self) {
        self.has_begun = false;
        self.needs_bump = true;
    }

    /// A batch has failed, for good.
    pub(super) fn on_batch_failed(&mut self, error: Error) {
        let is_final = [
            ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            ErrorCode::PRODUCER_FENCED,
            ErrorCode::UNSUPPORTED_VERSION,
            ErrorCode::INVALID_PRODUCER_ID_MAPPING,
        ];
        let is_final = error.code().is_some_and(|code| is_final.contains(&code))
            || matches!(error, Error::UnsupportedVersion { .. });
        if is_final { self.on_over(error) } else { self.on_failed(error) }
    }

    /// It can only be aborted.
    pub(super) fn on_failed(&mut self, error: Error) {
        match self.phase {
            Phase::Open | Phase::Ending(End::Commit) => self.phase = Phase::Failed(error),
            Phase::Outside
            | Phase::Initializing
            | Phase::Ready
            | Phase::Ending(End::Abort)
            | Phase::Failed(_)
            | Phase::Over(_) => {}
        }
    }

    /// The producer can only be closed.
    pub(super) fn on_over(&mut self, error: Error) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Over(error);
        }
    }

    /// What a coordinator's refusal means for the application; the transaction is then as it says.
    /// `of_end`: it is its end that is refused, or the id with which the next would begin.
    pub(super) fn refuse(&mut self, error: Error, of_end: bool) -> TransactionError {
        let error = match error.code() {
            // Older coordinators call it so.
            Some(ErrorCode::INVALID_PRODUCER_EPOCH) => ErrorCode::PRODUCER_FENCED.into(),
            _ => error,
        };
        let can_abort = match self.phase {
            Phase::Open | Phase::Ending(End::Commit) | Phase::Failed(_) => true,
            Phase::Ending(End::Abort) => !of_end,
            Phase::Outside | Phase::Initializing | Phase::Ready | Phase::Over(_) => false,
        };
        if can_abort && error.code().is_some_and(is_abortable) {
            self.on_failed(error.clone());
            return TransactionError::Abort(error);
        }
        self.on_over(error.clone());
        TransactionError::Close(error)
    }
}

/// Whether a transaction that a coordinator refuses so can be aborted, and another one begin.
fn is_abortable(code: ErrorCode) -> bool {
    [
        ErrorCode::TRANSACTION_ABORTABLE,
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::OPERATION_NOT_ATTEMPTED,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ErrorCode::FENCED_INSTANCE_ID,
        ErrorCode::UNKNOWN_MEMBER_ID,
        ErrorCode::ILLEGAL_GENERATION,
        ErrorCode::STALE_MEMBER_EPOCH,
        ErrorCode::FENCED_MEMBER_EPOCH,
    ]
    .contains(&code)
}

#[cfg(test)]
mod tests {
    use super::{End, Error, ErrorCode, Transaction, TransactionError};

    fn open() -> Transaction {
        let mut transaction = Transaction::new();
        transaction.initialize().unwrap();
        transaction.be_ready(true);
        transaction.begin().unwrap();
        transaction
    }

    #[test]
    fn calls_out_of_order_change_nothing() {
        let mut transaction = Transaction::new();
        assert!(matches!(transaction.begin(), Err(TransactionError::Misuse(_))));
        transaction.initialize().unwrap();
        transaction.initialize().unwrap();
        transaction.be_ready(true);
        assert!(matches!(transaction.check_open(), Err(TransactionError::Misuse(_))));
        assert!(matches!(transaction.end(End::Commit), Err(TransactionError::Misuse(_))));
        transaction.begin().unwrap();
        assert!(matches!(transaction.begin(), Err(TransactionError::Misuse(_))));
        transaction.end(End::Commit).unwrap();
        // It may be committed.
        assert!(matches!(transaction.end(End::Abort), Err(TransactionError::Misuse(_))));
        assert!(matches!(transaction.check_open(), Err(TransactionError::Misuse(_))));
        transaction.end(End::Commit).unwrap();
    }

    #[test]
    fn what_has_failed_can_only_be_aborted() {
        let mut transaction = open();
        let error = Error::TimedOut("a batch".into());
        transaction.on_batch_failed(error.clone());
        assert_eq!(transaction.check_open(), Err(TransactionError::Abort(error.clone())));
        assert_eq!(transaction.end(End::Commit), Err(TransactionError::Abort(error.clone())));
        assert_eq!(transaction.drops(), Some(error));
        transaction.end(End::Abort).unwrap();
        transaction.be_ready(true);
        transaction.begin().unwrap();
        assert_eq!(transaction.check_open(), Ok(()));
    }

    #[test]
    fn what_fails_while_it_is_committed_is_not_committed() {
        let mut transaction = open();
        transaction.end(End::Commit).unwrap();
        transaction.on_batch_failed(ErrorCode::INVALID_PRODUCER_EPOCH.into());
        assert!(matches!(transaction.check_ending(), Err(TransactionError::Abort(_))));
    }

    #[test]
    fn whoever_is_fenced_can_only_close() {
        let fenced = || TransactionError::Close(ErrorCode::PRODUCER_FENCED.into());
        for code in [ErrorCode::INVALID_PRODUCER_EPOCH, ErrorCode::PRODUCER_FENCED] {
            let mut transaction = open();
            assert_eq!(transaction.refuse(code.into(), false), fenced());
            assert_eq!(transaction.end(End::Abort), Err(fenced()));
            assert_eq!(transaction.begin(), Err(fenced()));
        }
    }

    #[test]
    fn an_abort_that_is_refused_is_the_end() {
        for (end, abortable) in [(End::Commit, true), (End::Abort, false)] {
            let mut transaction = open();
            transaction.end(end).unwrap();
            let refused = transaction.refuse(ErrorCode::TRANSACTION_ABORTABLE.into(), true);
            assert_eq!(matches!(refused, TransactionError::Abort(_)), abortable);
        }
    }

    #[test]
    fn what_is_refused_of_a_lost_transaction_changes_nothing() {
        let refuse = |transaction: &mut Transaction| {
            let refused = transaction.refuse(ErrorCode::ILLEGAL_GENERATION.into(), false);
            assert!(matches!(refused, TransactionError::Abort(_)), "{refused:?}");
        };
        let mut transaction = open();
        transaction.on_batch_failed(Error::TimedOut("a batch".into()));
        refuse(&mut transaction);
        transaction.end(End::Abort).unwrap();
        refuse(&mut transaction);
        assert_eq!(transaction.check_ending(), Ok(()));
    }

    #[test]
    fn offsets_that_may_be_missing_are_not_committed_without() {
        let mut transaction = open();
        transaction.on_offsets_begun();
        let refused = transaction.end(End::Commit);
        assert!(matches!(refused, Err(TransactionError::Misuse(_))), "{refused:?}");
        transaction.on_offsets_begun();
        transaction.on_offsets_sent();
        transaction.end(End::Commit).unwrap();
        let mut transaction = open();
        transaction.on_offsets_begun();
        transaction.end(End::Abort).unwrap();
        transaction.be_ready(true);
        transaction.begin().unwrap();
        transaction.end(End::Commit).unwrap();
    }
}
