//! Appending: stage, write, publish.

use super::staged::Staged;
use super::{Log, Offline};
use crate::new_batch::NewBatch;
use crate::producers::{FirstBatch, Guard, ProducerError, Writer};
use crate::segment::NewEntry;
use crate::tail::Placed;
use dohle_protocol::record::batch::{BatchHeader, PLACED_PREFIX_SIZE};
use std::io;
use std::ops::Range;

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
        let prefix = header.placed_prefix(header.base_offset, header.partition_leader_epoch);
        if let Err(error) = self.take_in(&header, batch, prefix, now) {
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

    /// Gives a batch of another copy of this log its place: its offsets, epoch and bytes stay.
    pub(crate) fn stage_copy(&mut self, batch: NewBatch, now: i64) -> io::Result<()> {
        self.require_writable()?;
        let origin = Origin { leader_epoch: -1, source: Source::Replicated };
        let header = self.place_header(&batch, origin).map_err(|error| {
            let what = format!("a batch at {} does not fit: {error:?}", batch.header.base_offset);
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        let prefix = batch.bytes.first_chunk().copied();
        let prefix = prefix.ok_or(io::ErrorKind::InvalidData)?;
        self.take_in(&header, batch, prefix, now).inspect_err(|error| self.take_offline(error))
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
    fn take_in(
        &mut self,
        header: &BatchHeader,
        batch: NewBatch,
        prefix: [u8; PLACED_PREFIX_SIZE],
        now: i64,
    ) -> io::Result<()> {
        let size_bytes = batch.bytes.len() as u64;
        if self.must_roll(header, size_bytes, now)? {
            self.roll_at(header.base_offset.max(self.staged_end), now)?;
        }
        self.assign_epoch(header.partition_leader_epoch, header.base_offset);
        self.epochs_idle = false;
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
        self.staged_end = placed.next_offset;
        self.staged.push(Staged { placed, prefix, bytes: batch.bytes });
        Ok(())
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
        for staged in std::mem::take(&mut self.staged).drain(..) {
            self.tail.push(staged.placed, &staged.prefix, &staged.bytes, now);
        }
        if published.start != published.end {
            self.segments.on_trimmed();
        }
        self.end_offset = self.staged_end;
        published
    }
}
