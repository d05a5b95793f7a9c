//! Power fails, or the process ends, at any change that a compaction makes to the disk.

use super::model::{Row, table};
use super::random::{producers, rows};
use super::workload::{Workload, open};
use super::{compact, resources};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::Generator;
use dohle_storage::compaction::CleaningError;
use dohle_storage::{Deletion, Opening};

/// Logs that are tried.
const SEEDS: std::ops::Range<u64> = 0..3;

/// A log with dirt, clean of what an earlier compaction left.
fn prepared(seed: u64) -> Workload {
    let mut workload = Workload::new(seed);
    for _ in 0..2 {
        workload.append(60).unwrap();
        workload.now += 15_000;
        let (log, now) = (&mut workload.log, workload.now);
        let mut deletion = Deletion::default();
        compact(log, now, resources(1_000), &mut deletion).unwrap();
        deletion.run().unwrap();
    }
    workload.append(60).unwrap();
    workload.now += 15_000;
    workload.log.close(workload.now).unwrap();
    workload.disk.sync_all();
    workload
}

/// The same on a disk of its own.
fn copy(of: &Workload) -> Workload {
    let disk = of.disk.fork();
    let (end, now) = (of.log.end_offset(), of.now);
    let opening = Opening { clean: true, recovery_point: end, log_start_offset: 0, now };
    let mut log = open(&disk, opening);
    if let Some(offset) = of.log.first_dirty_offset() {
        log.set_first_dirty_offset(offset);
    }
    let (random, opened) = (Generator::named(0, "copy"), of.opened.clone());
    Workload { disk, log, random, now, keys: of.keys, opened }
}

fn run(workload: &mut Workload) -> Result<(), CleaningError> {
    let mut deletion = Deletion::default();
    let (log, now) = (&mut workload.log, workload.now);
    compact(log, now, resources(1_000), &mut deletion)?;
    deletion.run().map_err(CleaningError::Disk)
}

/// Every batch is one of before or of after, nothing that a reader needs is missing, producers are
/// remembered, and the log can be compacted.
fn check(before: &[Row], after: &[Row], seed: u64, disk: &SimulatedDisk, expected: &Workload) {
    let end = expected.log.end_offset();
    let opening =
        Opening { clean: false, recovery_point: end, log_start_offset: 0, now: expected.now };
    let mut log = open(disk, opening);
    assert_eq!(log.end_offset(), end);
    let found = rows(&log);
    for row in &found {
        assert!(before.contains(row) || after.contains(row), "a batch of nobody: {row:?}");
    }
    for pair in found.windows(2) {
        assert!(pair[0].last_offset < pair[1].base_offset, "an overlap: {pair:?}");
    }
    for row in after {
        let is_there = found.iter().any(|found| found.base_offset == row.base_offset);
        assert!(is_there, "lost: {row:?}");
    }
    let stable = log.last_stable_offset(end);
    assert_eq!(table(&found, stable), table(before, stable));
    assert_eq!(producers(&log), producers(&expected.log));
    let mut deletion = Deletion::default();
    let again = compact(&mut log, expected.now, resources(1_000), &mut deletion).unwrap();
    assert!(again.is_some() || found == after, "seed {seed}");
    assert_eq!(table(&rows(&log), stable), table(before, stable));
}

#[test]
fn power_loss_and_kill_at_every_change() {
    let mut crashes = 0;
    for seed in SEEDS {
        let prepared = prepared(seed);
        let before = rows(&prepared.log);
        let mut whole = copy(&prepared);
        let already = whole.disk.counts().changes();
        run(&mut whole).unwrap();
        let after = rows(&whole.log);
        assert!(after.len() < before.len(), "there was nothing to do");
        let changes = whole.disk.counts().changes() - already;
        let mut random = Generator::named(seed, "crashes");
        for point in 0..changes {
            let mut workload = copy(&prepared);
            workload.disk.lose_power_after(point);
            assert!(run(&mut workload).is_err(), "{point} of {changes}");
            let crash = random.next_u64();
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                check(&before, &after, seed, &workload.disk.crash(crash), &whole);
                check(&before, &after, seed, &workload.disk.kill(), &whole);
            }));
            assert!(checked.is_ok(), "seed {seed}, point {point} of {changes}, crash {crash}");
            crashes += 1;
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 100);
}

/// A disk without room takes nothing offline: what there was is served on, and with room again the
/// log is compacted.
#[test]
fn full_disk() {
    let mut workload = prepared(3);
    let before = rows(&workload.log);
    workload.disk.set_free(3_000);
    let failed = run(&mut workload);
    assert!(matches!(failed, Err(CleaningError::Full(_))), "{failed:?}");
    assert!(workload.log.offline().is_none());
    let left = workload.disk.paths().into_iter().filter(|(path, _)| path.ends_with(".cleaned"));
    assert_eq!(left.count(), 0);
    assert!(rows(&workload.log) == before);
    workload.disk.set_free(1 << 30);
    run(&mut workload).unwrap();
    assert!(rows(&workload.log).len() < before.len());
}
