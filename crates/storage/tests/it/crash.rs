//! Power fails at a write, a sync, a rename: what was synced is there, nothing else but what was
//! sent is, and all that is derived fits it.

use crate::history::{DIRECTORY, DiskFailed, History, config, try_open};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::record::BatchHeader;
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::Generator;
use dohle_storage::Log;
use std::path::Path;

const STEPS: usize = 25;

fn prepared(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::with_seed(seed);
    disk.create_directories(Path::new(DIRECTORY)).unwrap();
    disk.sync_all();
    disk
}

/// Runs a history until its end or until the disk fails.
fn run(disk: &SimulatedDisk, seed: u64) -> Option<History> {
    let mut history = History::new(disk, seed).ok()?;
    for _ in 0..STEPS {
        if let Err(DiskFailed) = history.step() {
            break;
        }
    }
    Some(history)
}

fn batches(log: &Log) -> Vec<Bytes> {
    crate::support::batches(log)
}

/// What must hold after a crash; then the history goes on.
fn check_after_crash(mut history: History, disk: SimulatedDisk) {
    let log = try_open(&disk, history.opening(false)).unwrap();
    let found = batches(&log);
    let header = |batch: &Bytes| BatchHeader::parse(batch).unwrap();
    for batch in &found {
        assert!(
            history.sent.contains(batch),
            "a batch at {} that nobody sent",
            header(batch).base_offset
        );
    }
    for pair in found.windows(2) {
        // Like Kafka: of two unsynced segments the second may have survived better than the first.
        assert!(header(&pair[0]).next_offset() <= header(&pair[1]).base_offset, "an overlap");
    }
    let durable = history.model.iter().filter(|batch| {
        let header = header(batch);
        header.last_offset() >= log.start_offset() && header.next_offset() <= history.durable_end
    });
    let durable: Vec<&Bytes> = durable.collect();
    assert!(found.len() >= durable.len(), "{} of {} synced batches", found.len(), durable.len());
    assert!(
        found.iter().zip(&durable).all(|(found, durable)| found == *durable),
        "synced ones differ"
    );
    // What was deleted at the start still tells what producers had done.
    let mut model: Vec<Bytes> = history.model.clone();
    model.retain(|batch| header(batch).last_offset() < log.start_offset());
    model.extend(found);
    history.disk = disk;
    history.log = log;
    history.model = model;
    history.end_at_least = history.log.end_offset();
    history.durable_end = history.durable_end.min(history.log.end_offset());
    history.recovery_point = history.log.recovery_point();
    history.start_checkpoint = history.log.start_offset();
    history.check();
    for _ in 0..4 {
        history.step().unwrap();
        history.check();
    }
}

fn guarded(what: &str, check: impl FnOnce()) {
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    assert!(checked.is_ok(), "{what}");
}

#[test]
fn power_loss_at_every_change() {
    let (mut crashes, mut points) = (0, 0);
    for seed in 0..4 {
        let whole = prepared(seed);
        run(&whole, seed).unwrap();
        let changes = whole.counts().changes();
        points += changes;
        let mut random = Generator::named(seed, "points");
        for point in 0..changes {
            let disk = prepared(seed);
            disk.lose_power_after(point);
            let Some(history) = run(&disk, seed) else { continue };
            let crash = random.next_u64();
            guarded(&format!("seed {seed}, point {point}, crash {crash}"), || {
                check_after_crash(history, disk.crash(crash));
            });
            crashes += 1;
        }
    }
    println!("{crashes} crashes at {points} points");
}

/// The process ends at any point; what the kernel had stays.
#[test]
fn kill_at_every_change() {
    let mut kills = 0;
    for seed in 100..104 {
        let whole = prepared(seed);
        run(&whole, seed).unwrap();
        let changes = whole.counts().changes();
        for point in 0..changes {
            let disk = prepared(seed);
            disk.lose_power_after(point);
            let Some(history) = run(&disk, seed) else { continue };
            guarded(&format!("seed {seed}, point {point}"), || {
                check_after_crash(history, disk.kill())
            });
            kills += 1;
        }
    }
    println!("{kills} kills");
}

/// A full disk takes the log offline; with room again nothing but sent batches is found.
#[test]
fn full_disk() {
    let mut full = 0;
    for seed in 200..216 {
        let disk = prepared(seed);
        disk.set_free(20_000 + seed * 311 % 90_000);
        let Some(mut history) = run(&disk, seed) else { continue };
        if history.log.offline().is_none() {
            continue;
        }
        full += 1;
        assert!(history.log.roll(0).is_err() && history.log.flush_work().is_none());
        let disk = disk.kill();
        disk.set_capacity(1 << 40);
        guarded(&format!("seed {seed}"), || check_after_crash(history, disk));
    }
    println!("{full} full disks");
    assert!(full > 0);
}

/// A bit that turns over behind the recovery point ends the log there; indexes and producers fit
/// what is left.
#[test]
fn flipped_bits() {
    let mut cut = 0;
    for seed in 300..330 {
        let disk = prepared(seed);
        let mut history = run(&disk, seed).unwrap();
        let mut random = Generator::named(seed, "bits");
        let disk = disk.kill();
        let logs: Vec<(String, u64)> = disk
            .paths()
            .into_iter()
            .filter(|(path, size)| path.ends_with(".log") && *size > 0)
            .collect();
        let Some((path, size)) = logs.last().cloned() else { continue };
        let position = random.below(size);
        disk.flip_bit(Path::new(&path), position, random.below(8) as u8).unwrap();
        // All is scanned; nothing counts as synced from the damage on.
        history.recovery_point = 0;
        let log = try_open(&disk, history.opening(false)).unwrap();
        let found = batches(&log);
        let intact = found.iter().take_while(|batch| history.sent.contains(*batch)).count();
        // Outside the checksum (base offset, leader epoch, magic) one batch may differ.
        assert!(found.len() - intact <= 1, "seed {seed}: {intact} of {}", found.len());
        cut += usize::from(found.len() < history.model.len());
        drop(log);
        let again = try_open(&disk, history.opening(false)).unwrap();
        assert!(batches(&again) == found, "seed {seed}: opened again, it is another log");
    }
    println!("{cut} of 30 logs cut; segments of {} bytes", config().segment_bytes);
}
