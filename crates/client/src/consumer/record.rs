//! Records as a consumer gives them, and how they are taken from batches.

use crate::Error;
use crate::limits::UNPACKED_BYTES_MAX;
use crate::metadata::TopicPartition;
use bytes::Bytes;
use dohle_protocol::messages::fetch_response::AbortedTransaction;
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::{
    AnyBatch, Batch, Batches, Codec, ControlRecordType, RecordRef, Records, TimestampType,
};
use dohle_protocol::wire::Text;
use std::collections::{BTreeSet, VecDeque};

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its topic.
    pub topic: Text,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time in milliseconds since 1970, or -1.
    pub timestamp: i64,
    /// Whose time that is; `None` in the oldest format, which has none.
    pub timestamp_type: Option<TimestampType>,
    /// The epoch of the leader that took it, or -1.
    pub leader_epoch: i32,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// How much of what was fetched is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: i64,
    pub(crate) read_committed: bool,
    pub(crate) check_crcs: bool,
}

/// The batches that one fetch brought of one partition, read batch by batch.
pub(crate) struct Fetched {
    pub(super) partition: TopicPartition,
    /// Which life of the position they belong to.
    pub(super) life: u64,
    /// The next record to give: what is below was given, or was not asked for.
    pub(super) next: i64,
    /// The epoch of the batch that was read last, -1 where its format has none; `None` before the first.
    pub(super) epoch: Option<i32>,
    bytes: Bytes,
    position: usize,
    aborted: VecDeque<(i64, i64)>,
    aborting: BTreeSet<i64>,
    ready: VecDeque<Record>,
}

impl Fetched {
    pub(crate) fn new(
        partition: TopicPartition,
        life: u64,
        bytes: Bytes,
        aborted: &[AbortedTransaction],
        from: i64,
    ) -> Self {
        let mut aborted: Vec<_> =
            aborted.iter().map(|one| (one.first_offset, one.producer_id)).collect();
        aborted.sort_unstable();
        Self {
            partition,
            life,
            next: from,
            epoch: None,
            bytes,
            position: 0,
            aborted: aborted.into(),
            aborting: BTreeSet::new(),
            ready: VecDeque::new(),
        }
    }

    /// The offset behind the last whole batch, if there is one.
    ///
    /// # Errors
    /// When the bytes are no batches.
    pub(crate) fn end(bytes: &Bytes) -> Result<Option<i64>, Error> {
        let mut end = None;
        for batch in Batches::new(bytes) {
            let batch = batch.map_err(|error| Error::Invalid(error.to_string()))?;
            end = Some(batch.last_offset().saturating_add(1));
        }
        Ok(end)
    }

