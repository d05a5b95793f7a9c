//! What a turn has staged, and writing it: one call per segment.

use super::{Log, Offline};
use crate::limits::WRITEBACK_BYTES;
use crate::place::Place;
use crate::segment::Segment;
use crate::tail::Placed;
use bytes::Bytes;
use dohle_env::disk::File;
use dohle_protocol::record::batch::PLACED_PREFIX_SIZE;
use smallvec::SmallVec;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;

/// A batch with its place, not written yet.
pub(crate) struct Staged {
    pub(super) placed: Placed,
    pub(super) prefix: [u8; PLACED_PREFIX_SIZE],
    pub(super) bytes: Bytes,
}

/// What one turn has to write: one call per segment. Owns all it needs, so it may run anywhere.
pub struct StagedWrite {
    place: Arc<Place>,
    parts: Vec<Part>,
    batches: Vec<([u8; PLACED_PREFIX_SIZE], Bytes)>,
    /// Sealed segments that are to be trimmed.
    untrimmed: Vec<Segment>,
}

struct Part {
    segment: Segment,
    batches: Range<usize>,
    position: u64,
    size_bytes: u64,
}

impl StagedWrite {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes to write.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.size_bytes).sum()
    }

    /// Writes. After a failure the log must go offline ([`Log::take_offline`]).
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self) -> io::Result<()> {
        for part in &self.parts {
            let batches = &self.batches[part.batches.clone()];
            let batches = batches.iter().map(|(prefix, bytes)| (prefix, bytes));
            if part.position == 0 {
                trim_before(&self.place, &part.segment, self.untrimmed.iter())?;
            }
            write_part(&self.place, &part.segment, part.position, batches)?;
        }
        Ok(())
    }
}

/// Trims those of the sealed segments that come before `segment`, whose file is about to be begun.
fn trim_before<'a>(
    place: &Place,
    segment: &Segment,
    mut untrimmed: impl Iterator<Item = &'a Segment>,
) -> io::Result<()> {
    untrimmed.try_for_each(|sealed| {
        if sealed.base_offset < segment.base_offset { sealed.trim(place) } else { Ok(()) }
    })
}

/// Slices of one write that need no allocation: eight batches.
const SLICES_IN_PLACE: usize = 16;

/// One write: of each batch the new 16 bytes, then the rest as it came.
fn write_part<'a>(
    place: &Place,
    segment: &Segment,
    position: u64,
    batches: impl ExactSizeIterator<Item = (&'a [u8; PLACED_PREFIX_SIZE], &'a Bytes)>,
) -> io::Result<()> {
    let mut slices = SmallVec::<[IoSlice<'_>; SLICES_IN_PLACE]>::with_capacity(batches.len() * 2);
    let mut size_bytes = 0;
    for (prefix, bytes) in batches {
        slices.push(IoSlice::new(prefix));
        slices.push(IoSlice::new(&bytes[PLACED_PREFIX_SIZE..]));
        size_bytes += bytes.len() as u64;
    }
    let file = if position == 0 { segment.begin_file(place)? } else { segment.file(place)? };
    file.write_at(position, &slices)?;
    start_writeback(&*file, position, size_bytes);
    Ok(())
}

/// Each full MiB is given to the kernel once, by the write that fills it.
fn start_writeback(file: &dyn File, position: u64, size_bytes: u64) {
    let before = position / WRITEBACK_BYTES * WRITEBACK_BYTES;
    let after = (position + size_bytes) / WRITEBACK_BYTES * WRITEBACK_BYTES;
    if after > before {
        file.start_writeback(before..after);
    }
}

impl Log {
    /// Writes the staged batches. After a failure the log must go offline
    /// ([`Log::take_offline`]), else they can be published.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self) -> io::Result<()> {
        self.parts().try_for_each(|(segment, batches)| {
            let staged = &self.staged[batches];
            let position = staged[0].placed.position;
            let batches = staged.iter().map(|staged| (&staged.prefix, &staged.bytes));
            if position == 0 {
                trim_before(&self.place, segment, self.segments.untrimmed())?;
            }
            write_part(&self.place, segment, position, batches)
        })
    }

    /// What [`Log::write`] would do, for another thread.
    #[must_use]
    pub fn staged(&self) -> StagedWrite {
        let batches = self.staged.iter().map(|staged| (staged.prefix, staged.bytes.clone()));
        let parts = self.parts().map(|(segment, batches)| {
            let staged = &self.staged[batches.clone()];
            Part {
                segment: segment.clone(),
                position: staged[0].placed.position,
                size_bytes: staged.iter().map(|staged| staged.bytes.len() as u64).sum(),
                batches,
            }
        });
        StagedWrite {
            place: self.place.clone(),
            parts: parts.collect(),
            batches: batches.collect(),
            untrimmed: self.segments.untrimmed().cloned().collect(),
        }
    }

    /// Whether [`Log::write`] waits for the disk: it trims a file that was preallocated.
    #[must_use]
    pub fn write_waits(&self) -> bool {
        self.segments.untrimmed().next().is_some()
    }

    /// Writes what is staged and publishes it, where blocking is allowed. A failure takes the log
    /// offline.
    ///
    /// # Errors
    /// When the log is offline or goes offline by this.
    pub fn write_staged(&mut self, now: i64) -> Result<Range<i64>, Offline> {
        self.require_online()?;
        if let Err(error) = self.write() {
            self.take_offline(&error);
        }
        self.require_online()?;
        Ok(self.publish(now))
    }

    /// Before anything is written behind them: trims the files of sealed segments.
    pub(crate) fn trim_sealed(&mut self) -> io::Result<()> {
        trim_before(&self.place, &self.segments.active, self.segments.untrimmed())?;
        self.segments.on_trimmed();
        Ok(())
    }

    /// The staged batches by segment; no run is empty.
    fn parts(&self) -> impl Iterator<Item = (&Segment, Range<usize>)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            let base_offset = self.staged.get(first)?.placed.segment;
            let same = |staged: &&Staged| staged.placed.segment == base_offset;
            next += self.staged[first..].iter().take_while(same).count();
            let segment = self.segments.get(self.segments.floor(base_offset))?;
            assert_eq!(segment.base_offset, base_offset, "staged batches lie in known segments");
            Some((segment, first..next))
        })
    }
}
