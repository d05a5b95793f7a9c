//! How fast a log is compacted, and what memory it takes: `compact [MiB] [records per batch]`.
//!
//! Records of 1 KiB, one in ten of which survives, in segments of 64 MiB of a disk in memory: what
//! is measured is the work, not the disk.

#![allow(clippy::unwrap_used, reason = "a program for measuring stops where it cannot go on")]
#![allow(clippy::disallowed_methods, reason = "it measures the real machine's time")]
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use dohle_env::disk::Disk;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::compaction::{Resources, Step};
use dohle_storage::{Log, LogConfig, NewBatch, Opening, Origin, Place, Source, Storage};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const RECORD_BYTES: usize = 1024;
const SURVIVOR_EVERY: usize = 10;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>().unwrap());
    let size_mib = arguments.next().unwrap_or(200);
    let per_batch = arguments.next().unwrap_or(16);
    let mut log = written(size_mib, per_batch);
    let size_bytes = log.size_bytes();
    let subject = log.compactable(log.end_offset()).unwrap();
    let bounds = subject.judge(1).unwrap();
    let resources = Resources {
        map_bytes: 128 << 20,
        load_factor: 0.9,
        buffer_bytes: 256 << 10,
        secret: [7; 16],
    };
    let began = Instant::now();
    let mut cleaning = log.begin_cleaning(subject, bounds, resources, 1);
    let mut longest = std::time::Duration::ZERO;
    let cleaned = loop {
        let step_began = Instant::now();
        let step = cleaning.step().unwrap();
        longest = longest.max(step_began.elapsed());
        match step {
            Step::More => {}
            Step::Replace(replacement) => {
                let Ok(renames) = log.begin_replace(replacement) else { panic!("refused") };
                log.finish_replace(renames.run()).unwrap().run().unwrap();
            }
            Step::Done(cleaned) => break cleaned,
        }
    };
    let took = began.elapsed().as_secs_f64();
    let mib = |bytes: u64| bytes as f64 / (1 << 20) as f64;
    let tally = cleaned.tally;
    println!(
        "{:.0} MiB in batches of {per_batch}: {:.0} MiB left, {} of {} records",
        mib(size_bytes),
        mib(log.size_bytes()),
        tally.kept_records,
        tally.read_records
    );
    println!(
        "{took:.2} s, {:.0} MiB of log a second; longest step {longest:?}",
        mib(tally.read_bytes) / took
    );
    println!("map {:.1} % full of 128 MiB", cleaned.map_utilization * 100.0);
}

/// A log of which one record in ten survives: every tenth has a key of its own.
fn written(size_mib: usize, per_batch: usize) -> Log {
    let disk = SimulatedDisk::new();
    disk.create_directories(Path::new("/data/bench-0")).unwrap();
    let storage = Storage::new(Arc::new(disk));
    let config = LogConfig {
        segment_bytes: 64 << 20,
        compact: true,
        delete: false,
        min_cleanable_dirty_ratio: 0.0,
        ..LogConfig::default()
    };
    let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 1 };
    let place = Place::new(storage, "/data/bench-0", "bench-0");
    let (mut log, _) = Log::open(place, config, opening).unwrap();
    let value = vec![b'v'; RECORD_BYTES - 40];
    let mut number = 0_usize;
    while log.size_bytes() < (size_mib as u64) << 20 {
        let mut builder = BatchBuilder::new(0);
        for _ in 0..per_batch {
            let own = number.is_multiple_of(SURVIVOR_EVERY);
            let key = if own {
                format!("own-{number:020}")
            } else {
                format!("again-{:018}", number % 1000)
            };
            number += 1;
            let record = NewRecord {
                timestamp: 1,
                key: Some(key.as_bytes()),
                value: Some(&value),
                headers: &[],
            };
            builder.append(&record).unwrap();
        }
        let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
        let origin = Origin { leader_epoch: 0, source: Source::Client { guard: None } };
        log.stage(batch, origin, 1).unwrap();
        log.write_staged(1).unwrap();
    }
    log.roll(1).unwrap();
    if let Some(work) = log.flush_work() {
        log.on_flushed(work.run().unwrap(), 1);
    }
    log
}
