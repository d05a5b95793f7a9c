//! Files of segments: how they go in two steps, and how indexes are written.

use crate::flush::Written;
use crate::place::{Place, file_name, suffix};
use crate::segment::{Indexes, Segment};
use dohle_env::disk::{Disk, Open};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that have a `.deleted` name and wait to be removed: readers that began before may go on
/// for
/// `file.delete.delay.ms`.
#[derive(Default)]
pub struct Deletion {
    disk: Option<Arc<dyn Disk>>,
    paths: Vec<PathBuf>,
}

impl std::fmt::Debug for Deletion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.paths).finish()
    }
}

impl Deletion {
    /// Whether there is nothing to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The files.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Takes over what `other` was to remove.
    pub fn merge(&mut self, other: Self) {
        self.disk = self.disk.take().or(other.disk);
        self.paths.extend(other.paths);
    }

    /// Removes them; those that are gone already are no error.
    ///
    /// # Errors
    /// The disk's.
    pub fn run(&self) -> io::Result<()> {
        let Some(disk) = &self.disk else { return Ok(()) };
        self.paths.iter().try_for_each(|path| remove_if_there(&**disk, path))
    }
}

pub(crate) fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Renames the files `<offset><suffix>` to `.deleted`, those that are there.
pub(crate) fn mark_deleted(
    place: &Place,
    offset: i64,
    suffixes: &[&str],
    into: &mut Deletion,
) -> io::Result<()> {
    for suffix in suffixes {
        let name = file_name(offset, suffix);
        let deleted = place.directory.join(format!("{name}{}", suffix::DELETED));
        match place.disk().rename(&place.directory.join(name), &deleted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            renamed => renamed?,
        }
        into.disk.get_or_insert_with(|| place.storage.disk.clone());
        into.paths.push(deleted);
    }
    Ok(())
}

/// Renames all files of a segment to `.deleted`.
pub(crate) fn mark_segment_deleted(
    place: &Place,
    segment: &Segment,
    into: &mut Deletion,
) -> io::Result<()> {
    segment.give_up();
    mark_deleted(place, segment.base_offset, &suffix::SEGMENT, into)?;
    segment.close_file();
    Ok(())
}

/// Removes all files of a segment at once: one that nobody can be reading.
pub(crate) fn remove_segment(place: &Place, segment: &Segment) -> io::Result<()> {
    segment.give_up();
    segment.close_file();
    for suffix in suffix::SEGMENT {
        remove_if_there(place.disk(), &place.path(segment.base_offset, suffix))?;
    }
    Ok(())
}

/// The index files of one segment.
pub(crate) struct IndexWrites {
    pub(crate) base_offset: i64,
    place: Arc<Place>,
    indexes: Arc<Indexes>,
}

impl IndexWrites {
    /// `None` if the files hold what is in memory.
    pub(crate) fn of(place: &Arc<Place>, segment: &Segment) -> Option<Self> {
        if !segment.has_unwritten_indexes() {
            return None;
        }
        let indexes = segment.indexes_in_memory()?;
        Some(Self { base_offset: segment.base_offset, place: place.clone(), indexes })
    }

    /// Writes the files, the `.index` under a name that says that it is not whole. Gives `written`
    /// what is to be synced. [`IndexWrites::name`] comes once all of that survives a crash.
    pub(crate) fn write(&self, written: Written<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        let transactions = self.place.path(self.base_offset, suffix::TRANSACTION_INDEX);
        if self.indexes.transactions.count() == 0 {
            // Kafka keeps this file only where it has an entry.
            remove_if_there(self.place.disk(), &transactions)?;
        } else {
            self.indexes.transactions.encode(&mut bytes);
            self.write_file(&transactions, &bytes, written)?;
        }
        bytes.clear();
        self.indexes.times.encode(&mut bytes);
        let times = self.place.path(self.base_offset, suffix::TIME_INDEX);
        self.write_file(&times, &bytes, written)?;
        bytes.clear();
        self.indexes.offsets.encode(&mut bytes);
        self.write_file(&self.unnamed(), &bytes, written)
    }

    /// Whether there is anything in the files that a start would miss.
    pub(crate) fn has_entries(&self) -> bool {
        let Indexes { offsets, times, transactions } = &*self.indexes;
        offsets.count() + times.count() + transactions.count() != 0
    }

    /// Gives the `.index` its name, whose presence says that it is whole and the others are right: a
    /// start believes what it finds of a segment that was flushed, and this may fail or end at any
    /// point. What was written must survive a crash before, contents and names.
    pub(crate) fn name(&self) -> io::Result<()> {
        let path = self.place.path(self.base_offset, suffix::OFFSET_INDEX);
        self.place.disk().rename(&self.unnamed(), &path)
    }

    fn unnamed(&self) -> PathBuf {
        self.place.path(self.base_offset, suffix::NEW_OFFSET_INDEX)
    }

    fn write_file(&self, path: &Path, bytes: &[u8], written: Written<'_>) -> io::Result<()> {
        let disk = self.place.disk();
        let is_new = disk.entry(path)?.is_none_or(|before| before.size_bytes == 0);
        let file = disk.open(path, Open::Truncate)?;
        if !bytes.is_empty() {
            file.write_at(0, &[IoSlice::new(bytes)])?;
        }
        if !bytes.is_empty() || !is_new {
            // Else there is nothing to lose, and nothing old that could come back.
            written(&*file)?;
        }
        Ok(())
    }
}
