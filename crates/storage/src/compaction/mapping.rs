//! The first pass: the newest offset of every key in the dirty part.

use super::compactable::Compactable;
use super::error::CleaningError;
use super::filter::{Scratch, invalid};
use super::offset_map::OffsetMap;
use super::transactions::{Transactions, aborted_from};
use super::{Bounds, Tally};
use crate::limits::{COMPACTION_STEP_BYTES, UNPACKED_BYTES_MAX};
use crate::scan::{Scan, Step};
use dohle_protocol::record::batch::HEADER_SIZE;
use dohle_protocol::record::{AnyBatch, Batches};
use std::io;

/// Where the first pass is.
pub(crate) struct Mapping {
    /// Numbers of the dirty segments, those behind not included.
    next: usize,
    end: usize,
    position: u64,
    transactions: Transactions,
}

/// What one batch did to the map.
enum Mapped {
    All,
    /// The map is full: the pass ends here.
    Full,
}

impl Mapping {
    /// At the first dirty segment.
    pub(crate) fn begin(subject: &Compactable, bounds: &Bounds) -> Result<Self, CleaningError> {
        let log = &subject.log;
        let Bounds { first_dirty_offset, first_uncleanable_offset, .. } = *bounds;
        let sealed = log.segments.sealed();
        let end = sealed.partition_point(|segment| segment.base_offset < first_uncleanable_offset);
        let next = log.segments.floor(first_dirty_offset).min(end);
        let mut mapping = Self { next, end, position: 0, transactions: Transactions::default() };
        if next < end {
            let first = &sealed[next];
            mapping.position = first.indexes(&log.place)?.offsets.lookup(first_dirty_offset);
            let mut aborted = aborted_from(log, &log.place, next, first_uncleanable_offset)?;
            // Transactions that ended before the walk begins, in the same segment, would be held
            // against later ones of their producers.
            let begin = match mapping.position {
                0 => first.base_offset,
                position => {
                    let file = first.file(&log.place)?;
                    let mut scan = Scan::new(&*file, position, first.size_bytes, HEADER_SIZE);
                    expect_batch(&mut scan, first.base_offset)?.base_offset
                }
            };
            aborted.retain(|aborted| aborted.last_offset >= begin);
            mapping.transactions.expect(aborted);
        }
        Ok(mapping)
    }

    /// Some more of it; true at its end.
    pub(crate) fn step(
        &mut self,
        subject: &Compactable,
        bounds: &Bounds,
        map: &mut OffsetMap,
        work: &mut Work<'_>,
    ) -> Result<bool, CleaningError> {
        let log = &subject.log;
        let sealed = log.segments.sealed();
        let mut room = COMPACTION_STEP_BYTES;
        while self.next < self.end && room > 0 {
            let segment = &sealed[self.next];
            if segment.size_bytes > 0 {
                let file = segment.file(&log.place)?;
                let mut scan =
                    Scan::new(&*file, self.position, segment.size_bytes, work.window_bytes);
                while self.position < segment.size_bytes && room > 0 {
                    let found = expect_batch(&mut scan, segment.base_offset)?;
                    let size_bytes = found.size_bytes;
                    let bytes = scan.bytes(&found)?;
                    let batch = parse(bytes, found.base_offset)?;
                    work.tally.mapped_bytes += size_bytes;
                    room = room.saturating_sub(size_bytes);
                    match self.map(&batch, bounds.first_dirty_offset, map, work.scratch)? {
                        Mapped::Full => return Ok(true),
                        Mapped::All if batch.last_offset() >= bounds.first_dirty_offset => {
                            map.set_latest_offset(batch.last_offset());
                        }
                        Mapped::All => {}
                    }
                    self.position += size_bytes;
                }
            }
            if self.position >= segment.size_bytes {
                self.next += 1;
                self.position = 0;
                let next = sealed.get(self.next).filter(|_| self.next < self.end);
                let next = next.map_or(bounds.first_uncleanable_offset, |next| next.base_offset);
                // Where offsets are missing at the segment's end, there is nothing to know.
                map.set_latest_offset(next - 1);
            }
        }
        Ok(self.next >= self.end)
    }

    fn map(
        &mut self,
        batch: &AnyBatch<'_>,
        first_dirty_offset: i64,
        map: &mut OffsetMap,
        scratch: &mut Scratch,
    ) -> io::Result<Mapped> {
        let is_damaged = batch.ensure_valid().is_err();
        let Scratch { unpacker, unpacked, .. } = scratch;
        let wrong = |error| invalid(batch.last_offset(), error);
        let mut put = |key: Option<&[u8]>, offset: i64| match key {
            Some(key) if offset >= first_dirty_offset => {
                let has_room = !map.is_full();
                if has_room {
                    map.put(key, offset);
                }
                has_room
            }
            Some(_) | None => true,
        };
        match batch {
            AnyBatch::V2(batch) if batch.header.attributes.is_control() => {
                if !is_damaged {
                    self.transactions.on_control(batch)?;
                }
            }
            AnyBatch::V2(batch) => {
                let is_aborted = self.transactions.on_records(&batch.header);
                if is_aborted || is_damaged {
                    return Ok(Mapped::All);
                }
                for record in
                    batch.records_using(unpacker, unpacked, UNPACKED_BYTES_MAX).map_err(wrong)?
                {
                    let record = record.map_err(wrong)?;
                    if !put(record.key, record.offset) {
                        return Ok(Mapped::Full);
                    }
                }
            }
            AnyBatch::Legacy(_) if is_damaged => {}
            AnyBatch::Legacy(batch) => {
                for inner in batch.records(unpacker, unpacked, UNPACKED_BYTES_MAX).map_err(wrong)? {
                    let record = inner.map_err(wrong)?.record;
                    if !put(record.key, record.offset) {
                        return Ok(Mapped::Full);
                    }
                }
            }
        }
        Ok(Mapped::All)
    }
}

/// What both passes need to do their work.
pub(crate) struct Work<'a> {
    pub(crate) window_bytes: usize,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) tally: &'a mut Tally,
}

/// The next batch, where one must be: a sealed segment has nothing else.
pub(crate) fn expect_batch(
    scan: &mut Scan<'_>,
    base_offset: i64,
) -> Result<crate::scan::Found, CleaningError> {
    let position = scan.position();
    match scan.step()? {
        Step::Batch(found) => Ok(found),
        Step::End | Step::Damaged => Err(CleaningError::Unreadable(format!(
            "there is no batch at position {position} of the segment at {base_offset}"
        ))),
    }
}

/// The batch that `bytes` are.
pub(crate) fn parse(bytes: &[u8], offset: i64) -> Result<AnyBatch<'_>, CleaningError> {
    match Batches::new(bytes).next() {
        Some(Ok(batch)) => Ok(batch),
        Some(Err(error)) => Err(invalid(offset, error).into()),
        None => Err(invalid(offset, "it is cut off").into()),
    }
}