    /// Moves up to `limit` records to `into`; whether there are more.
    pub(crate) fn take(
        &mut self,
        wanted: Wanted,
        limit: usize,
        into: &mut Vec<Record>,
    ) -> Result<bool, Error> {
        while into.len() < limit {
            if let Some(record) = self.ready.pop_front() {
                self.next = record.offset.saturating_add(1);
                into.push(record);
            } else if !self.read_batch(wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the next batch into `ready`; false if there is none. One that is damaged stays the next.
    fn read_batch(&mut self, wanted: Wanted) -> Result<bool, Error> {
        let bytes = self.bytes.clone();
        let mut batches = Batches::new(&bytes[self.position..]);
        let Some(batch) = batches.next() else { return Ok(false) };
        let batch = batch.map_err(|error| self.damaged(&error))?;
        let end = batch.last_offset().saturating_add(1);
        if wanted.check_crcs {
            batch.ensure_valid().map_err(|error| self.damaged(&error))?;
        }
        match batch {
            AnyBatch::V2(batch) => {
                if self.is_shown(&batch, wanted.read_committed)? {
                    self.read_v2(&batch, &bytes, wanted.from.max(self.next))?;
                }
                self.epoch = Some(batch.header.partition_leader_epoch);
            }
            AnyBatch::Legacy(batch) => {
                let mut unpacked = Vec::new();
                let kind = batch.timestamp_type();
                let records = batch
                    .records(&mut Unpacker::new(), &mut unpacked, UNPACKED_BYTES_MAX)
                    .map_err(|error| self.damaged(&error))?;
                let (mut found, from) = (Vec::new(), self.next);
                for record in records {
                    let record = record.map_err(|error| self.damaged(&error))?.record;
                    if record.offset >= from {
                        found.push(self.record(&record, kind, -1, &Bytes::copy_from_slice));
                    }
                }
                self.ready.extend(found);
                self.epoch = Some(-1);
            }
        }
        self.position += batches.position();
        if self.ready.is_empty() {
            self.next = self.next.max(end);
        }
        Ok(true)
    }

    /// Leaves out the next batch, which cannot be read; the first and the last of its offsets.
    pub(crate) fn skip_batch(&mut self) -> Option<(i64, i64)> {
        let bytes = self.bytes.clone();
        let mut batches = Batches::new(&bytes[self.position..]);
        let Some(Ok(batch)) = batches.next() else {
            self.position = self.bytes.len();
            return None;
        };
        self.position += batches.position();
        let first = match &batch {
            AnyBatch::V2(batch) => batch.header.base_offset,
            AnyBatch::Legacy(batch) => batch.offset(),
        };
        Some((first, batch.last_offset()))
    }

    /// Whether a batch's records are for the application: control batches are not, nor, if only
    /// what was committed counts, those of aborted transactions.
    fn is_shown(&mut self, batch: &Batch<'_>, read_committed: bool) -> Result<bool, Error> {
        let header = &batch.header;
        if read_committed {
            while self.aborted.front().is_some_and(|(first, _)| *first <= header.last_offset()) {
                self.aborting.extend(self.aborted.pop_front().map(|(_, producer)| producer));
            }
        }
        if header.attributes.is_control() {
            let mut buffer = Vec::new();
            let mut records = batch
                .records(&mut buffer, UNPACKED_BYTES_MAX)
                .map_err(|error| self.damaged(&error))?;
            let key = records.next().transpose().map_err(|error| self.damaged(&error))?;
            let kind = key.and_then(|record| ControlRecordType::parse_key(record.key).ok());
            if kind == Some(ControlRecordType::Abort) {
                self.aborting.remove(&header.producer_id);
            }
            return Ok(false);
        }
        let is_aborted =
            header.attributes.is_transactional() && self.aborting.contains(&header.producer_id);
        Ok(!is_aborted)
    }

    fn read_v2(&mut self, batch: &Batch<'_>, frame: &Bytes, from: i64) -> Result<(), Error> {
        let header = &batch.header;
        let codec = header.attributes.compression().map_err(|error| self.damaged(&error))?;
        let payload = if codec == Codec::None {
            frame.slice_ref(batch.payload())
        } else {
            let mut unpacked = Vec::new();
            batch
                .unpack(&mut unpacked, UNPACKED_BYTES_MAX)
                .map_err(|error| self.damaged(&error))?;
            Bytes::from(unpacked)
        };
        let kind = Some(header.attributes.timestamp_type());
        let epoch = header.partition_leader_epoch;
        let mut found = VecDeque::with_capacity(header.record_count.max(0) as usize % 65_536);
        for record in Records::new(header, &payload) {
            let record = record.map_err(|error| self.damaged(&error))?;
            if record.offset >= from {
                found.push_back(self.record(&record, kind, epoch, &|part| payload.slice_ref(part)));
            }
        }
        self.ready.append(&mut found);
        Ok(())
    }

    fn record(
        &self,
        record: &RecordRef<'_>,
        timestamp_type: Option<TimestampType>,
        leader_epoch: i32,
        bytes: &dyn Fn(&[u8]) -> Bytes,
    ) -> Record {
        Record {
            topic: self.partition.topic.clone(),
            partition: self.partition.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            timestamp_type,
            leader_epoch,
            key: record.key.map(bytes),
            value: record.value.map(bytes),
            headers: record
                .headers
                .map(|header| (bytes(header.key), header.value.map(bytes)))
                .collect(),
        }
    }

    fn damaged(&self, error: &dyn std::fmt::Display) -> Error {
        Error::Invalid(format!(
            "Received exception when fetching the next record from {}. If needed, please seek \
             past the record to continue consumption. ({error})",
            self.partition
        ))
    }
}
