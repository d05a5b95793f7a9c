//! What makes a log's bytes survive a crash: done away from the log's own thread.

use crate::limits::SYNCS_MAX;
use crate::log::Log;
use crate::place::Place;
use crate::segment::Segment;
use crate::segment_files::IndexWrites;
use crate::snapshots;
use dohle_env::disk::{File, Open};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the leader epochs' file.
pub(crate) const EPOCHS_FILE: &str = "leader-epoch-checkpoint";
/// What it is called until it is whole.
const NEW_EPOCHS_FILE: &str = "leader-epoch-checkpoint.tmp";

/// What becomes of a file that was written.
pub(crate) type Written<'a> = &'a mut dyn FnMut(&dyn File) -> io::Result<()>;

/// Files to write and sync. Owns all it needs.
pub struct FlushWork {
    place: Arc<Place>,
    /// Whose `.log` has unsynced bytes.
    segments: Vec<Segment>,
    indexes: Vec<IndexWrites>,
    snapshots: Vec<(i64, Vec<u8>)>,
    /// The epochs' file, and which version of them it is.
    epochs: Option<(u64, Vec<u8>)>,
    sync_directory: bool,
    end_offset: i64,
    generation: u64,
}

/// What a [`FlushWork`] has done, for [`Log::on_flushed`].
#[derive(Debug)]
#[must_use = "a flush that the log does not hear of is done again"]
pub struct Flushed {
    end_offset: i64,
    generation: u64,
    /// The segments whose indexes were written.
    indexed: Vec<i64>,
    snapshots: Vec<i64>,
    epochs: Option<u64>,
}

impl Flushed {
    /// All records below this offset survive a crash.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }
}

impl FlushWork {
    /// The partition's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// Writes and syncs. Never to be tried again after a failure: the directory is to go offline,
    /// for the kernel may have dropped what it could not write.
    ///
    /// # Errors
    /// The disk's.
    pub fn run(&self) -> io::Result<Flushed> {
        let sync_directory = || self.place.disk().sync_directory(&self.place.directory);
        if self.end_offset > 0 {
            // A folder without records is made again where it is missing.
            Place::make_durable(std::slice::from_ref(&self.place))?;
        }
        self.write(&mut |file| file.sync())?;
        if self.indexes.iter().any(IndexWrites::has_entries) {
            sync_directory()?;
        }
        self.name()?;
        if self.sync_directory {
            sync_directory()?;
        }
        Ok(self.flushed())
    }

    /// Runs the work of many logs of one log directory, which then wait for the disk together. Says
    /// of each how it ended.
    ///
    /// # Errors
    /// When nobody knows what survives a crash: the directory is to go offline.
    pub(crate) fn run_all(all: &[Self]) -> io::Result<Vec<io::Result<Flushed>>> {
        let Some(first) = all.first().filter(|_| all.len() > SYNCS_MAX) else {
            return Ok(all.iter().map(Self::run).collect());
        };
        let directory = first.place.directory.parent().unwrap_or(&first.place.directory);
        let sync = || first.place.disk().sync_tree(directory);
        let written: Vec<_> = all.iter().map(|work| work.write(&mut |_| Ok(()))).collect();
        sync()?;
        let named = |(work, written): (&Self, io::Result<()>)| written.and_then(|()| work.name());
        let named: Vec<_> = all.iter().zip(written).map(named).collect();
        sync()?;
        let flushed = |(work, named): (&Self, io::Result<()>)| named.map(|()| work.flushed());
        Ok(all.iter().zip(named).map(flushed).collect())
    }

    /// Writes all files, those that replace others under names of their own; gives `written` each that
    /// is to be synced. One is open at a time: there may be more than this process may have.
    fn write(&self, written: Written<'_>) -> io::Result<()> {
        for (offset, content) in &self.snapshots {
            written(&*snapshots::write(&self.place, *offset, content)?)?;
        }
        for segment in &self.segments {
            match segment.file(&self.place) {
                // Retention or a truncation was faster: nothing of it is to survive.
                Err(error) if error.kind() == io::ErrorKind::NotFound && segment.is_gone() => {}
                file => {
                    let file = file?;
                    segment.require_name(&self.place, &*file)?;
                    written(&*file)?;
                }
            }
        }
        for indexes in &self.indexes {
            indexes.write(written)?;
        }
        if let Some((_, epochs)) = &self.epochs {
            let file = self.place.disk().open(&self.new_epochs(), Open::Truncate)?;
            file.write_at(0, &[IoSlice::new(epochs)])?;
            written(&*file)?;
        }
        Ok(())
    }

    /// Gives what replaces other files their names, once it survives a crash.
    fn name(&self) -> io::Result<()> {
        self.indexes.iter().try_for_each(IndexWrites::name)?;
        if self.epochs.is_some() {
            let path = self.place.directory.join(EPOCHS_FILE);
            self.place.disk().rename(&self.new_epochs(), &path)?;
        }
        Ok(())
    }

    fn new_epochs(&self) -> PathBuf {
        self.place.directory.join(NEW_EPOCHS_FILE)
    }

