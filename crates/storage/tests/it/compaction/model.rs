//! The rules of compaction over a plain list of batches.

use super::workload::RETENTION_MS;
use bytes::Bytes;
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::legacy::LegacyBatch;
use dohle_protocol::record::{AnyBatch, Batch, Batches, ControlRecordType, Headers, RecordRef};
use std::collections::{BTreeMap, BTreeSet};

/// A batch as far as compaction may change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    magic: i8,
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    attributes: i16,
    leader_epoch: i32,
    producer: (i64, i16, i32),
    pub(crate) horizon: Option<i64>,
    max_timestamp: i64,
    pub(crate) records: Vec<Record>,
    /// As it lies in the log.
    bytes: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: i64,
    timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Row {
    pub(crate) fn of(bytes: &Bytes) -> Self {
        let batch = Batches::new(bytes).next().unwrap().unwrap();
        batch.ensure_valid().unwrap();
        match batch {
            AnyBatch::V2(batch) => Self::of_modern(bytes, batch),
            AnyBatch::Legacy(batch) => Self::of_legacy(bytes, batch),
        }
    }

    fn of_legacy(bytes: &Bytes, batch: LegacyBatch<'_>) -> Self {
        let (mut records, mut buffer) = (Vec::new(), Vec::new());
        for inner in batch.records(&mut Unpacker::default(), &mut buffer, 1 << 20).unwrap() {
            let inner = inner.unwrap();
            inner.message.ensure_valid().unwrap();
            records.push(Record::of(&inner.record));
        }
        Self {
            magic: batch.magic(),
            base_offset: records[0].offset,
            last_offset: batch.offset(),
            attributes: i16::from(bytes[17]),
            leader_epoch: -1,
            producer: (-1, -1, -1),
            horizon: None,
            max_timestamp: batch.timestamp(),
            records,
            bytes: bytes.clone(),
        }
    }

    fn of_modern(bytes: &Bytes, batch: Batch<'_>) -> Self {
        let header = batch.header;
        let mut buffer = Vec::new();
        let records = batch.records(&mut buffer, 1 << 20).unwrap();
        let records: Vec<Record> = records.map(|record| Record::of(&record.unwrap())).collect();
        assert_eq!(records.len(), header.record_count as usize);
        Self {
            magic: 2,
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            attributes: header.attributes.0,
            leader_epoch: header.partition_leader_epoch,
            producer: (header.producer_id, header.producer_epoch, header.base_sequence),
            horizon: header.delete_horizon_ms(),
            max_timestamp: header.max_timestamp,
            records,
            bytes: bytes.clone(),
        }
    }

    pub(crate) fn producer_id(&self) -> i64 {
        self.producer.0
    }

    pub(crate) fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    pub(crate) fn is_old(&self) -> bool {
        self.magic < 2
    }

    fn is(&self, flag: i16) -> bool {
        self.attributes & flag != 0
    }

    fn is_transactional(&self) -> bool {
        self.is(0x10)
    }

    fn is_control(&self) -> bool {
        self.is(0x20)
    }

    /// For a marker that is not empty: whether it aborts.
    pub(crate) fn aborts(&self) -> Option<bool> {
        let key = self.records.first().filter(|_| self.is_control())?.key.as_deref();
        Some(ControlRecordType::parse_key(key).unwrap() == ControlRecordType::Abort)
    }
}

impl Record {
    fn of(record: &RecordRef<'_>) -> Self {
        let own = |headers: Headers<'_>| {
            headers.map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec))).collect()
        };
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: own(record.headers),
        }
    }
}

/// For every batch of records inside a transaction, by base offset: whether that was aborted;
/// `None` while it is open.
pub(crate) fn outcomes(rows: &[Row]) -> BTreeMap<i64, Option<bool>> {
    let mut outcomes = BTreeMap::new();
    let mut open: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let id = row.producer.0;
        if let Some(aborts) = row.aborts() {
            for base_offset in open.remove(&id).unwrap_or_default() {
                outcomes.insert(base_offset, Some(aborts));
            }
        } else if row.is_transactional() && !row.is_control() {
            outcomes.insert(row.base_offset, None);
            open.entry(id).or_default().push(row.base_offset);
        }
    }
    outcomes
}

/// One compaction.
pub(crate) struct Pass {
    /// Keys of records from here on were looked at,
    pub(crate) dirty_from: i64,
    /// up to here.
    pub(crate) dirty_to: i64,
    /// The segments below were copied: where the last one of them ends.
    pub(crate) copied_to: i64,
    /// Where it might have gone with unlimited memory.
    pub(crate) limit: i64,
    pub(crate) now: i64,
    /// Of every segment its base offset, and when it was last written to.
    pub(crate) segments: Vec<(i64, i64)>,
    /// Of every producer: its last data offset, or else its epoch.
    pub(crate) last_records: BTreeMap<i64, Result<i64, i16>>,
}

