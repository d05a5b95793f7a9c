//! A log that random operations are done to, and a plain list of what it should hold.

use crate::support::{bytes_of, plan};
use bytes::Bytes;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::record::{Batch, BatchBuilder, BatchHeader, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::Generator;
use dohle_storage::{
    AppendError, Cursor, Log, LogConfig, NewBatch, Opening, Origin, Place, ReadLimit, Source,
    Storage, TimestampQuery,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) const DIRECTORY: &str = "/data/topic-0";

/// Something that failed because the disk did.
#[derive(Debug)]
pub(crate) struct DiskFailed;

pub(crate) struct History {
    pub(crate) disk: SimulatedDisk,
    pub(crate) random: Generator,
    pub(crate) log: Log,
    /// The batches that were written and not truncated, deleted ones at the start included.
    pub(crate) model: Vec<Bytes>,
    /// All that was ever sent, as it was placed.
    pub(crate) sent: BTreeSet<Bytes>,
    /// All below it was synced, and nothing below it truncated since.
    pub(crate) durable_end: i64,
    /// What the checkpoints of the directory say.
    pub(crate) recovery_point: i64,
    pub(crate) start_checkpoint: i64,
    /// The end that a crash left, where an empty last segment says more than the batches do.
    pub(crate) end_at_least: i64,
    now: i64,
    pub(crate) epoch: i32,
}

pub(crate) fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 20_000,
        index_interval_bytes: 600,
        segment_index_bytes: 8 * 30,
        retention_ms: -1,
        producer_id_expiration_ms: i64::MAX,
        transaction_verification: false,
        ..LogConfig::default()
    }
}

fn header(batch: &[u8]) -> BatchHeader {
    BatchHeader::parse(batch).unwrap()
}

/// What a producer has written, by the model.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(crate) struct Wrote {
    epoch: i16,
    last_sequence: i32,
    last_offset: i64,
    open_since: Option<i64>,
}

impl History {
    pub(crate) fn new(disk: &SimulatedDisk, seed: u64) -> Result<Self, DiskFailed> {
        let log = try_open(
            disk,
            Opening { clean: false, recovery_point: 0, log_start_offset: 0, now: 0 },
        )?;
        Ok(Self {
            disk: disk.clone(),
            random: Generator::named(seed, "history"),
            log,
            model: Vec::new(),
            sent: BTreeSet::new(),
            durable_end: 0,
            recovery_point: 0,
            start_checkpoint: 0,
            end_at_least: 0,
            now: 1_000_000,
            epoch: 0,
        })
    }

    /// One operation.
    pub(crate) fn step(&mut self) -> Result<(), DiskFailed> {
        self.now += self.random.below(1000) as i64;
        match self.random.below(24) {
            0..=13 => self.append(),
            14..=16 => self.flush(),
            17 => self.roll(),
            18 => self.truncate(),
            19 => self.delete_records(),
            20 => self.reopen(true),
            21 => self.reopen(false),
            22 => {
                self.epoch += 1;
                self.log.assign_epoch_start(self.epoch);
                Ok(())
            }
            _ => {
                self.disk.drop_caches();
                Ok(())
            }
        }
    }

