//! Appending: stage, write, publish.

use super::{Log, Offline};
use crate::limits::WRITEBACK_BYTES;
use crate::new_batch::NewBatch;
use crate::place::Place;
use crate::producers::{FirstBatch, Guard, ProducerError, Writer};
use crate::scan::{Scan, Step};
use crate::segment::{NewEntry, Segment};
use crate::segment_files::remove_segment;
use crate::tail::Placed;
use bytes::Bytes;
use dohle_env::disk::File;
use dohle_protocol::record::batch::{BatchHeader, HEADER_SIZE, PLACED_PREFIX_SIZE};
use smallvec::SmallVec;
use std::hash::Hasher;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The epoch of the leader that places the batch; not used where the batch is a copy of a
    /// leader's.
    pub leader_epoch: i32,
    /// What is checked.
    pub source: Source,
}

/// Where a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A client's produce request.
    Client {
        /// The verification that the coordinator of its transaction has confirmed, if one was
        /// needed: see [`Log::begin_verification`].
        guard: Option<Guard>,
    },
    /// A coordinator, in the transaction of a client.
    OnBehalf {
        /// As above.
        guard: Option<Guard>,
    },
    /// A coordinator or the quorum: its own records, or markers of this version of transactions.
    Coordinator {
        /// 2: a marker has an epoch of its own.
        transaction_version: i16,
    },
    /// A copy of the leader's log: offsets and epoch stay.
    Replicated,
}

/// A batch's place, or that of the one that it repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its first record's offset.
    pub first_offset: i64,
    /// Its last record's offset.
    pub last_offset: i64,
    /// The log append time where the topic has one, or the first batch's timestamp if this one is a
    /// duplicate; else -1.
    pub append_time: i64,
    /// The log's start.
    pub log_start_offset: i64,
    /// Nothing was appended: an idempotent producer has sent it before. It may still wait to be
    /// written or replicated.
    pub duplicate: bool,
}

/// Why a batch is refused. Nothing was changed, except where the log went offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError {
    /// KAFKA_STORAGE_ERROR.
    Offline(Offline),
    /// RECORD_LIST_TOO_LARGE: larger than a segment may be.
    TooLarge {
        /// The batch.
        size_bytes: u64,
        /// `segment.bytes`.
        segment_bytes: u64,
    },
    /// A producer's batch that does not fit what is known of it.
    Producer(ProducerError),
    /// A leader's copy that does not continue the log.
    UnexpectedOffset {
        /// Where the batch begins.
        base_offset: i64,
        /// Where the log ends.
        end_offset: i64,
    },
    /// Offsets end at 2^63-1, and deltas are not negative.
    OffsetOverflow,
}

impl From<Offline> for AppendError {
    fn from(offline: Offline) -> Self {
        Self::Offline(offline)
    }
}

/// A batch with its place, not written yet.
pub(crate) struct Staged {
    placed: Placed,
    prefix: [u8; PLACED_PREFIX_SIZE],
    bytes: Bytes,
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
    /// Gives a batch its place. It is not in the log before [`Log::staged`] is written and
    /// [`Log::publish`] called; several batches may be staged before that.
    ///
    /// # Errors
    /// When the batch may not be appended; nothing is changed then.
    pub fn stage(
        &mut self,
        batch: NewBatch,
        origin: Origin,
        now: i64,
    ) -> Result<Appended, AppendError> {
        self.require_online()?;
        let header = self.place_header(&batch, origin)?;
        let append_time = header.log_append_time().unwrap_or(-1);
        if header.has_producer_id() {
            if let Source::Client { .. } = origin.source
                && let Some(seen) = self.producers.duplicate_of(&header)
            {
                return Ok(Appended {
                    first_offset: seen.first_offset(),
                    last_offset: seen.last_offset,
                    append_time: seen.timestamp,
                    log_start_offset: self.start_offset,
                    duplicate: true,
                });
            }
            let is_verified = |guard| {
                !self.config.transaction_verification
                    || self.verifications.holds(header.producer_id, guard)
            };
            let writer = match origin.source {
                Source::Client { guard } => Writer::Client {
                    verified: is_verified(guard),
                    verification: self.verifications.get(header.producer_id),
                },
                Source::OnBehalf { guard } => Writer::OnBehalf { verified: is_verified(guard) },
                Source::Coordinator { transaction_version } => {
                    Writer::Coordinator { transaction_version }
                }
                Source::Replicated => Writer::Log,
            };
            let checked = self.producers.check(&header, batch.marker.as_ref(), writer);
            checked.map_err(AppendError::Producer)?;
        }
        if let Err(error) = self.take_in(&header, batch, now) {
            self.take_offline(&error);
            self.require_online()?;
        }
        Ok(Appended {
            first_offset: header.base_offset,
            last_offset: header.last_offset(),
            append_time,
            log_start_offset: self.start_offset,
            duplicate: false,
        })
    }

