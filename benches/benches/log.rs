//! What a batch costs on its way into a log and out of it, on the real disk (its page cache).

#![allow(clippy::disallowed_methods, reason = "it is about real files")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_server::world::disk::RealDisk;
use dohle_storage::offset_index::OffsetIndex;
use dohle_storage::{
    Cursor, Log, LogConfig, NewBatch, Opening, Origin, Place, ReadLimit, Source, Storage,
};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

const NOW: i64 = 1_700_000_000_000;
/// So often a log is emptied: files do not fill the disk.
const BYTES_MAX: u64 = 512 << 20;

fn batch(size_bytes: usize) -> NewBatch {
    let mut builder = BatchBuilder::new(0);
    let value = vec![b'v'; size_bytes - 80];
    let record = NewRecord { timestamp: NOW, value: Some(&value), ..NewRecord::default() };
    builder.append(&record).expect("it fits");
    NewBatch::parse(builder.build().expect("it fits")).expect("a batch")
}

/// A log of its own folder, that goes with it.
struct Own {
    folder: PathBuf,
    log: Log,
}

impl Own {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("dohle-bench-log-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let place = Place::new(Storage::new(Arc::new(RealDisk)), &folder, "bench-0");
        let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: NOW };
        let config = LogConfig::default();
        let log = Log::open(place, config, opening).expect("a log").0;
        Self { folder, log }
    }

    fn append(&mut self, batch: &NewBatch) {
        let origin = Origin { leader_epoch: 0, source: Source::Client { guard: None } };
        self.log.stage(batch.clone(), origin, NOW).expect("it is taken");
        self.log.write_staged(NOW).expect("it is written");
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for size in [160, 1 << 10, 16 << 10, 64 << 10] {
        let batch = batch(size);
        let mut own = Own::new();
        let mut written = 0;
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                if BYTES_MAX < written {
                    own = Own::new();
                    written = 0;
                }
                own.append(&batch);
                written += size as u64;
            });
        });
    }
}

fn read(criterion: &mut Criterion) {
    let mut own = Own::new();
    let one = batch(1 << 10);
    (0..20_000).for_each(|_| own.append(&one));
    let limit = ReadLimit {
        end_offset: 20_000,
        size_bytes_max: 1 << 20,
        at_least_one_batch: true,
        aborted: false,
    };
    criterion.bench_function("plan of a read of 1 MiB", |bencher| {
        let mut offset = 0;
        bencher.iter(|| {
            offset = (offset + 7_919) % 20_000;
            own.log.plan(Cursor::at(offset), limit).is_ok()
        });
    });
}

fn lookup(criterion: &mut Criterion) {
    // As many entries as a segment of 1 GiB has.
    let mut index = OffsetIndex::new(0);
    (1..=262_144).for_each(|entry: i64| index.append(entry * 4, entry.unsigned_abs() * 4_096));
    criterion.bench_function("lookup in the offset index of 1 GiB", |bencher| {
        let mut offset = 0;
        bencher.iter(|| {
            offset = (offset + 524_287) % 1_048_576;
            index.lookup(black_box(offset))
        });
    });
}

criterion_group!(log, append, read, lookup);
criterion_main!(log);