    /// One turn: several batches, one write.
    fn append(&mut self) -> Result<(), DiskFailed> {
        let mut placed = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let (batch, source) = self.batch();
            let staged = NewBatch::parse(batch.clone()).unwrap();
            let origin = Origin { leader_epoch: self.epoch, source };
            let appended = self.log.stage(staged, origin, self.now);
            let appended = match appended {
                Ok(appended) => appended,
                Err(AppendError::Offline(_)) => return Err(DiskFailed),
                Err(error) => panic!("{error:?}"),
            };
            assert!(!appended.duplicate);
            let mut bytes = batch.to_vec();
            bytes[..8].copy_from_slice(&appended.first_offset.to_be_bytes());
            bytes[12..16].copy_from_slice(&self.epoch.to_be_bytes());
            let bytes = Bytes::from(bytes);
            self.sent.insert(bytes.clone());
            placed.push(bytes);
        }
        self.log.write_staged(self.now).map_err(|_| DiskFailed)?;
        self.model.append(&mut placed);
        Ok(())
    }

    /// A batch that the log must accept: plain, of an idempotent producer (1, 2), of a transaction
    /// (11, 12), or the end of one.
    fn batch(&mut self) -> (Bytes, Source) {
        let client = Source::Client { guard: None };
        let kind = self.random.below(4);
        let id = match kind {
            0 => -1,
            1 => 1 + self.random.below(2) as i64,
            _ => 11 + self.random.below(2) as i64,
        };
        // By the log, not the model: what was deleted may have taken a producer's sequences with
        // it.
        let known = self.log.producers().find(|(known, _)| *known == id);
        let (epoch, last, open) = known.map_or((0, -1, None), |(_, producer)| {
            (producer.epoch, producer.last_sequence(), producer.transaction_first_offset)
        });
        if kind == 3 && open.is_some() {
            let marker = EndTransactionMarker {
                committed: self.random.one_in(2),
                coordinator_epoch: 0,
                producer_id: id,
                producer_epoch: epoch,
            };
            let source = Source::Coordinator { transaction_version: 1 };
            return (marker.batch(self.now, -1).unwrap(), source);
        }
        let mut builder = BatchBuilder::new(0);
        if id >= 0 {
            builder = builder.producer(id, epoch, last + 1);
        }
        if id > 10 {
            builder = builder.transactional();
        }
        let size = [10, 100, 700, 3_000, 6_000][self.random.index(5)];
        for _ in 0..1 + self.random.below(3) {
            let timestamp = self.now - self.random.below(500) as i64;
            let value: Vec<u8> = (0..size).map(|_| self.random.below(256) as u8).collect();
            builder
                .append(&NewRecord { timestamp, value: Some(&value), ..NewRecord::default() })
                .unwrap();
        }
        (builder.build().unwrap(), client)
    }

    fn flush(&mut self) -> Result<(), DiskFailed> {
        let Some(work) = self.log.flush_work() else { return Ok(()) };
        let flushed = work.run().map_err(|_| DiskFailed)?;
        self.durable_end = flushed.end_offset();
        self.log.on_flushed(flushed, self.now);
        assert_eq!(self.log.recovery_point(), self.log.end_offset());
        if self.random.one_in(2) {
            self.recovery_point = self.log.recovery_point();
        }
        Ok(())
    }

    fn roll(&mut self) -> Result<(), DiskFailed> {
        self.log.roll(self.now).map_err(|_| DiskFailed)
    }

    fn truncate(&mut self) -> Result<(), DiskFailed> {
        let kept = self.model.len().saturating_sub(self.random.index(6));
        let end = self
            .model
            .get(kept)
            .map_or_else(|| self.log.end_offset(), |batch| header(batch).base_offset);
        if end < self.log.start_offset() {
            return Ok(());
        }
        // A checkpoint above the new end is corrected before the cut, as a broker must.
        self.recovery_point = self.recovery_point.min(end);
        self.durable_end = self.durable_end.min(end);
        self.end_at_least = self.end_at_least.min(end);
        let deletion = self.log.truncate_to(end, self.now).map_err(|_| DiskFailed)?;
        self.model.truncate(kept);
        deletion.run().map_err(|_| DiskFailed)
    }

    fn delete_records(&mut self) -> Result<(), DiskFailed> {
        let (start, end) = (self.log.start_offset(), self.log.end_offset());
        let to = start + self.random.below((end - start) as u64 / 2 + 1) as i64;
        self.log.advance_start_offset(to);
        self.start_checkpoint = self.log.start_offset();
        // Only what is durable may go: below it the checkpoint of starts speaks.
        let retention = self.log.retention(self.now, end).map_err(|_| DiskFailed)?;
        self.start_checkpoint = self.log.start_offset();
        retention.deletion.run().map_err(|_| DiskFailed)
    }

    /// The process ends, in order or not, and another opens the log.
    fn reopen(&mut self, clean: bool) -> Result<(), DiskFailed> {
        if clean {
            self.log.close(self.now).map_err(|_| DiskFailed)?;
            self.recovery_point = self.log.recovery_point();
            self.durable_end = self.log.end_offset();
        }
        self.start_checkpoint = self.log.start_offset();
        self.log = try_open(&self.disk, self.opening(clean))?;
        assert_eq!(self.log.end_offset(), self.end());
        Ok(())
    }

    pub(crate) fn opening(&self, clean: bool) -> Opening {
        Opening {
            clean,
            recovery_point: self.recovery_point,
            log_start_offset: self.start_checkpoint,
            now: self.now,
        }
    }

    fn end(&self) -> i64 {
        let last = self.model.last().map(|batch| header(batch).next_offset());
        last.unwrap_or_else(|| self.log.start_offset()).max(self.end_at_least)
    }

    /// Compares the log with the model, in every way in which it can be read.
    pub(crate) fn check(&mut self) {
        let start = self.log.start_offset();
        let end = self.log.end_offset();
        let kept: Vec<Bytes> = self
            .model
            .iter()
            .filter(|batch| header(batch).last_offset() >= start)
            .cloned()
            .collect();
        let mut read = Vec::new();
        let visit = |batch| {
            read.push(batch);
            Ok(true)
        };
        self.log.reader().batches(start, end, visit).unwrap();
        let spans = |batches: &[Bytes]| -> Vec<(i64, i64)> {
            batches.iter().map(|b| (header(b).base_offset, header(b).next_offset())).collect()
        };
        assert_eq!(spans(&read), spans(&kept), "batches of {start}..{end}");
        assert!(read == kept, "batches differ");
        assert_eq!(end, self.end());
        check_reads(&self.log, &kept, &mut self.random);
        check_times(&self.log, &kept);
        check_producers(&self.log, &kept, &self.model);
        check_epochs(&self.log, &kept);
    }
}