    /// A client wants to append the first batch of a transaction: its coordinator is to be asked
    /// before. `None` if the transaction is open here already, and nobody has to be asked.
    ///
    /// # Errors
    /// When a newer epoch of the producer has written.
    pub fn begin_verification(
        &mut self,
        first: FirstBatch,
        now: i64,
    ) -> Result<Option<Guard>, ProducerError> {
        let FirstBatch { producer_id, epoch, .. } = first;
        match self.producers.get(producer_id) {
            Some(known) if epoch < known.epoch => {
                Err(ProducerError::InvalidEpoch { epoch, current: known.epoch })
            }
            _ if self.has_open_transaction(producer_id, epoch) => Ok(None),
            _ => Ok(Some(self.verifications.begin(first, now))),
        }
    }

    /// The header as it will be stored, if offsets and size allow it.
    fn place_header(&self, batch: &NewBatch, origin: Origin) -> Result<BatchHeader, AppendError> {
        let mut header = batch.header;
        let size_bytes = batch.bytes.len() as u64;
        if origin.source == Source::Replicated {
            if header.base_offset < self.staged_end {
                let (base_offset, end_offset) = (header.base_offset, self.staged_end);
                return Err(AppendError::UnexpectedOffset { base_offset, end_offset });
            }
        } else {
            header.base_offset = self.staged_end;
            header.partition_leader_epoch = origin.leader_epoch;
            let segment_bytes = self.config.segment_bytes;
            if size_bytes > segment_bytes {
                return Err(AppendError::TooLarge { size_bytes, segment_bytes });
            }
        }
        let delta = header.last_offset_delta;
        if delta < 0 || header.base_offset.checked_add(i64::from(delta) + 1).is_none() {
            return Err(AppendError::OffsetOverflow);
        }
        Ok(header)
    }

    /// Changes all that follows from the batch. Only the disk can fail here, and then the log goes
    /// offline.
    fn take_in(&mut self, header: &BatchHeader, batch: NewBatch, now: i64) -> io::Result<()> {
        let size_bytes = batch.bytes.len() as u64;
        if self.must_roll(header, size_bytes, now)? {
            self.roll_at(header.base_offset.max(self.staged_end), now)?;
        }
        self.assign_epoch(header.partition_leader_epoch, header.base_offset);
        let place = self.place.clone();
        let active = &mut self.segments.active;
        let position = active.size_bytes;
        let entry = NewEntry {
            last_offset: header.last_offset(),
            max_timestamp: header.max_timestamp,
            size_bytes,
        };
        active.append(&place, entry, self.config.index_interval_bytes)?;
        if let Some(aborted) = self.producers.append(header, batch.marker.as_ref()) {
            active.indexes_mut(&place)?.transactions.append(aborted);
            active.has_transactions = true;
        }
        if header.attributes.is_transactional() {
            let (producer_id, epoch) = (header.producer_id, header.producer_epoch);
            let is_control = header.attributes.is_control();
            self.verifications.on_appended(producer_id, epoch, is_control);
        }
        let placed = Placed {
            base_offset: header.base_offset,
            next_offset: header.next_offset(),
            segment: active.base_offset,
            position,
            frame_bytes: batch.frame_bytes,
        };
        let prefix = header.placed_prefix(header.base_offset, header.partition_leader_epoch);
        self.staged_end = placed.next_offset;
        self.staged.push(Staged { placed, prefix, bytes: batch.bytes });
        Ok(())
    }

