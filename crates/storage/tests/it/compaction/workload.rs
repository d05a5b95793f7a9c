//! Random writers of a compacted topic.

use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::record::{BatchBuilder, Codec, Compression, Header, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::Generator;
use dohle_storage::{
    AppendError, Log, LogConfig, NewBatch, Opening, Origin, Place, Source, Storage,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(crate) const DIRECTORY: &str = "/data/compacted-0";
/// `delete.retention.ms`.
pub(crate) const RETENTION_MS: i64 = 10_000;

pub(crate) fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 4_000,
        index_interval_bytes: 300,
        retention_ms: -1,
        producer_id_expiration_ms: i64::MAX,
        delete: false,
        compact: true,
        min_cleanable_dirty_ratio: 0.0,
        delete_retention_ms: RETENTION_MS,
        transaction_verification: false,
        ..LogConfig::default()
    }
}

pub(crate) fn open(disk: &SimulatedDisk, opening: Opening) -> Log {
    // So few files and so little memory for indexes that both run out all the time.
    let storage = Storage::with_limits(Arc::new(disk.clone()), 2, 1_000);
    Log::open(Place::new(storage, DIRECTORY, "compacted-0"), config(), opening).unwrap().0
}

/// What stops a workload: the disk.
#[derive(Debug)]
pub(crate) struct DiskFailed;

pub(crate) struct Workload {
    pub(crate) disk: SimulatedDisk,
    pub(crate) log: Log,
    pub(crate) random: Generator,
    pub(crate) now: i64,
    pub(crate) keys: usize,
    /// When each segment was opened, by base offset.
    pub(crate) opened: BTreeMap<i64, i64>,
}

impl Workload {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = SimulatedDisk::with_seed(seed);
        disk.create_directories(Path::new(DIRECTORY)).unwrap();
        disk.sync_all();
        let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
        let log = open(&disk, opening);
        let mut random = Generator::named(seed, "compaction");
        let keys = [1, 5, 30][random.index(3)];
        let opened = BTreeMap::from([(0, 0)]);
        Self { disk, log, random, now: 1_000_000, keys, opened }
    }

    /// Appends some batches and flushes them.
    pub(crate) fn append(&mut self, count: usize) -> Result<(), DiskFailed> {
        for _ in 0..count {
            self.now += self.random.below(200) as i64;
            let (batch, source) = self.batch();
            let origin = Origin { leader_epoch: 3, source };
            match self.log.stage(NewBatch::parse(batch).unwrap(), origin, self.now) {
                Ok(_) => {}
                Err(AppendError::Offline(_)) => return Err(DiskFailed),
                Err(error) => panic!("{error:?}"),
            }
            self.log.write_staged(self.now).map_err(|_| DiskFailed)?;
            self.note_opened();
        }
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> Result<(), DiskFailed> {
        if let Some(work) = self.log.flush_work() {
            self.log.on_flushed(work.run().map_err(|_| DiskFailed)?, self.now);
        }
        Ok(())
    }

    /// Segments that were not seen before are of now.
    pub(crate) fn note_opened(&mut self) {
        for base in self.bases() {
            self.opened.entry(base).or_insert(self.now);
        }
    }

    fn batch(&mut self) -> (Bytes, Source) {
        let client = Source::Client { guard: None };
        let kind = self.random.below(5);
        let id = match kind {
            0 => -1,
            1 => 1 + self.random.below(2) as i64,
            _ => 11 + self.random.below(2) as i64,
        };
        let known = self.log.producers().find(|(known, _)| *known == id);
        let (epoch, last, open) = known.map_or((0, -1, None), |(_, producer)| {
            (producer.epoch, producer.last_sequence(), producer.transaction_first_offset)
        });
        if kind > 2 && (open.is_some() || id > 10 && self.random.one_in(4)) {
            let marker = EndTransactionMarker {
                committed: self.random.one_in(2),
                coordinator_epoch: 0,
                producer_id: id,
                producer_epoch: epoch + i16::from(self.random.one_in(3)),
            };
            let source = Source::Coordinator { transaction_version: 1 };
            return (marker.batch(self.now, -1).unwrap(), source);
        }
        let codec = Codec::ALL[self.random.index(5)];
        let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
        if self.random.one_in(6) {
            builder = builder.log_append_time(self.now);
        }
        if id >= 0 {
            builder = builder.producer(id, epoch, last + 1);
        }
        if id > 10 {
            builder = builder.transactional();
        }
        for _ in 0..1 + self.random.below(4) {
            let key = format!("key-{}", self.random.index(self.keys));
            let size = [0, 10, 200][self.random.index(3)];
            let value: Vec<u8> = (0..size).map(|_| self.random.below(256) as u8).collect();
            let headers =
                [Header { key: b"h", value: None }, Header { key: b"h", value: Some(b"twice") }];
            let record = NewRecord {
                timestamp: self.now - self.random.below(500) as i64,
                // Written before the topic was compacted.
                key: (!self.random.one_in(20)).then_some(key.as_bytes()),
                value: (!self.random.one_in(4)).then_some(&value),
                headers: if self.random.one_in(4) { &headers } else { &[] },
            };
            builder.append(&record).unwrap();
        }
        (builder.build().unwrap(), client)
    }

    /// The base offsets of the segments.
    pub(crate) fn bases(&self) -> Vec<i64> {
        let names = self.disk.list(Path::new(DIRECTORY)).unwrap();
        let base = |name: &str| name.strip_suffix(".log").and_then(|digits| digits.parse().ok());
        names.iter().filter_map(|entry| base(&entry.name)).collect()
    }
}