pub(crate) fn try_open(disk: &SimulatedDisk, opening: Opening) -> Result<Log, DiskFailed> {
    // So few files and so little memory for indexes that both run out all the time.
    let storage = Storage::with_limits(Arc::new(disk.clone()), 2, 1_000);
    // The setting changes now and then.
    let config = LogConfig { preallocate: opening.now % 3 == 2, ..config() };
    let opened = Log::open(Place::new(storage, DIRECTORY, "topic-0"), config, opening);
    opened.map(|(log, _)| log).map_err(|_| DiskFailed)
}

/// Reads from many offsets, with many limits, begin with the right batch and go on without a gap.
fn check_reads(log: &Log, kept: &[Bytes], random: &mut Generator) {
    for _ in 0..6 {
        if kept.is_empty() {
            break;
        }
        let number = random.index(kept.len());
        let first = header(&kept[number]);
        let within = random.below(first.last_offset_delta as u64 + 1) as i64;
        let offset = (first.base_offset + within).max(log.start_offset());
        let stop = random.index(kept.len() - number) + number + 1;
        let limit = ReadLimit {
            end_offset: header(&kept[stop - 1]).next_offset(),
            size_bytes_max: [0, 1_000, 30_000, 200_000][random.index(4)],
            at_least_one_batch: true,
            aborted: false,
        };
        let (mut cursor, mut read) = (Cursor::at(offset), Vec::new());
        while let Some(plan) = plan(log, cursor, limit).filter(|plan| plan.size_bytes > 0) {
            let bytes = bytes_of(&plan);
            assert!(
                plan.size_bytes <= limit.size_bytes_max
                    || Batch::parse(&bytes).unwrap().bytes.len() == bytes.len()
            );
            let mut last = 0;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let batch = Batch::parse(rest).unwrap();
                last = batch.header.last_offset();
                rest = &rest[batch.bytes.len()..];
            }
            read.extend_from_slice(&bytes);
            let skipped = last + 1..plan.next.offset;
            assert!(!kept.iter().any(|batch| skipped.contains(&header(batch).base_offset)));
            cursor = plan.next.to(last + 1);
        }
        let expected = kept[number..stop].concat();
        let sizes = (read.len(), expected.len());
        assert!(
            read == expected,
            "reads from {offset} with {limit:?}: {sizes:?} at {cursor:?} of {:?}",
            kept.iter()
                .map(|b| (header(b).base_offset, header(b).next_offset(), b.len()))
                .collect::<Vec<_>>()
        );
    }
}

/// Searches by timestamp find what a look at every record finds.
fn check_times(log: &Log, kept: &[Bytes]) {
    let mut times = Vec::new();
    let mut buffer = Vec::new();
    for batch in kept {
        for record in Batch::parse(batch).unwrap().records(&mut buffer, 1 << 20).unwrap() {
            let record = record.unwrap();
            times.push((record.timestamp, record.offset));
        }
    }
    let start = log.start_offset();
    times.retain(|(_, offset)| *offset >= start);
    for (timestamp, _) in times.iter().step_by(times.len() / 5 + 1) {
        for at in [*timestamp, *timestamp + 1] {
            let expected = times.iter().find(|(time, _)| *time >= at);
            let found = log.reader().offset_for_timestamp(TimestampQuery::At(at)).unwrap();
            // Kafka looks only into the first segment that may have one, also if all of those are
            // below the start.
            if found.is_some() || !log.has_own_start_offset() {
                assert_eq!(found.map(|found| (found.timestamp, found.offset)), expected.copied());
            }
        }
    }
    let largest = times.iter().map(|(time, _)| *time).max();
    let expected = times.iter().find(|(time, _)| Some(*time) == largest);
    let found = log.reader().offset_for_timestamp(TimestampQuery::MaxTimestamp).unwrap();
    // Records below the log's start still count for this one, while their segment is there.
    if let (Some(found), Some(expected)) = (found, expected)
        && found.offset >= start
    {
        assert_eq!((found.timestamp, found.offset), *expected);
    }
}