    /// Whether a batch of this size must begin a new segment.
    fn must_roll(&mut self, header: &BatchHeader, size_bytes: u64, now: i64) -> io::Result<bool> {
        let place = self.place.clone();
        let config = &self.config;
        let active = &mut self.segments.active;
        let relative = header.last_offset() - active.base_offset;
        if relative > i64::from(i32::MAX) || relative < 0 {
            return Ok(true);
        }
        if active.size_bytes == 0 {
            return Ok(false);
        }
        if active.size_bytes + size_bytes > config.segment_bytes {
            return Ok(true);
        }
        if active.first_timestamp.is_none() {
            active.first_timestamp = Some(first_timestamp(active, &place)?);
        }
        let waited = match active.first_timestamp {
            Some(first) if first >= 0 => header.max_timestamp.saturating_sub(first),
            Some(_) | None => now.saturating_sub(active.opened_at),
        };
        let jitter =
            jitter_ms(config.segment_jitter_ms.min(config.segment_ms), &place, active.base_offset);
        if waited > config.segment_ms.saturating_sub(jitter) {
            return Ok(true);
        }
        let indexes = active.indexes_mut(&place)?;
        let offsets_max = config.segment_index_bytes / crate::offset_index::ENTRY_SIZE;
        let times_max =
            (config.segment_index_bytes / crate::time_index::ENTRY_SIZE).saturating_sub(1);
        Ok(indexes.offsets.count() >= offsets_max || indexes.times.count() >= times_max)
    }

    /// Begins a new segment at the log's end, if the active one has anything in it.
    ///
    /// # Errors
    /// When the log is offline or goes offline by this.
    pub fn roll(&mut self, now: i64) -> Result<(), Offline> {
        self.require_online()?;
        if self.segments.active.size_bytes > 0
            && let Err(error) = self.roll_at(self.staged_end, now)
        {
            self.take_offline(&error);
        }
        self.require_online()
    }

    pub(crate) fn roll_at(&mut self, base_offset: i64, now: i64) -> io::Result<()> {
        let place = self.place.clone();
        self.segments.active.seal_times(&place)?;
        self.producers.end_offset = base_offset;
        self.snapshots.take(&self.producers);
        let next = Segment::fresh(base_offset, now).preallocated(&self.config);
        if self.segments.active.size_bytes > 0 {
            self.segments.roll_to(next);
        } else if self.segments.active.base_offset != base_offset {
            // Nothing was ever in it: it need not stay.
            remove_segment(&place, &self.segments.active)?;
            self.segments.active = next;
        }
        Ok(())
    }

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

    /// Whether anything is staged that is not published.
    #[must_use]
    pub fn has_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// The offset that the next batch gets.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.staged_end
    }

    /// The staged batches are written: they are in the log now. Their offsets.
    pub fn publish(&mut self, now: i64) -> Range<i64> {
        let published = self.end_offset..self.staged_end;
        for staged in self.staged.drain(..) {
            self.tail.push(staged.placed, &staged.prefix, &staged.bytes, now);
        }
        if published.start != published.end {
            self.segments.on_trimmed();
        }
        self.end_offset = self.staged_end;
        published
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
}

/// The maximum timestamp of a segment's first batch.
pub(crate) fn first_timestamp(segment: &Segment, place: &Place) -> io::Result<i64> {
    let file = segment.file(place)?;
    let mut scan = Scan::new(&*file, 0, segment.size_bytes, HEADER_SIZE);
    Ok(match scan.step()? {
        Step::Batch(found) => found.max_timestamp,
        Step::End | Step::Damaged => -1,
    })
}

/// Spreads the rolls of many logs: the same for one segment whenever it is asked for.
fn jitter_ms(jitter_ms_max: i64, place: &Place, base_offset: i64) -> i64 {
    if jitter_ms_max <= 0 {
        return 0;
    }
    let mut hasher = dohle_env::collections::FixedHasher::default();
    hasher.write(place.name.as_bytes());
    hasher.write_i64(base_offset);
    (hasher.finish() >> 1) as i64 % jitter_ms_max
}
