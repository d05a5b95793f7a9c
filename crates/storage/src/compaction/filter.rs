//! What compaction leaves of one batch.

use super::compactable::LastRecord;
use super::offset_map::OffsetMap;
use super::transactions::Transactions;
use crate::limits::UNPACKED_BYTES_MAX;
use bytes::Bytes;
use dohle_protocol::record::batch::{BatchHeader, HEADER_SIZE, TimestampType};
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::legacy::LegacyBatch;
use dohle_protocol::record::{AnyBatch, Batch, BatchBuilder, Compression, RecordError, RecordRef};
use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// What is left of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// All of it, byte for byte.
    Whole,
    /// This batch of magic 2 instead.
    Changed(Bytes),
}

/// What one pass over a log holds its batches against.
pub(crate) struct Filter {
    pub(crate) map: OffsetMap,
    pub(crate) transactions: Transactions,
    pub(crate) last_records: BTreeMap<i64, LastRecord>,
    /// Where the pass ends: the batch before it stays, if only as a header, so that the offset does.
    pub(crate) end_offset: i64,
    pub(crate) now: i64,
    pub(crate) delete_retention_ms: i64,
    /// Whether the tombstones of the current segment stay that have no horizon of their own: those
    /// of magic 0 and 1.
    pub(crate) keeps_old_tombstones: bool,
    pub(crate) count: RecordCount,
    pub(crate) scratch: Scratch,
}

/// Records that a pass has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecordCount {
    pub(crate) read: u64,
    pub(crate) kept: u64,
    /// Without a key: they go.
    pub(crate) keyless: u64,
    /// Batches, not records: those with a wrong checksum, which stay as they are.
    pub(crate) damaged_batches: u64,
}

/// What is used again for every batch.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) unpacker: Unpacker,
    pub(crate) unpacked: Vec<u8>,
    /// For every record of the batch, whether it stays.
    stays: Vec<bool>,
}

/// A batch that cannot be looked into.
pub(crate) fn invalid(offset: i64, why: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("batch at {offset}: {why}"))
}

impl Filter {
    /// What is left of `batch`, the next one of the log.
    pub(crate) fn left_of(&mut self, batch: &AnyBatch<'_>) -> io::Result<Left> {
        match batch {
            AnyBatch::V2(batch) => self.left_of_modern(batch),
            AnyBatch::Legacy(batch) => self.left_of_legacy(batch),
        }
    }

    fn left_of_modern(&mut self, batch: &Batch<'_>) -> io::Result<Left> {
        let header = &batch.header;
        let is_control = header.attributes.is_control();
        if batch.ensure_valid().is_err() {
            // Nothing in it can be believed, and under a new checksum it would pass for sound.
            if !is_control {
                self.transactions.on_records(header);
            }
            self.count.damaged_batches += 1;
            return Ok(Left::Whole);
        }
        let is_over = if is_control {
            self.transactions.on_control(batch)?
        } else {
            self.transactions.on_records(header)
        };
        let is_past_horizon = header.delete_horizon_ms().is_some_and(|at| at <= self.now);
        let drops_records = is_over && (!is_control || is_past_horizon);
        let keeps_header =
            self.is_last_of_producer(header) || header.next_offset() == self.end_offset;
        if drops_records {
            self.count.read += u64::from(header.record_count.unsigned_abs());
            return Ok(if keeps_header { emptied(header) } else { Left::Nothing });
        }
        let Self { map, scratch, count, .. } = self;
        let Scratch { unpacker, unpacked, stays } = scratch;
        let records = batch
            .records_using(unpacker, unpacked, UNPACKED_BYTES_MAX)
            .map_err(|error| invalid(header.base_offset, error))?;
        let keeps_tombstones = header.delete_horizon_ms().is_none_or(|at| self.now < at);
        let mut has_tombstones = false;
        stays.clear();
        for record in records.clone() {
            let record = record.map_err(|error| invalid(header.base_offset, error))?;
            let stay = is_control || is_newest(map, &record, keeps_tombstones, count);
            has_tombstones |= stay && record.value.is_none();
            stays.push(stay);
        }
        let kept = stays.iter().filter(|stays| **stays).count();
        count.add(stays.len(), kept);
        if kept == 0 {
            return Ok(if keeps_header { emptied(header) } else { Left::Nothing });
        }
        let needs_horizon =
            (has_tombstones || (is_over && is_control)) && header.delete_horizon_ms().is_none();
        if kept == stays.len() && !needs_horizon {
            return Ok(Left::Whole);
        }
        let horizon = if needs_horizon {
            Some(self.now.saturating_add(self.delete_retention_ms))
        } else {
            header.delete_horizon_ms()
        };
        let kept = records.zip(&*stays).filter(|(_, stays)| **stays).map(|(record, _)| record);
        rebuilt(header, horizon, kept).map(Left::Changed)
    }

    fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        if !header.has_producer_id() {
            return false;
        }
        match self.last_records.get(&header.producer_id) {
            None => false,
            Some(LastRecord { offset: Some(offset), .. }) => header.last_offset() == *offset,
            Some(LastRecord { offset: None, epoch }) => {
                header.attributes.is_control() && header.producer_epoch == *epoch
            }
        }
    }

    fn left_of_legacy(&mut self, batch: &LegacyBatch<'_>) -> io::Result<Left> {
        if batch.ensure_valid().is_err() {
            self.count.damaged_batches += 1;
            return Ok(Left::Whole);
        }
        let offset = batch.offset();
        let Self { map, scratch, count, .. } = self;
        let Scratch { unpacker, unpacked, stays } = scratch;
        let records = batch
            .records(unpacker, unpacked, UNPACKED_BYTES_MAX)
            .map_err(|error| invalid(offset, error))?;
        stays.clear();
        let mut has_tombstones = false;
        let mut first_kept = None;
        for inner in records.clone() {
            let record = inner.map_err(|error| invalid(offset, error))?.record;
            let stay = is_newest(map, &record, self.keeps_old_tombstones, count);
            has_tombstones |= stay && record.value.is_none();
            if stay {
                first_kept.get_or_insert(record.offset);
            }
            stays.push(stay);
        }
        let kept = stays.iter().filter(|stays| **stays).count();
        count.add(stays.len(), kept);
        let Some(base_offset) = first_kept else { return Ok(Left::Nothing) };
        let horizon = has_tombstones.then(|| self.now.saturating_add(self.delete_retention_ms));
        let kept = records.zip(&*stays).filter(|(_, stays)| **stays);
        let kept = kept.map(|(inner, _)| inner.map(|inner| inner.record));
        converted(batch, base_offset, horizon, kept).map(Left::Changed)
    }
}

impl RecordCount {
    fn add(&mut self, read: usize, kept: usize) {
        self.read += read as u64;
        self.kept += kept as u64;
    }
}

/// Whether a record is the newest of its key, as far as the map knows the log, and no tombstone
/// that may go.
fn is_newest(
    map: &OffsetMap,
    record: &RecordRef<'_>,
    keeps_tombstones: bool,
    count: &mut RecordCount,
) -> bool {
    if record.offset > map.latest_offset() {
        return true;
    }
    let Some(key) = record.key else {
        count.keyless += 1;
        return false;
    };
    let is_newest = map.get(key).is_none_or(|newest| record.offset >= newest);
    is_newest && (record.value.is_some() || keeps_tombstones)
}

/// A batch without records: what its producer must be remembered by, and its offsets.
fn emptied(header: &BatchHeader) -> Left {
    let mut header = header.emptied();
    let mut bytes = vec![0; HEADER_SIZE];
    header.write_over(&mut bytes);
    Left::Changed(bytes.into())
}

fn rebuilt<'a>(
    header: &BatchHeader,
    horizon: Option<i64>,
    kept: impl Iterator<Item = Result<RecordRef<'a>, RecordError>>,
) -> io::Result<Bytes> {
    let offset = header.base_offset;
    let codec = header.attributes.compression().map_err(|error| invalid(offset, error))?;
    let mut builder = BatchBuilder::new(offset)
        .compression(Compression::of(codec))
        .partition_leader_epoch(header.partition_leader_epoch)
        .producer(header.producer_id, header.producer_epoch, header.base_sequence);
    if let Some(time) = header.log_append_time() {
        builder = builder.log_append_time(time);
    }
    if header.attributes.is_transactional() {
        builder = builder.transactional();
    }
    if header.attributes.is_control() {
        builder = builder.control();
    }
    if let Some(time) = horizon {
        builder = builder.delete_horizon(time);
    }
    append(&mut builder, offset, kept)?;
    builder.override_last_offset(header.last_offset()).map_err(|error| invalid(offset, error))?;
    builder.build().map_err(|error| invalid(offset, error))
}

/// What is left of messages of magic 0 and 1, in a batch of magic 2 (KIP-724).
fn converted<'a>(
    batch: &LegacyBatch<'_>,
    base_offset: i64,
    horizon: Option<i64>,
    kept: impl Iterator<Item = Result<RecordRef<'a>, RecordError>>,
) -> io::Result<Bytes> {
    let offset = batch.offset();
    let codec = batch.compression().map_err(|error| invalid(offset, error))?;
    let mut builder = BatchBuilder::new(base_offset).compression(Compression::of(codec));
    if batch.timestamp_type() == Some(TimestampType::LogAppendTime) {
        builder = builder.log_append_time(batch.timestamp());
    }
    if let Some(time) = horizon {
        builder = builder.delete_horizon(time);
    }
    append(&mut builder, offset, kept)?;
    builder.build().map_err(|error| invalid(offset, error))
}

/// Adds the records that are left of the batch at `offset`.
fn append<'a>(
    builder: &mut BatchBuilder,
    offset: i64,
    kept: impl Iterator<Item = Result<RecordRef<'a>, RecordError>>,
) -> io::Result<()> {
    for record in kept {
        let record = record.map_err(|error| invalid(offset, error))?;
        builder.append_record(record.offset, &record).map_err(|error| invalid(offset, error))?;
    }
    Ok(())
}
