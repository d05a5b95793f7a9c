//! Where the bytes of a read lie: in memory, or in which range of which file.

use crate::limits::FILE_PIECE_BYTES_MIN;
use crate::place::Place;
use crate::reader::LogReader;
use crate::scan::{Scan, Step, or_end};
use crate::segment::{Indexes, Segment};
use crate::segments::Segments;
use crate::transaction_index::AbortedTransaction;
use dohle_env::net::{Piece, Pieces};
use smallvec::smallvec;
use std::io;

/// Batches are walked where what the index leaves is more than this part of what it gives.
const WALK_FRACTION: u64 = 8;

/// A place to read on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The next offset wanted.
    pub offset: i64,
    /// Where its batch is thought to begin; used only while the files are laid out as they were.
    hint: Option<Hint>,
}

/// A place in a segment where a batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hint {
    segment: i64,
    position: u64,
    /// [`Segments::layout`] at the time.
    layout: u64,
}

impl Cursor {
    /// At `offset`, wherever that is.
    #[must_use]
    pub fn at(offset: i64) -> Self {
        Self { offset, hint: None }
    }

    /// The same place for a reader that says that it goes on at `offset`.
    #[must_use]
    pub fn to(self, offset: i64) -> Self {
        Self { offset, hint: self.hint }
    }

    pub(crate) fn placed(offset: i64, layout: u64, segment: i64, position: u64) -> Self {
        Self { offset, hint: Some(Hint { segment, position, layout }) }
    }
}

/// How much a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Only batches that end before this offset: the log's end, the high watermark, the last stable
    /// offset.
    pub end_offset: i64,
    /// Bytes at most.
    pub size_bytes_max: usize,
    /// The first batch comes whole even if it is larger than that.
    pub at_least_one_batch: bool,
    /// Whether the aborted transactions of what is read are wanted.
    pub aborted: bool,
}

/// The answer to a read.
#[derive(Debug)]
pub struct ReadPlan {
    /// Whole batches, one after another.
    pub pieces: Pieces,
    /// Bytes of all pieces together.
    pub size_bytes: usize,
    /// Where to read on. No batch is between what was read and it, but it may be before the end of
    /// what was read: readers know better from the batches, see [`Cursor::to`].
    pub next: Cursor,
    /// What a reader of committed records must skip, if asked for.
    pub aborted: Vec<AbortedTransaction>,
}

impl ReadPlan {
    pub(crate) fn nothing(next: Cursor) -> Self {
        Self { pieces: Pieces::new(), size_bytes: 0, next, aborted: Vec::new() }
    }
}

/// Why there is no plan.
pub enum ReadError {
    /// The offset is below the log's start or above its end.
    OutOfRange,
    /// It takes a look at the disk: run it where blocking is allowed.
    Cold(Box<ColdRead>),
    /// The log is offline.
    Offline,
}

/// A read that may wait for the disk.
pub struct ColdRead {
    pub(crate) reader: LogReader,
    pub(crate) from: Cursor,
    pub(crate) limit: ReadLimit,
}

impl ColdRead {
    /// Loads what is missing, touches the range, and plans.
    ///
    /// # Errors
    /// `NotFound` where retention or truncation was faster: ask the log again. Others are the
    /// disk's.
    pub fn run(self) -> io::Result<ReadPlan> {
        let plan = self.reader.read(self.from, self.limit)?;
        for piece in &plan.pieces {
            if let Piece::File { file, position, size_bytes } = piece {
                touch(&**file, *position, u64::from(*size_bytes))?;
            }
        }
        Ok(plan)
    }
}

/// Brings a range into the page cache, a piece at a time.
fn touch(file: &dyn dohle_env::disk::File, position: u64, size_bytes: u64) -> io::Result<()> {
    if file.is_cached(position..position + size_bytes) {
        return Ok(());
    }
    let mut buffer =
        vec![0; crate::limits::SCAN_WINDOW_BYTES.min(usize::try_from(size_bytes).unwrap_or(0))];
    let mut at = position;
    while at < position + size_bytes && !buffer.is_empty() {
        let read = file.read_at(at, &mut buffer)?;
        if read == 0 {
            break;
        }
        at += read as u64;
    }
    Ok(())
}

/// Whether a planner may wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only what is in memory or in the page cache.
    Cached,
    /// Anything.
    Blocking,
}

/// What a planner is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Want {
    pub(crate) from: Cursor,
    pub(crate) limit: ReadLimit,
    /// Where the batch at the limit's end offset lies, if that is known.
    pub(crate) end_position: Option<(i64, u64)>,
}

/// A planner's view of a log's files.
pub(crate) struct Planner<'a> {
    pub(crate) place: &'a Place,
    pub(crate) segments: &'a Segments,
    /// The log's end.
    pub(crate) end_offset: i64,
    pub(crate) access: Access,
}

