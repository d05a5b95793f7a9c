//! A copy takes the log's place.

use super::copying::CopyError;
use crate::log::Log;
use crate::partition_directory::{self, Purpose, Removal, TopicPartition};
use crate::place::Place;
use crate::segment::Segment;
use dohle_env::disk::Open;
use dohle_env::random::Random;
use std::io;
use std::path::{Path, PathBuf};

/// The log in its new place.
pub struct Succession {
    /// To be used from here on.
    pub log: Box<Log>,
    /// The folder of the old log, to be removed after `file.delete.delay.ms`.
    pub removal: Removal,
}

/// Why a copy has not taken the log's place.
pub enum SuccessionError {
    /// Too much is missing in the copy, or cannot be read now: nothing has changed.
    Behind {
        /// The log.
        log: Box<Log>,
        /// Its copy.
        copy: Box<Log>,
    },
    /// The copy's disk has failed: nothing has changed for the log.
    Copy {
        /// The log.
        log: Box<Log>,
        /// What failed.
        error: io::Error,
    },
    /// A folder could not get its new name. The log is offline; the next start finds it where it
    /// was, or its copy in its place.
    Rename {
        /// The log.
        log: Box<Log>,
        /// What failed.
        error: io::Error,
        /// The folder.
        folder: PathBuf,
    },
}

impl Log {
    /// Lets `copy` catch up with this log, makes it survive a crash, and gives it the log's name.
    /// Nobody may use the log meanwhile, and no flush of it may be under way. What is still missing
    /// is at most `bytes_max`, or nothing happens.
    ///
    /// # Errors
    /// See [`SuccessionError`].
    pub fn succeed_by(
        mut self: Box<Self>,
        mut copy: Box<Self>,
        partition: &TopicPartition,
        bytes_max: u64,
        (random, now): (&dyn Random, i64),
    ) -> Result<Succession, SuccessionError> {
        assert!(self.staged.is_empty(), "a turn has ended before the log is moved");
        match level(&self, &mut copy, bytes_max, now) {
            Ok(true) => {}
            Ok(false)
            | Err(CopyError::Outrun | CopyError::Unreadable { .. } | CopyError::Log(_)) => {
                return Err(SuccessionError::Behind { log: self, copy });
            }
            Err(CopyError::Copy(error)) => return Err(SuccessionError::Copy { log: self, error }),
        }
        copy.inherit(&self);
        if let Err(error) = copy.settle(now) {
            return Err(SuccessionError::Copy { log: self, error });
        }
        // Before its folder changes its name: who opens a file by its name looks at this afterwards.
        self.segments.iter().for_each(Segment::give_up);
        match rename(&self, &copy, partition, random) {
            Ok((old, new)) => {
                self.segments.iter().for_each(Segment::close_file);
                copy.place = Place::new(copy.place.storage.clone(), new, self.place.name.clone());
                Ok(Succession { log: copy, removal: Removal { directory: old } })
            }
            Err((error, folder)) => {
                self.take_offline(&error);
                Err(SuccessionError::Rename { log: self, error, folder })
            }
        }
    }

    /// Takes over what the log knows and its batches do not say. What was planned or flushed of the
    /// old files does not fit the new ones.
    fn inherit(&mut self, old: &Self) {
        self.config = old.config.clone();
        self.producers = old.producers.clone();
        self.verifications = old.verifications.clone();
        self.epochs = old.epochs.clone();
        self.epochs_version += 1;
        self.start_offset = old.start_offset;
        self.generation = self.generation.max(old.generation) + 1;
        self.segments.layout = self.segments.layout.max(old.segments.layout) + 1;
        self.tail.clear();
        self.end_memo.set(None);
        self.first_dirty_offset = match self.first_dirty_offset {
            // Of a copy that was begun by another process nobody knows what it has missed.
            Some(_) => self.first_dirty_offset.min(old.first_dirty_offset),
            None => None,
        };
    }

    /// Writes and syncs all that an unclean start needs to find.
    fn settle(&mut self, now: i64) -> io::Result<()> {
        self.snapshots.retake(&self.producers, self.end_offset);
        let place = self.place.clone();
        if self.segments.active.size_bytes == 0 {
            // Even an empty segment has its file: its name is the log's end.
            self.segments.active.make_file(&place, Open::Create)?;
        }
        if let Some(work) = self.flush_work() {
            self.on_flushed(work.run()?, now);
        }
        // The folder's name as well: once the log has another one, this is what is left.
        Place::make_durable(std::slice::from_ref(&place))?;
        place.disk().sync_directory(&place.directory)?;
        place.directory.parent().map_or(Ok(()), |parent| place.disk().sync_directory(parent))
    }

    /// Says that this copy was begun by this process, when the log was compacted up to
    /// `first_dirty_offset`, and that nothing was compacted since.
    pub fn set_copy_of_compacted(&mut self, first_dirty_offset: Option<i64>) {
        self.first_dirty_offset = first_dirty_offset;
    }
}

/// Copies what is missing; whether that was all.
fn level(log: &Log, copy: &mut Log, bytes_max: u64, now: i64) -> Result<bool, CopyError> {
    let reader = log.reader();
    // A copy may have to begin anew twice, then come to the last batch, then to offsets without any.
    for _ in 0..4 {
        if copy.copy_from(&reader, bytes_max, now)?.is_level {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The log's folder gets a name to be deleted by, the copy's folder gets the log's. Undone as far as
/// possible where the second one fails.
fn rename(
    log: &Log,
    copy: &Log,
    partition: &TopicPartition,
    random: &dyn Random,
) -> Result<(PathBuf, PathBuf), (io::Error, PathBuf)> {
    let from = |folder: &Path| {
        let folder = folder.to_path_buf();
        move |error| (error, folder)
    };
    let disk = log.place.disk();
    let (current, future) = (&log.place.directory, &copy.place.directory);
    let old = partition_directory::rename(disk, current, partition, Purpose::Delete, random)
        .map_err(from(current))?;
    let new = partition_directory::rename(disk, future, partition, Purpose::Current, random);
    new.map(|new| (old.clone(), new)).map_err(|error| {
        // The disk that still works has the records: its next start is to find them. Not so where
        // the copy has its name and only that is not known to be synced.
        let is_copy_there = matches!(disk.entry(future), Ok(Some(_)));
        if is_copy_there
            && disk.rename(&old, current).is_ok()
            && let Some(parent) = current.parent()
        {
            let _ = disk.sync_directory(parent);
        }
        from(future)(error)
    })
}