    fn flushed(&self) -> Flushed {
        Flushed {
            end_offset: self.end_offset,
            generation: self.generation,
            indexed: self.indexes.iter().map(|indexes| indexes.base_offset).collect(),
            snapshots: self.snapshots.iter().map(|(offset, _)| *offset).collect(),
            epochs: self.epochs.as_ref().map(|(version, _)| *version),
        }
    }
}

impl Log {
    /// Looks whether the file that is written to still has its name. What goes to one without is lost
    /// when the node stops: the sooner somebody hears of it, the less that is. Older segments are
    /// missed when they are opened.
    ///
    /// # Errors
    /// `NotFound` if it was removed; and the disk's.
    pub fn require_active_file(&self) -> io::Result<()> {
        self.segments.active.require_name_if_open(&self.place)
    }

    /// What a flush of all that is published has to do; `None` if nothing, or if the log is
    /// offline: a sync is never tried again. The active segment's indexes wait for the
    /// roll or the close: after a crash they are rebuilt from the log anyway.
    #[must_use]
    pub fn flush_work(&self) -> Option<FlushWork> {
        self.flush_work_of(false)
    }

    pub(crate) fn flush_work_of(&self, with_active_indexes: bool) -> Option<FlushWork> {
        if self.offline.is_some() {
            return None;
        }
        let unflushed = self.recovery_point < self.end_offset;
        let from = self.segments.floor(self.recovery_point);
        let segments: Vec<Segment> = self
            .segments
            .iter()
            .skip(from)
            .filter(|segment| unflushed && segment.size_bytes > 0)
            .cloned()
            .collect();
        let indexed = self.segments.count() - usize::from(!with_active_indexes);
        let indexes: Vec<IndexWrites> = self
            .segments
            .iter()
            .take(indexed)
            .filter_map(|segment| IndexWrites::of(&self.place, segment))
            .collect();
        let snapshots: Vec<(i64, Vec<u8>)> = self
            .snapshots
            .pending
            .iter()
            .map(|(offset, content)| (*offset, content.clone()))
            .collect();
        let epochs_wait = self.epochs_written != self.epochs_version && !self.epochs_idle;
        let epochs = epochs_wait.then(|| (self.epochs_version, self.epochs.encode()));
        let new_segment = segments.iter().any(|segment| segment.base_offset >= self.recovery_point);
        if segments.is_empty() && indexes.is_empty() && snapshots.is_empty() && epochs.is_none() {
            return None;
        }
        Some(FlushWork {
            place: self.place.clone(),
            // Without a record ever there is no name that a start would miss but the epochs'.
            sync_directory: epochs.is_some()
                || self.end_offset > 0
                    && (new_segment || !indexes.is_empty() || !snapshots.is_empty()),
            segments,
            indexes,
            snapshots,
            epochs,
            end_offset: self.end_offset,
            generation: self.generation,
        })
    }

    /// Whether `flush.messages` or `flush.ms` asks for a flush, or a sealed segment waits for one.
    #[must_use]
    pub fn is_flush_due(&self, now: i64) -> bool {
        let unflushed = self.end_offset - self.recovery_point;
        let sealed_waits = self.recovery_point < self.segments.active.base_offset;
        unflushed > 0
            && (unflushed >= self.config.flush_messages
                || now.saturating_sub(self.flushed_at) >= self.config.flush_ms
                || sealed_waits)
    }

    /// A flush is done: the recovery point moves. One that began before a truncation counts for
    /// nothing.
    pub fn on_flushed(&mut self, flushed: Flushed, now: i64) {
        self.flushed_at = now;
        for offset in flushed.snapshots {
            self.snapshots.on_written(offset);
        }
        if flushed.generation != self.generation {
            // What it wrote may be of before the cut: it must not be believed.
            for base_offset in flushed.indexed {
                let disowned = self.with_segment(base_offset, |segment, place, _| {
                    segment.disown_index_files(place)
                });
                if let Some(Err(error)) = disowned {
                    self.take_offline(&error);
                }
            }
            return;
        }
        for base_offset in flushed.indexed {
            self.with_segment(base_offset, |segment, place, is_active| {
                segment.on_indexes_written();
                if !is_active {
                    segment.unpin(place);
                }
            });
        }
        if let Some(version) = flushed.epochs {
            self.epochs_written = version;
        }
        self.recovery_point = self.recovery_point.max(flushed.end_offset);
    }

    /// Changes one segment, if it is there; tells whether it is the active one.
    fn with_segment<T>(
        &mut self,
        base_offset: i64,
        change: impl FnOnce(&mut Segment, &Place, bool) -> T,
    ) -> Option<T> {
        if self.segments.active.base_offset == base_offset {
            return Some(change(&mut self.segments.active, &self.place, true));
        }
        let sealed = self.segments.sealed_mut();
        let segment = sealed.iter_mut().find(|segment| segment.base_offset == base_offset)?;
        Some(change(segment, &self.place, false))
    }
}