impl Pass {
    /// What must be left of `rows`, the whole log.
    pub(crate) fn expected(&self, rows: &[Row]) -> Vec<Row> {
        let outcomes = outcomes(rows);
        let aborted = |row: &Row| outcomes.get(&row.base_offset) == Some(&Some(true));
        let mut newest: BTreeMap<&[u8], i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.is_control() && !aborted(row)) {
            for record in &row.records {
                let is_dirty = (self.dirty_from..self.dirty_to).contains(&record.offset);
                if let Some(key) = record.key.as_deref().filter(|_| is_dirty) {
                    newest.insert(key, record.offset);
                }
            }
        }
        // Producers with a batch since their last marker.
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        let mut left = Vec::new();
        for row in rows {
            let is_needed = if row.is_control() {
                row.aborts().is_some() && seen.remove(&row.producer.0)
            } else {
                if row.is_transactional() {
                    seen.insert(row.producer.0);
                }
                true
            };
            if row.base_offset >= self.copied_to {
                left.push(row.clone());
            } else {
                let stays = |record: &Record| self.stays(row, record, &newest);
                let goes = if row.is_control() {
                    !is_needed && row.horizon.is_some_and(|at| at <= self.now)
                } else {
                    aborted(row)
                };
                let records: Vec<Record> =
                    row.records.iter().filter(|r| !goes && stays(r)).cloned().collect();
                left.extend(self.left_of(row, records, row.is_control() && !is_needed));
            }
        }
        left
    }

    fn stays(&self, row: &Row, record: &Record, newest: &BTreeMap<&[u8], i64>) -> bool {
        if row.is_control() || record.offset >= self.dirty_to {
            return true;
        }
        let Some(key) = record.key.as_deref() else { return false };
        let is_newest = newest.get(key).is_none_or(|newest| record.offset >= *newest);
        let may_go = match row.is_old() {
            true => self.is_long_clean(row),
            false => row.horizon.is_some_and(|at| at <= self.now),
        };
        is_newest && (record.value.is_some() || !may_go)
    }

    /// Whether the last segment of those that were compacted before is younger than the segment of
    /// `row` by as long as tombstones are kept.
    fn is_long_clean(&self, row: &Row) -> bool {
        let last = |below: i64| self.segments.iter().rfind(|(base, _)| *base < below);
        let Some((_, clean)) = last(self.dirty_from) else { return false };
        let (_, own) = last(row.base_offset + 1).unwrap();
        *own <= clean - RETENTION_MS
    }

    /// Whatever is left of the old formats is a batch of magic 2.
    fn left_of_old(&self, row: &Row, mut records: Vec<Record>) -> Option<Row> {
        let (base_offset, last_offset) = (records.first()?.offset, records.last()?.offset);
        if row.is(0x08) {
            records.iter_mut().for_each(|record| record.timestamp = row.max_timestamp);
        }
        let has_tombstone = records.iter().any(|record| record.value.is_none());
        let horizon = has_tombstone.then_some(self.now + RETENTION_MS);
        let attributes = row.attributes | if has_tombstone { 0x40 } else { 0 };
        let max_timestamp = records.iter().map(|record| record.timestamp).max()?;
        let (magic, bytes) = (2, Bytes::new());
        let whose = Row { magic, base_offset, last_offset, attributes, horizon, ..row.clone() };
        Some(Row { max_timestamp, records, bytes, ..whose })
    }

    fn left_of(&self, row: &Row, records: Vec<Record>, is_idle_marker: bool) -> Option<Row> {
        if row.is_old() {
            return self.left_of_old(row, records);
        }
        let (id, epoch, _) = row.producer;
        let is_last = match self.last_records.get(&id) {
            None => false,
            Some(Ok(offset)) => row.last_offset == *offset,
            Some(Err(last)) => row.is_control() && epoch == *last,
        };
        if records.is_empty() {
            let keeps_header = is_last || row.last_offset + 1 == self.limit;
            // Codec and horizon go with the records.
            let attributes = row.attributes & 0x38;
            let bytes = Bytes::new();
            let emptied = Row { attributes, horizon: None, records, bytes, ..row.clone() };
            return keeps_header.then_some(emptied);
        }
        let has_tombstone = records.iter().any(|record| record.value.is_none());
        let begins = row.horizon.is_none() && (has_tombstone || is_idle_marker);
        if records.len() == row.records.len() && !begins {
            return Some(row.clone());
        }
        let horizon = row.horizon.or_else(|| begins.then_some(self.now + RETENTION_MS));
        let attributes = row.attributes | if horizon.is_some() { 0x40 } else { 0 };
        let newest = records.iter().map(|record| record.timestamp).max().unwrap();
        let max_timestamp = if row.is(0x08) { row.max_timestamp } else { newest };
        let bytes = Bytes::new();
        Some(Row { attributes, horizon, max_timestamp, records, bytes, ..row.clone() })
    }
}

/// A row for comparing batches that two programs have built.
pub(crate) fn without_bytes(row: &Row) -> Row {
    Row { bytes: Bytes::new(), ..row.clone() }
}

/// Compares what is left with what must be; batches that nothing was taken from byte for byte.
pub(crate) fn assert_same(found: &[Row], expected: &[Row]) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(without_bytes(found), without_bytes(expected));
        assert!(expected.bytes.is_empty() || found.bytes == expected.bytes, "{expected:?}");
    }
    assert_eq!(found.len(), expected.len());
}

/// The table that a reader of committed records ends up with: the newest value of every key.
pub(crate) fn table(rows: &[Row], below: i64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let outcomes = outcomes(rows);
    let mut table = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.is_control() && row.last_offset < below) {
        if outcomes.get(&row.base_offset) == Some(&Some(true)) {
            continue;
        }
        for record in &row.records {
            let Some(key) = record.key.clone() else { continue };
            match record.value.clone() {
                Some(value) => table.insert(key, value),
                None => table.remove(&key),
            };
        }
    }
    table
}