/// The disk is needed, and may not be waited for.
pub(crate) enum Stop {
    Cold,
    Disk(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Planner<'_> {
    /// Plans a read from the files.
    pub(crate) fn plan(&self, want: Want) -> Result<ReadPlan, Stop> {
        let Want { from, limit, .. } = want;
        let mut number = self.segments.floor(from.offset);
        while let Some(segment) = self.segments.get(number) {
            if segment.base_offset >= limit.end_offset {
                break;
            }
            if let Some(plan) = self.plan_in(number, segment, want)? {
                return Ok(plan);
            }
            number += 1;
        }
        Ok(ReadPlan::nothing(from))
    }

    /// `None` if the segment has no batch at or behind the offset.
    fn plan_in(
        &self,
        number: usize,
        segment: &Segment,
        want: Want,
    ) -> Result<Option<ReadPlan>, Stop> {
        let Want { from, limit, end_position } = want;
        let indexes = self.indexes(segment)?;
        let layout = self.segments.layout;
        let fits = |hint: &Hint| {
            hint.segment == segment.base_offset
                && hint.layout == layout
                && hint.position < segment.size_bytes
        };
        let hint = from.hint.filter(fits).map(|hint| hint.position);
        let look_at = hint.unwrap_or_else(|| indexes.offsets.lookup(from.offset));
        self.require_cached(segment, look_at, crate::limits::HEADER_WINDOW_BYTES as u64)?;
        let found = segment.find(self.place, from.offset, hint);
        // In the middle of a log, whoever went on would pass over records in silence.
        let is_last = number + 1 == self.segments.count();
        let found = if is_last { or_end(found)? } else { found? };
        let Some(first) = found else { return Ok(None) };
        let end = self.end_in(number, segment, limit.end_offset, end_position)?;
        // Whether a batch may be seen is told by where it lies. A damaged header that claims
        // offsets above the limit hides nothing: the reader sees the wrong checksum.
        if end <= first.position {
            return Ok(Some(ReadPlan::nothing(from)));
        }
        let room = limit.size_bytes_max as u64;
        let stop = if end - first.position <= room {
            end
        } else {
            let known = match indexes.offsets.boundary(first.position + room) {
                Some(boundary) if boundary >= first.end() => boundary,
                Some(_) | None if first.size_bytes <= room || limit.at_least_one_batch => {
                    first.end()
                }
                Some(_) | None => return Ok(Some(ReadPlan::nothing(from))),
            };
            self.walk_on(segment, first.position, known, first.position + room)?
        };
        let size_bytes = stop - first.position;
        self.require_cached(segment, first.position, size_bytes)?;
        let aborted = if limit.aborted {
            self.aborted(number, segment, &indexes, (from.offset, stop))?
        } else {
            Vec::new()
        };
        let whole = stop == segment.size_bytes;
        let following = whole.then(|| self.segments.get(number + 1)).flatten();
        let next = match following {
            Some(next) => Cursor::placed(next.base_offset, layout, next.base_offset, 0),
            None if whole => Cursor::placed(self.end_offset, layout, segment.base_offset, stop),
            None => Cursor::placed(
                first.last_offset.saturating_add(1),
                layout,
                segment.base_offset,
                stop,
            ),
        };
        let pieces = file_pieces(segment, self.place, first.position, size_bytes)?;
        let size_bytes = usize::try_from(size_bytes).map_err(io::Error::other)?;
        Ok(Some(ReadPlan { pieces, size_bytes, next, aborted }))
    }

    /// The end of the last batch within `limit`, if batches begin at `start` and one ends at `known`.
    /// The index knows an end every few KiB: only where that leaves much is the rest walked.
    fn walk_on(&self, segment: &Segment, start: u64, known: u64, limit: u64) -> Result<u64, Stop> {
        if limit <= known || limit - known < (known - start) / WALK_FRACTION {
            return Ok(known);
        }
        self.require_cached(segment, known, limit - known)?;
        let file = segment.file(self.place)?;
        let mut scan = Scan::new(&*file, known, limit, crate::limits::HEADER_WINDOW_BYTES);
        while let Step::Batch(_) = scan.step()? {}
        Ok(scan.position())
    }

    /// Where in the segment the batches below `end_offset` end.
    fn end_in(
        &self,
        number: usize,
        segment: &Segment,
        end_offset: i64,
        end_position: Option<(i64, u64)>,
    ) -> Result<u64, Stop> {
        let is_last = number + 1 == self.segments.count();
        let next_base =
            self.segments.get(number + 1).map_or(self.end_offset, |next| next.base_offset);
        if end_offset >= next_base || (is_last && end_offset >= self.end_offset) {
            return Ok(segment.size_bytes);
        }
        match end_position {
            Some((base, position)) if base == segment.base_offset => Ok(position),
            Some(_) | None => self.end_position_of(segment, end_offset),
        }
    }

    /// Where in `segment` the batches end that begin before `end_offset`, the end of one of them.
    /// A damaged header that claims too many offsets does not hide its batch from readers.
    pub(crate) fn end_position_of(&self, segment: &Segment, end_offset: i64) -> Result<u64, Stop> {
        if segment.size_bytes == 0 {
            return Ok(0);
        }
        let look_at = self.indexes(segment)?.offsets.lookup(end_offset);
        self.require_cached(segment, look_at, crate::limits::HEADER_WINDOW_BYTES as u64)?;
        let file = segment.file(self.place)?;
        let window = crate::limits::HEADER_WINDOW_BYTES;
        let mut scan = Scan::new(&*file, look_at, segment.size_bytes, window);
        while let Some(found) = or_end(scan.next_whole())? {
            if found.base_offset >= end_offset {
                return Ok(found.position);
            }
        }
        Ok(segment.size_bytes)
    }

    /// Where the first batch that ends at or behind `offset` begins; the segment's end if there is
    /// none.
    pub(crate) fn position_of(&self, segment: &Segment, offset: i64) -> Result<u64, Stop> {
        let look_at = self.indexes(segment)?.offsets.lookup(offset);
        self.require_cached(segment, look_at, crate::limits::HEADER_WINDOW_BYTES as u64)?;
        let found = or_end(segment.find(self.place, offset, None))?;
        Ok(found.map_or(segment.size_bytes, |found| found.position))
    }

    /// The aborted transactions of what begins at the offset and ends at the position, across
    /// segments.
    fn aborted(
        &self,
        number: usize,
        segment: &Segment,
        indexes: &Indexes,
        (start_offset, stop): (i64, u64),
    ) -> Result<Vec<AbortedTransaction>, Stop> {
        let after =
            || self.segments.get(number + 1).map_or(self.end_offset, |next| next.base_offset);
        let end_offset = indexes.offsets.upper_bound(stop).unwrap_or_else(after);
        debug_assert!(stop <= segment.size_bytes);
        self.collect_aborted(number, start_offset, end_offset)
    }

    pub(crate) fn collect_aborted(
        &self,
        from_segment: usize,
        start_offset: i64,
        end_offset: i64,
    ) -> Result<Vec<AbortedTransaction>, Stop> {
        let mut aborted = Vec::new();
        for number in from_segment..self.segments.count() {
            let Some(segment) = self.segments.get(number) else { break };
            if !segment.has_transactions {
                continue;
            }
            if self.indexes(segment)?.transactions.collect(start_offset, end_offset, &mut aborted) {
                break;
            }
        }
        Ok(aborted)
    }

    fn indexes(&self, segment: &Segment) -> Result<std::sync::Arc<Indexes>, Stop> {
        match segment.indexes_in_memory() {
            Some(indexes) => Ok(indexes),
            None if self.access == Access::Cached => Err(Stop::Cold),
            None => Ok(segment.indexes(self.place)?),
        }
    }

    fn require_cached(
        &self,
        segment: &Segment,
        position: u64,
        size_bytes: u64,
    ) -> Result<(), Stop> {
        if self.access == Access::Blocking {
            return Ok(());
        }
        let end = (position + size_bytes).min(segment.size_bytes);
        if segment.file(self.place)?.is_cached(position..end) { Ok(()) } else { Err(Stop::Cold) }
    }
}

/// Small ranges are read, large ones left in the file.
fn file_pieces(
    segment: &Segment,
    place: &Place,
    position: u64,
    size_bytes: u64,
) -> io::Result<Pieces> {
    let file = segment.file(place)?;
    if size_bytes < FILE_PIECE_BYTES_MIN as u64 {
        let mut bytes = vec![0; usize::try_from(size_bytes).map_err(io::Error::other)?];
        dohle_env::disk::read_exact_at(&*file, position, &mut bytes)?;
        return Ok(smallvec![Piece::Bytes(bytes.into())]);
    }
    let mut pieces = Pieces::new();
    let mut at = position;
    while at < position + size_bytes {
        let size = u32::try_from(position + size_bytes - at).unwrap_or(u32::MAX);
        pieces.push(Piece::File { file: file.clone(), position: at, size_bytes: size });
        at += u64::from(size);
    }
    Ok(pieces)
}

/// The whole batches of a segment from `position` on, by their headers.
///
/// # Errors
/// Those of [`Scan::next_whole`], and those of `visit`.
pub(crate) fn batches_from(
    segment: &Segment,
    place: &Place,
    position: u64,
    mut visit: impl FnMut(&mut Scan<'_>, &crate::scan::Found) -> io::Result<bool>,
) -> io::Result<()> {
    if segment.size_bytes == 0 {
        return Ok(());
    }
    let file = segment.file(place)?;
    let mut scan =
        Scan::new(&*file, position, segment.size_bytes, crate::limits::SCAN_WINDOW_BYTES);
    while let Some(found) = scan.next_whole()? {
        if !visit(&mut scan, &found)? {
            break;
        }
    }
    Ok(())
}
