//! A compacted segment takes the place of those that it was made of.

use super::output::{cleaned_path, remove_cleaned};
use crate::log::Log;
use crate::place::{Place, file_name, suffix};
use crate::segment::Segment;
use crate::segment_files::{Deletion, mark_deleted};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A segment under `.cleaned` names, synced, and what it is to replace.
pub struct Replacement {
    pub(crate) place: Arc<Place>,
    pub(crate) generation: u64,
    pub(crate) old: Vec<Segment>,
    pub(crate) new: Segment,
}

/// Renames to do while nobody uses the log.
pub struct Renames {
    replacement: Box<Replacement>,
}

/// The renames are done.
pub struct Replaced {
    replacement: Box<Replacement>,
    deletion: Deletion,
}

impl Replacement {
    /// Removes the files: the log does not want them.
    ///
    /// # Errors
    /// The disk's.
    pub fn discard(&self) -> io::Result<()> {
        remove_cleaned(&self.place, self.new.base_offset)
    }
}

impl Log {
    /// Gives up the segments that are to be replaced. Until [`Log::finish_replace`] nothing else
    /// may be done with the log.
    ///
    /// # Errors
    /// The replacement, if the log has changed since the cleaning began, or is offline.
    pub fn begin_replace(
        &mut self,
        replacement: Box<Replacement>,
    ) -> Result<Renames, Box<Replacement>> {
        if self.offline.is_some() || self.place_in_log(&replacement).is_none() {
            return Err(replacement);
        }
        // Before any file changes its name: who opens one by its name looks at this afterwards.
        replacement.old.iter().for_each(Segment::give_up);
        Ok(Renames { replacement })
    }

    /// Takes the new segment into the log. The old ones' files are to be removed after
    /// `file.delete.delay.ms`.
    ///
    /// # Errors
    /// That of the renames; the log is offline then.
    pub fn finish_replace(&mut self, replaced: io::Result<Replaced>) -> io::Result<Deletion> {
        let replaced = replaced.inspect_err(|error| self.take_offline(error))?;
        let Replaced { replacement, deletion } = replaced;
        let first = self.place_in_log(&replacement);
        let first = first.unwrap_or_else(|| unreachable!("the log was left alone meanwhile"));
        let Replacement { place, old, mut new, .. } = *replacement;
        new.unpin(&place);
        for segment in &old[1..] {
            self.snapshots.forget(segment.base_offset);
        }
        self.segments.sealed_mut().splice(first..first + old.len(), [new]);
        // Positions that were handed out mean nothing in the new file.
        self.segments.layout += 1;
        self.tail.clear();
        self.end_memo.set(None);
        Ok(deletion)
    }

    /// The number of the first segment to replace; `None` if the log has not just those segments,
    /// or not as they were.
    fn place_in_log(&self, replacement: &Replacement) -> Option<usize> {
        let Replacement { old, generation, .. } = replacement;
        let first = self.segments.floor(old.first()?.base_offset);
        let now = self.segments.sealed().get(first..first + old.len())?;
        let is_same = now.iter().zip(old).all(|(now, old)| now.is(old))
            && now.iter().all(|segment| !segment.has_unwritten_indexes());
        (*generation == self.generation && is_same).then_some(first)
    }
}

impl Renames {
    /// `.cleaned` ► `.swap`, old ones ► `.deleted` from the oldest on, `.swap` ► final. Whatever of
    /// it a crash leaves done, in this order, opening the log finds either all old segments, or
    /// the new one and old ones that it covers or that end behind it: no tombstone is gone whose
    /// older records are not.
    ///
    /// # Errors
    /// The disk's. The log must go offline then.
    pub fn run(self) -> io::Result<Replaced> {
        let Replacement { place, old, new, .. } = &*self.replacement;
        let disk = place.disk();
        let base_offset = new.base_offset;
        let suffixes: Vec<&str> = suffix::SEGMENT
            .into_iter()
            .filter(|of| *of != suffix::TRANSACTION_INDEX || new.has_transactions)
            .collect();
        for of in &suffixes {
            disk.rename(&cleaned_path(place, base_offset, of), &swap_path(place, base_offset, of))?;
        }
        let mut deletion = Deletion::default();
        for segment in old {
            mark_deleted(place, segment.base_offset, &suffix::SEGMENT, &mut deletion)?;
            segment.close_file();
            if segment.base_offset != base_offset {
                mark_deleted(place, segment.base_offset, &[suffix::SNAPSHOT], &mut deletion)?;
            }
        }
        for of in &suffixes {
            disk.rename(&swap_path(place, base_offset, of), &place.path(base_offset, of))?;
        }
        disk.sync_directory(&place.directory)?;
        Ok(Replaced { replacement: self.replacement, deletion })
    }
}

fn swap_path(place: &Place, base_offset: i64, of: &str) -> PathBuf {
    place.directory.join(format!("{}{}", file_name(base_offset, of), suffix::SWAP))
}