/// What `id` has written in these batches.
pub(crate) fn wrote<'a>(batches: impl Iterator<Item = &'a Bytes>, id: i64) -> Option<Wrote> {
    let mut wrote: Option<Wrote> = None;
    for header in batches.map(|batch| header(batch)).filter(|header| header.producer_id == id) {
        let state = wrote.get_or_insert(Wrote {
            epoch: 0,
            last_sequence: -1,
            last_offset: -1,
            open_since: None,
        });
        state.epoch = header.producer_epoch;
        if header.attributes.is_control() {
            state.open_since = None;
            continue;
        }
        state.last_sequence = header.last_sequence();
        state.last_offset = header.last_offset();
        if header.attributes.is_transactional() {
            state.open_since = state.open_since.or(Some(header.base_offset));
        }
    }
    wrote
}

/// Producers and transactions are what the batches say.
fn check_producers(log: &Log, kept: &[Bytes], model: &[Bytes]) {
    let mut open = BTreeMap::new();
    for id in [1, 2, 11, 12] {
        let Some(expected) = wrote(kept.iter(), id) else { continue };
        let whole = wrote(model.iter(), id);
        let (_, producer) = log.producers().find(|(known, _)| *known == id).unwrap();
        if expected.last_offset >= 0 {
            assert_eq!(producer.last_sequence(), expected.last_sequence, "producer {id}");
            assert_eq!(producer.last_offset(), expected.last_offset, "producer {id}");
        }
        // A transaction that began below the log's start may have lost its beginning.
        if whole == Some(expected) || expected.open_since.is_none() {
            assert_eq!(producer.transaction_first_offset, expected.open_since, "producer {id}");
        }
        if let Some(offset) = producer.transaction_first_offset {
            open.insert(offset, id);
        }
    }
    let end = log.end_offset();
    let first_open = open.keys().next().copied().unwrap_or(end).max(log.start_offset());
    let stable = log.last_stable_offset(end);
    assert!(stable <= end && stable <= first_open, "{stable} {first_open}");
    // Transactions that began below the log's start: a recovery sees only the rest of them.
    let mut cut = BTreeSet::new();
    let mut aborted = BTreeSet::new();
    let mut began = BTreeMap::new();
    for batch in model {
        let header = header(batch);
        let id = header.producer_id;
        if !header.attributes.is_control() {
            if header.attributes.is_transactional() {
                began.entry(id).or_insert(header.base_offset);
            }
            continue;
        }
        let first = began.remove(&id);
        // Key of the marker: version, then 0 for an abort. It is record byte 5 on behind the
        // header.
        let is_abort = batch[61 + 8] == 0;
        let Some(first) = first.filter(|_| is_abort && header.last_offset() >= log.start_offset())
        else {
            continue;
        };
        if first >= log.start_offset() {
            aborted.insert((id, first));
        } else {
            cut.insert(id);
        }
    }
    let found = log.reader().aborted_transactions(log.start_offset(), end).unwrap();
    let found: BTreeSet<(i64, i64)> = found
        .into_iter()
        .filter(|found| found.first_offset >= log.start_offset())
        .map(|found| (found.producer_id, found.first_offset))
        .collect();
    assert!(found.is_superset(&aborted), "{found:?} {aborted:?}");
    assert!(found.difference(&aborted).all(|(id, _)| cut.contains(id)), "{found:?} {aborted:?}");
}

/// Each batch's epoch is the one that the epochs say, and none is below the one before.
fn check_epochs(log: &Log, kept: &[Bytes]) {
    for batch in kept {
        let header = header(batch);
        let offset = header.base_offset.max(log.start_offset());
        assert_eq!(log.epochs().epoch_at(offset), Some(header.partition_leader_epoch));
    }
    let entries = log.epochs().entries();
    assert!(
        entries
            .windows(2)
            .all(|w| w[0].epoch < w[1].epoch && w[0].start_offset < w[1].start_offset)
    );
}
