//! A partition's log: batches in segments on a disk, and all that follows from them.
//!
//! Owned by one strand. A turn calls [`Log::stage`] any number of times, then does one write, then
//! [`Log::publish`]. Nothing here waits for anything but the disk, locks, or looks at a clock. A
//! failed write takes the log offline for good, so nothing staged is ever rolled back.

pub mod append;
mod close;
pub mod open;
mod read;
pub(crate) mod roll;
pub mod staged;
mod truncate;

use crate::leader_epochs::LeaderEpochs;
use crate::log_config::LogConfig;
use crate::place::Place;
use crate::producers::{Producer, Producers, Verifications};
use crate::segments::Segments;
use crate::snapshots::Snapshots;
use crate::tail::Tail;
use dohle_env::scratch::Scratch;
use staged::Staged;
use std::cell::Cell;
use std::io;
use std::sync::Arc;

/// A log.
///
/// Invariants, outside a turn: the segments hold exactly the batches below `end_offset`, without
/// overlap and in offset order; `start_offset <= recovery point or start <= end_offset`; producers,
/// epochs and indexes are what the batches say; the tail holds the newest batches without a gap.
pub struct Log {
    pub(crate) place: Arc<Place>,
    pub(crate) config: LogConfig,
    pub(crate) segments: Segments,
    pub(crate) producers: Producers,
    pub(crate) verifications: Verifications,
    pub(crate) snapshots: Snapshots,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) epochs_version: u64,
    pub(crate) epochs_written: u64,
    /// All that the file of epochs lacks is where an epoch begins in which nothing is written yet:
    /// the next leader begins at the same place, so nobody will miss it.
    pub(crate) epochs_idle: bool,
    pub(crate) tail: Tail,
    pub(crate) staged: Scratch<Staged>,
    pub(crate) staged_end: i64,
    pub(crate) start_offset: i64,
    pub(crate) end_offset: i64,
    pub(crate) recovery_point: i64,
    pub(crate) flushed_at: i64,
    /// Grows with every truncation: what began before does not fit the files any more.
    pub(crate) generation: u64,
    pub(crate) offline: Option<Arc<str>>,
    /// Below it the log is compacted; `None` if it never was.
    pub(crate) first_dirty_offset: Option<i64>,
    /// Where the last looked-up end of a read lies.
    pub(crate) end_memo: Cell<Option<(i64, (i64, u64))>>,
}

/// The log is offline: a write or a sync has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offline {
    /// What failed.
    pub reason: Arc<str>,
}

impl Log {
    /// The first offset that may be read.
    #[must_use]
    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// All below it survives a crash.
    #[must_use]
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Whether the checkpoint of log starts must name this log. Kafka leaves those out that begin
    /// with their first segment; but segments that went are back after a power loss until the
    /// directory is synced, and deleted records with them.
    #[must_use]
    pub fn has_own_start_offset(&self) -> bool {
        0 < self.start_offset
    }

    /// Bytes of all `.log` files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.segments.size_bytes()
    }

    /// How many segments there are.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.count()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// New settings, valid from the next batch on.
    pub fn update_config(&mut self, config: LogConfig) {
        self.config = config;
    }

    /// Where it lies.
    #[must_use]
    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// The producers that are known, by id.
    pub fn producers(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter()
    }

    /// Whether the producer has a transaction open here in this epoch; one that has not needs
    /// verification.
    #[must_use]
    pub fn has_open_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        self.producers.has_open_transaction(producer_id, epoch)
    }

    /// Forgets producers that wrote nothing for `producer.id.expiration.ms`.
    pub fn expire_producers(&mut self, now: i64) {
        self.producers.expire(now, self.config.producer_id_expiration_ms);
        self.verifications.expire(now, self.config.producer_id_expiration_ms);
    }

    /// The high watermark has moved: transactions whose marker is below it are over for readers.
    pub fn on_high_watermark(&mut self, high_watermark: i64) {
        self.producers.on_high_watermark(high_watermark);
    }

    /// The offset below which readers of committed records may read.
    #[must_use]
    pub fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        let unstable = self.producers.first_unstable_offset(high_watermark);
        unstable.map_or(high_watermark, |offset| offset.max(self.start_offset).min(high_watermark))
    }

    /// The leader epochs of the log.
    #[must_use]
    pub fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    /// The epoch that answers for `epoch` and the offset at which it ends; (-1, -1) if unknown.
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        self.epochs.end_offset_for(epoch, self.end_offset)
    }

    /// A leader begins `epoch` at the log's end.
    pub fn assign_epoch_start(&mut self, epoch: i32) {
        let is_written = self.epochs_written == self.epochs_version || self.epochs_idle;
        self.assign_epoch(epoch, self.staged_end);
        self.epochs_idle = is_written;
    }

    pub(crate) fn assign_epoch(&mut self, epoch: i32, start_offset: i64) {
        if self.epochs.assign(epoch, start_offset) {
            self.epochs_version += 1;
        }
    }

    /// Moves the log's start up to `offset`, at most to its end. Whole segments below it go with
    /// the next [`Log::retention`]. False if the start was there already.
    pub fn advance_start_offset(&mut self, offset: i64) -> bool {
        let offset = offset.min(self.end_offset);
        if offset <= self.start_offset {
            return false;
        }
        self.start_offset = offset;
        if self.epochs.truncate_from_start(offset) {
            self.epochs_idle = false;
            self.epochs_version += 1;
        }
        self.snapshots.on_start_offset(offset);
        true
    }

    /// Gives up memory that no reader wanted for a while: call it now and then.
    pub fn age_tail(&mut self, now: i64) -> bool {
        self.tail.age(now)
    }

    /// Bytes that the tail holds.
    #[must_use]
    pub fn tail_bytes(&self) -> usize {
        self.tail.size_bytes()
    }

    /// Why the log is offline, if it is.
    #[must_use]
    pub fn offline(&self) -> Option<&str> {
        self.offline.as_deref()
    }

    /// Takes the log offline: a write or a sync of its directory has failed. It stays so.
    pub fn take_offline(&mut self, reason: &io::Error) {
        if self.offline.is_none() {
            self.offline = Some(format!("{}: {reason}", self.place.directory.display()).into());
        }
    }

    pub(crate) fn require_writable(&self) -> io::Result<()> {
        match &self.offline {
            None => Ok(()),
            Some(reason) => Err(io::Error::other(reason.to_string())),
        }
    }

    pub(crate) fn require_online(&self) -> Result<(), Offline> {
        match &self.offline {
            None => Ok(()),
            Some(reason) => Err(Offline { reason: reason.clone() }),
        }
    }
}
