//! What Kafka's cleaner left of a log, and what is left here of the same log.

use super::model::{Row, assert_same, without_bytes};
use super::random::rows;
use super::{compact, resources};
use crate::golden::{read, unpack_archive};
use crate::support::{content, open};
use dohle_env::disk::Disk;
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::{Deletion, Log, LogConfig, Opening};
use std::collections::BTreeMap;
use std::path::Path;

const DELETE_RETENTION_MS: i64 = 1000;

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 20_000,
        index_interval_bytes: 1000,
        delete_retention_ms: DELETE_RETENTION_MS,
        min_cleanable_dirty_ratio: 0.0,
        producer_id_expiration_ms: i64::MAX,
        retention_ms: -1,
        delete: false,
        compact: true,
        ..LogConfig::default()
    }
}

fn opened(disk: &SimulatedDisk, directory: &str, now: i64) -> Log {
    let opening = Opening { clean: true, recovery_point: i64::MAX, log_start_offset: 0, now };
    open(disk, directory, config(), opening)
}

/// The segment files of a directory, by name.
fn files(disk: &SimulatedDisk, directory: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = disk.list(Path::new(directory)).unwrap();
    let names = entries.into_iter().map(|entry| entry.name);
    let wanted = names.filter(|name| {
        let suffixes = [".log", ".index", ".timeindex", ".txnindex"];
        suffixes.iter().any(|suffix| name.ends_with(suffix))
    });
    wanted
        .map(|name| (name.clone(), content(disk, &format!("{directory}/{name}")).unwrap()))
        .collect()
}

/// One compaction here beside Kafka's; how many records went, and how many files are the same byte
/// for byte.
fn compare(
    disk: &SimulatedDisk,
    round: usize,
    partition: &str,
    dirty: Option<i64>,
) -> (usize, usize, i64) {
    let (ours, theirs) =
        (format!("/before{round}/{partition}"), format!("/after{round}/{partition}"));
    let theirs_rows = rows(&opened(disk, &theirs, 0));
    // Kafka's clock, by the horizons that it has set.
    let before = rows(&opened(disk, &ours, 0));
    let known: Vec<i64> = before.iter().filter_map(|row| row.horizon).collect();
    let set = theirs_rows.iter().filter_map(|row| row.horizon).filter(|at| !known.contains(at));
    // Where it has set none, its clock is of no account.
    let now = set.max().unwrap_or_default() - DELETE_RETENTION_MS;
    let mut log = opened(disk, &ours, now);
    if let Some(offset) = dirty {
        log.set_first_dirty_offset(offset);
    }
    let mut deletion = Deletion::default();
    let done = compact(&mut log, now, resources(100_000), &mut deletion).unwrap();
    deletion.run().unwrap();
    let (_, cleaned) = done.unwrap();
    let ours_rows = rows(&log);
    let plain = |rows: &[Row]| rows.iter().map(without_bytes).collect::<Vec<_>>();
    assert_same(&plain(&ours_rows), &plain(&theirs_rows));
    log.close(now).unwrap();
    let (ours, theirs) = (files(disk, &ours), files(disk, &theirs));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>(),
        "{partition}, round {round}"
    );
    let same = ours.iter().filter(|(name, content)| theirs[*name] == **content).count();
    for (name, content) in ours.iter().filter(|(name, _)| name.ends_with(".txnindex")) {
        assert!(*content == theirs[name], "{name}");
    }
    let count = |rows: &[Row]| rows.iter().map(|row| row.records.len()).sum::<usize>();
    println!(
        "{partition}, round {round}: {} of {} records left in {} batches; {same} of {} files equal",
        count(&ours_rows),
        count(&before),
        ours_rows.len(),
        ours.len()
    );
    (count(&before) - count(&ours_rows), same, cleaned.first_dirty_offset)
}

#[test]
fn what_is_left_is_what_kafka_leaves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/compacted-by-kafka.tar.zst");
    check_archive(&path, &["mixed-0"]);
}

#[test]
fn what_is_left_of_old_formats_is_what_kafka_leaves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/old-formats-by-kafka.tar.zst");
    check_archive(&path, &["legacy-0"]);
}

fn check_archive(path: &Path, partitions: &[&str]) {
    let disk = unpack_archive(&read(path));
    for partition in partitions {
        let mut dirty = None;
        for round in 1..=3 {
            let (gone, same, first_dirty) = compare(&disk, round, partition, dirty);
            assert!(gone > 0 && same > 0);
            dirty = Some(first_dirty);
        }
    }
}
