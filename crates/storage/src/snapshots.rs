//! The producer snapshots of a log: which there are, and which are still to be written.

use crate::place::{Place, offset_of, suffix};
use crate::producers::Producers;
use crate::segment_files::{Deletion, mark_deleted, remove_if_there};
use dohle_env::disk::{self, File, Open};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::sync::Arc;

/// Snapshots by the offset at which they were taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshots {
    written: BTreeSet<i64>,
    /// Taken but not on the disk yet; the next flush writes them.
    pub(crate) pending: BTreeMap<i64, Vec<u8>>,
    /// The offset of the last one taken: none is taken twice for the same state.
    last_taken: i64,
}

impl Snapshots {
    /// The snapshot files among `names`.
    pub(crate) fn found(names: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let offset =
            |name: &str| name.ends_with(suffix::SNAPSHOT).then(|| offset_of(name)).flatten();
        let written = names.filter_map(|name| offset(name.as_ref())).collect();
        Self { written, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.pending.is_empty()
    }

    /// The newest snapshot's offset.
    pub(crate) fn latest(&self) -> Option<i64> {
        let newest = [self.written.last(), self.pending.keys().next_back()];
        newest.into_iter().flatten().max().copied()
    }

    /// The state in the newest file up to `offset` that can be read. Changes nothing.
    pub(crate) fn newest_up_to(
        &self,
        offset: i64,
        place: &Place,
        now: i64,
        expiration_ms: i64,
    ) -> io::Result<Option<Producers>> {
        for taken_at in self.written.range(..=offset).rev() {
            let content = read(place, *taken_at)?;
            let decoded = Producers::decode_snapshot(&content, *taken_at, now, expiration_ms);
            if let Ok(producers) = decoded {
                return Ok(Some(producers));
            }
        }
        Ok(None)
    }

    /// Takes one of `producers` if they know more of the log than the last one did.
    pub(crate) fn take(&mut self, producers: &Producers) {
        if producers.end_offset > self.last_taken {
            self.pending.insert(producers.end_offset, producers.encode_snapshot());
            self.last_taken = producers.end_offset;
        }
    }

    /// Takes one at the log's end in place of any that is there: `producers` know more than the
    /// batches say.
    pub(crate) fn retake(&mut self, producers: &Producers, end_offset: i64) {
        self.pending.insert(end_offset, producers.encode_snapshot());
        self.last_taken = end_offset;
    }

    /// The log begins at `start_offset` now.
    pub(crate) fn on_start_offset(&mut self, start_offset: i64) {
        self.last_taken = self.latest().unwrap_or(start_offset);
    }

    /// Forgets that any was taken; the log begins anew.
    pub(crate) fn restart(&mut self, place: &Place) -> io::Result<()> {
        self.pending.clear();
        for offset in std::mem::take(&mut self.written) {
            remove_if_there(place.disk(), &place.path(offset, suffix::SNAPSHOT))?;
        }
        self.last_taken = 0;
        Ok(())
    }

    /// Writes what is pending but the newest, each file synced: a scan of many segments does not keep
    /// them all in memory, and one of a single segment waits for no sync.
    pub(crate) fn write_pending_but_newest(&mut self, place: &Place) -> io::Result<()> {
        let newest = self.pending.pop_last();
        self.write_pending(place)?;
        self.pending.extend(newest);
        Ok(())
    }

    /// Writes what is pending, each file synced.
    pub(crate) fn write_pending(&mut self, place: &Place) -> io::Result<()> {
        while let Some((offset, content)) = self.pending.pop_first() {
            write(place, offset, &content)?.sync()?;
            self.written.insert(offset);
        }
        Ok(())
    }

    /// `offset` has been written by a flush.
    pub(crate) fn on_written(&mut self, offset: i64) {
        if self.pending.remove(&offset).is_some() {
            self.written.insert(offset);
        }
    }

    /// Removes the one at `offset`.
    pub(crate) fn remove(&mut self, place: &Place, offset: i64) -> io::Result<()> {
        self.pending.remove(&offset);
        self.written.remove(&offset);
        remove_if_there(place.disk(), &place.path(offset, suffix::SNAPSHOT))
    }

    /// The one at `offset` is gone.
    pub(crate) fn forget(&mut self, offset: i64) {
        self.pending.remove(&offset);
        self.written.remove(&offset);
    }

    /// Gives the one at `offset` the name under which it waits to be removed.
    pub(crate) fn mark_deleted(
        &mut self,
        place: &Place,
        offset: i64,
        into: &mut Deletion,
    ) -> io::Result<()> {
        self.pending.remove(&offset);
        if self.written.remove(&offset) {
            mark_deleted(place, offset, &[suffix::SNAPSHOT], into)?;
        }
        Ok(())
    }

    /// Removes the files that are no segment's base, except the newest if it lies behind the last
    /// segment's base.
    pub(crate) fn remove_strays(&mut self, place: &Place, bases: &BTreeSet<i64>) -> io::Result<()> {
        let strays: Vec<i64> = self.written.difference(bases).copied().collect();
        let newest_base = bases.last().copied().unwrap_or(i64::MIN);
        for (number, offset) in strays.iter().enumerate() {
            let newest = number + 1 == strays.len();
            if !newest || *offset < newest_base {
                self.remove(place, *offset)?;
            }
        }
        Ok(())
    }

    /// Removes those that a log of `start_offset..=end_offset` cannot use. The newest one at or
    /// below the start stays, which Kafka removes: it alone knows of producers whose records
    /// retention has taken, and without it their repeated batches would be appended again.
    pub(crate) fn keep_between(
        &mut self,
        place: &Place,
        start_offset: i64,
        end_offset: i64,
    ) -> io::Result<()> {
        let all: BTreeSet<i64> = self.written.iter().chain(self.pending.keys()).copied().collect();
        let first = all.range(..=start_offset).next_back().copied().unwrap_or(start_offset);
        let outside: Vec<i64> =
            all.into_iter().filter(|offset| *offset > end_offset || *offset < first).collect();
        for offset in outside {
            self.remove(place, offset)?;
        }
        Ok(())
    }

    /// The state in the newest snapshot that can be read; damaged ones are removed. Without any,
    /// nobody has written and the log is known up to `start_offset`.
    pub(crate) fn load_latest(
        &mut self,
        place: &Place,
        start_offset: i64,
        now: i64,
        expiration_ms: i64,
    ) -> io::Result<Producers> {
        while let Some(offset) = self.latest() {
            let content = match self.pending.get(&offset) {
                Some(pending) => pending.clone(),
                None => read(place, offset)?,
            };
            match Producers::decode_snapshot(&content, offset, now, expiration_ms) {
                Ok(producers) => {
                    self.last_taken = offset;
                    return Ok(producers);
                }
                Err(_) => self.remove(place, offset)?,
            }
        }
        self.last_taken = start_offset;
        Ok(Producers::starting_at(start_offset))
    }
}

/// The content of one snapshot file; nothing if it is missing.
fn read(place: &Place, offset: i64) -> io::Result<Vec<u8>> {
    match disk::read_file(place.disk(), &place.path(offset, suffix::SNAPSHOT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        content => content,
    }
}

/// Writes one snapshot file, which is still to be synced.
pub(crate) fn write(place: &Place, offset: i64, content: &[u8]) -> io::Result<Arc<dyn File>> {
    let file = place.disk().open(&place.path(offset, suffix::SNAPSHOT), Open::Truncate)?;
    file.write_at(0, &[IoSlice::new(content)])?;
    Ok(file)
}
