//! A partition that moves to another log directory: what of it its strand sees.
//!
//! The copy belongs to who carries it (`moves`). Here is only where it goes and how far it is, and
//! the swap, which is the last of a turn: the strand is busy while a lane copies the rest and renames
//! both folders, so nobody sees half of it.

use super::compacting::Compacting;
use super::{Effect, Partition};
use crate::directory::Directory;
use dohle_env::gather::Slot;
use dohle_env::random::Random;
use dohle_env::strand::{Then, Turned};
use dohle_protocol::error_code::ErrorCode;
use dohle_storage::moving::{Succession, SuccessionError};
use dohle_storage::partition_directory::{Removal, TopicPartition};
use dohle_storage::{Log, LogReader};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What may be missing in a copy when it takes its log's place: the strand is busy while it is
/// copied, some milliseconds.
const REST_BYTES: u64 = 1024 * 1024;

/// Where a partition moves to.
pub(crate) struct Moving {
    pub(crate) directory: Arc<Directory>,
    pub(crate) progress: Arc<Progress>,
}

/// How far a copy is; told by who carries it.
#[derive(Default)]
pub(crate) struct Progress {
    end_offset: AtomicI64,
    size_bytes: AtomicU64,
    recovery_point: AtomicI64,
}

impl Progress {
    pub(crate) fn tell(&self, copy: &Log) {
        self.end_offset.store(copy.end_offset(), Ordering::Relaxed);
        self.size_bytes.store(copy.size_bytes(), Ordering::Relaxed);
        self.recovery_point.store(copy.recovery_point(), Ordering::Relaxed);
    }

    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset.load(Ordering::Relaxed)
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn recovery_point(&self) -> i64 {
        self.recovery_point.load(Ordering::Relaxed)
    }
}

/// The log as who copies it finds it.
pub(crate) enum Original {
    /// To be copied from.
    Here(LogReader),
    /// It is being compacted: a copy of half of that would never be compacted right.
    Compacting,
    /// Its directory has failed.
    Offline,
    /// It was taken, to be deleted or closed.
    Gone,
}

/// A copy that is level, and who waits to hear what became of it.
pub(crate) struct Swap {
    pub(crate) copy: Box<Log>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) slot: Slot<Moved>,
}

/// What became of a copy that was level.
pub(crate) enum Moved {
    /// It is the log now; this is to be removed from that directory after its delay.
    Done(Removal, Arc<Directory>),
    /// It was not level any more, or the log cannot be replaced now.
    Behind(Box<Log>),
    /// A disk failed.
    Failed,
}

impl Partition {
    /// The log to copy from.
    pub(crate) fn original(&self) -> Original {
        if self.log.is_none() {
            return Original::Gone;
        }
        match self.log() {
            Err(_) => Original::Offline,
            Ok(_) if self.compacting == Compacting::Running => Original::Compacting,
            Ok(log) => Original::Here(log.reader()),
        }
    }

    /// Whether the cleaner may begin here: not while a copy is made that must have all of what is
    /// compacted, or nothing.
    pub(crate) fn may_compact(&self) -> bool {
        self.compacting == Compacting::Idle && self.moving.is_none()
    }

    /// The part of a turn's end that is about moving. A flush of the log must have ended before.
    pub(super) fn end_move(&mut self, effects: &mut Vec<Effect>) -> Turned<Self> {
        if self.is_flushing {
            return Turned::Done;
        }
        let Some(Swap { copy, directory, random, slot }) = self.swap.take() else {
            return Turned::Done;
        };
        let moving = self.moving.as_ref();
        let is_wanted = moving.is_some_and(|it| Arc::ptr_eq(&it.directory, &directory));
        let is_free = self.compacting != Compacting::Running && self.log().is_ok();
        let Some(log) = self.log.take_if(|_| is_wanted && is_free) else {
            effects.push(Effect::Moved(slot, Moved::Behind(copy)));
            return Turned::Done;
        };
        let partition = TopicPartition::new(self.topic.as_str(), self.index);
        let (lane, now) = (directory.lane.clone(), self.clock.timestamp());
        let work = move || {
            let succeeded = log.succeed_by(copy, &partition, REST_BYTES, (&*random, now));
            let then: Then<Self> = Box::new(move |partition, effects| {
                partition.finish_move(succeeded, directory, slot, effects);
                Turned::Done
            });
            then
        };
        Turned::Job(lane, Box::new(work))
    }

    fn finish_move(
        &mut self,
        succeeded: Result<Succession, SuccessionError>,
        directory: Arc<Directory>,
        slot: Slot<Moved>,
        effects: &mut Vec<Effect>,
    ) {
        let moved = match succeeded {
            Ok(Succession { log, removal }) => {
                self.log = Some(log);
                self.moving = None;
                let from = std::mem::replace(&mut self.directory, directory);
                // All of it was flushed.
                self.advance_high_watermark(effects);
                Moved::Done(removal, from)
            }
            Err(SuccessionError::Behind { log, copy }) => {
                self.log = Some(log);
                Moved::Behind(copy)
            }
            Err(SuccessionError::Copy { log, error }) => {
                self.log = Some(log);
                self.moving = None;
                effects.push(Effect::Offline(directory, error));
                Moved::Failed
            }
            Err(SuccessionError::Rename { log, error, folder }) => {
                self.log = Some(log);
                self.moving = None;
                let is_its = folder.starts_with(directory.log_dir.path());
                let failed = if is_its { directory } else { self.directory.clone() };
                let why = io::Error::new(error.kind(), error.to_string());
                self.abandon(ErrorCode::KAFKA_STORAGE_ERROR, effects);
                effects.push(Effect::Offline(failed, why));
                Moved::Failed
            }
        };
        effects.push(Effect::Moved(slot, moved));
    }
}
