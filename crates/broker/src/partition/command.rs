//! What can be asked of a partition, and what it answers.

use super::compacting::Replace;
use super::moving::Swap;
use super::{Effect, Partition};
use crate::topic::TopicSettings;
use dohle_env::gather::Slot;
use dohle_env::net::Pieces;
use dohle_env::ready::Mark;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::CheckedBatch;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_storage::producers::Guard;
use dohle_storage::{AbortedTransaction, Cursor, Flushed, Log, ReadPlan};
use std::io;
use std::sync::Arc;

/// A message to a partition's strand.
pub(crate) enum Command {
    /// Append a batch as its leader.
    Append(Append),
    /// End a producer's transaction.
    EndTransaction(EndTransaction),
    /// Something for the machine that lives here, in order with what is appended.
    Decide(Question),
    /// Read what lies from a cursor on.
    Read(Read),
    /// What a read found that had to wait for the disk. In a box, for it is rare, and twice as large
    /// as any other.
    ColdRead(Box<(Read, io::Result<ReadPlan>)>),
    /// A flush has ended.
    Flushed(io::Result<Flushed>),
    /// Lead in this epoch.
    Lead {
        /// Grows with every leader.
        leader_epoch: i32,
        /// Grows with every change of the partition.
        partition_epoch: i32,
    },
    /// New settings of the topic.
    Settings(Arc<TopicSettings>),
    /// Anything rare: look-ups, housekeeping, administration.
    Ask(Question),
    /// Take a compacted segment into the log.
    Replace(Replace),
    /// Put a copy in another directory in the log's place.
    Swap(Swap),
    /// Give the log away, to be closed or deleted; nothing is served from here on.
    TakeLog(Slot<Box<Log>>),
}

/// Something rare to do with a partition, in its turn.
pub(crate) type Question = Box<dyn FnOnce(&mut Partition, &mut Vec<Effect>) + Send>;

/// One batch to append.
pub(crate) struct Append {
    pub(crate) batch: CheckedBatch,
    /// The verification of its transaction that has succeeded, if it is that one's first batch.
    pub(crate) guard: Option<Guard>,
    pub(crate) acks: Acks,
    pub(crate) slot: Slot<Appended>,
}

/// The end of a producer's transaction, as its coordinator wants it written.
pub(crate) struct EndTransaction {
    pub(crate) marker: EndTransactionMarker,
    /// 2: the marker has an epoch of its own (KIP-890).
    pub(crate) transaction_version: i16,
    /// Filled once the marker is committed.
    pub(crate) slot: Slot<Appended>,
}

/// When an append is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acks {
    /// Once it is in the leader's log. acks=0 counts as this; its answer is thrown away.
    Leader,
    /// Once all in-sync replicas have it.
    All,
}

/// The outcome of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) error: ErrorCode,
    /// Why, in words, where Kafka says it.
    pub(crate) message: Option<String>,
    /// The first offset of the batch; -1 with an error.
    pub(crate) base_offset: i64,
    /// The time of the append if the topic stamps its records with it, else -1.
    pub(crate) log_append_time: i64,
    pub(crate) log_start_offset: i64,
    pub(crate) leader_epoch: i32,
}

/// One partition of a fetch.
pub(crate) struct Read {
    pub(crate) cursor: Cursor,
    /// The leader epoch that the asker believes in; -1 if it does not say.
    pub(crate) current_leader_epoch: i32,
    /// The epoch of the record before the cursor; -1 if the asker does not say.
    pub(crate) last_fetched_epoch: i32,
    pub(crate) committed_only: bool,
    pub(crate) size_bytes_max: usize,
    pub(crate) at_least_one_batch: bool,
    /// Left with the partition if the asker may want more, and set when there is.
    pub(crate) mark: Mark,
    pub(crate) slot: Slot<ReadAnswer>,
}

/// What a read found.
#[derive(Debug)]
pub(crate) struct ReadAnswer {
    pub(crate) error: ErrorCode,
    pub(crate) pieces: Pieces,
    pub(crate) size_bytes: usize,
    /// Where the next read goes on.
    pub(crate) next: Option<Cursor>,
    /// The read's mark is with the partition.
    pub(crate) watched: bool,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable_offset: i64,
    pub(crate) log_start_offset: i64,
    /// Aborted transactions in the range, for readers of committed records.
    pub(crate) aborted: Vec<AbortedTransaction>,
    /// Where the asker's log leaves ours: (epoch, end offset).
    pub(crate) diverging: Option<(i32, i64)>,
    pub(crate) leader_epoch: i32,
}

impl ReadAnswer {
    /// No records, for this reason.
    pub(crate) fn refused(error: ErrorCode) -> Self {
        Self {
            error,
            pieces: Pieces::new(),
            size_bytes: 0,
            next: None,
            watched: false,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            aborted: Vec::new(),
            diverging: None,
            leader_epoch: -1,
        }
    }
}
