//! Files as Kafka writes them: the same batches give the same bytes.

use crate::golden::{manifest, unpack};
use crate::support::{batches, content, open};
use bytes::Bytes;
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::producers::Producers;
use dohle_storage::{LogConfig, NewBatch, Opening, Origin, Source};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NOW: i64 = 1_795_254_600_000;

/// The files below `directory` whose name ends with one of `suffixes`.
fn files(disk: &SimulatedDisk, directory: &str, suffixes: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let prefix = format!("{directory}/");
    let paths = disk.paths();
    let names = paths.iter().filter_map(|(path, _)| path.strip_prefix(&prefix));
    names
        .filter(|name| suffixes.iter().any(|suffix| name.ends_with(suffix)))
        .map(|name| (name.to_owned(), content(disk, &format!("{prefix}{name}")).unwrap()))
        .collect()
}

/// Both files, as far as they differ.
fn difference(ours: &BTreeMap<String, Vec<u8>>, theirs: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let size = |files: &BTreeMap<String, Vec<u8>>| files.get(name).map(Vec::len);
            format!("{name}: ours {:?} bytes, theirs {:?}", size(ours), size(theirs))
        })
        .collect()
}

fn partitions(disk: &SimulatedDisk) -> Vec<String> {
    let paths = disk.paths();
    let metadata = paths.iter().filter_map(|(path, _)| path.strip_suffix("/partition.metadata"));
    metadata
        .filter(|path| !path.contains('.') && !path.contains("__cluster"))
        .map(str::to_owned)
        .collect()
}

/// A topic's settings as the manifest has them.
fn config(manifest: &Value, directory: &str) -> LogConfig {
    let name = directory.rsplit('/').next().unwrap();
    let topic = name.rsplit_once('-').unwrap().0;
    let configs = &manifest["configs"]["topic"][topic];
    let number = |key: &str, default: u64| {
        configs[key].as_str().map_or(default, |value| value.parse().unwrap())
    };
    let segment_bytes = number("segment.bytes", 1 << 30);
    LogConfig {
        producer_id_expiration_ms: i64::MAX,
        segment_bytes: number("internal.segment.bytes", segment_bytes),
        index_interval_bytes: number("index.interval.bytes", 4096),
        segment_index_bytes: number("segment.index.bytes", 10 << 20) as usize,
        segment_ms: number("segment.ms", 7 * 24 * 3_600_000) as i64,
        compact: configs["cleanup.policy"].as_str().is_some_and(|p| p.contains("compact")),
        ..LogConfig::default()
    }
}

/// The epochs of a log's batches. Where a new one begins the broker was started again.
fn epoch_of(batch: &[u8]) -> [u8; 4] {
    batch[12..16].try_into().unwrap()
}

fn opening(clean: bool) -> Opening {
    Opening { clean, recovery_point: 0, log_start_offset: 0, now: NOW }
}

/// Indexes thrown away and rebuilt from the log are those that Kafka wrote while it appended.
#[test]
fn rebuilt_indexes_are_kafkas() {
    let suffixes = [".log", ".index", ".timeindex", ".txnindex"];
    let (disk, theirs_disk) = (unpack("clean"), unpack("clean"));
    let manifest = manifest("clean");
    let (mut count, mut restarted, mut wrong) = (0, 0, Vec::new());
    for directory in partitions(&disk) {
        let mut log = open(&disk, &directory, config(&manifest, &directory), opening(false));
        let epochs: BTreeSet<[u8; 4]> = batches(&log).iter().map(|batch| epoch_of(batch)).collect();
        if epochs.len() > 1 {
            // Each stop adds a time index entry and forgets how far the next one was.
            restarted += 1;
            continue;
        }
        log.close(NOW).unwrap();
        let ours = files(&disk, &directory, &suffixes);
        let theirs = files(&theirs_disk, &directory, &suffixes);
        count += theirs.len();
        wrong.extend(difference(&ours, &theirs).into_iter().map(|d| format!("{directory}/{d}")));
    }
    println!("{count} files rebuilt, {} differ; {restarted} partitions left out", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn producers_of(content: &[u8]) -> Vec<String> {
    let producers = Producers::decode_snapshot(content, 0, 0, i64::MAX).unwrap();
    producers.iter().map(|(id, producer)| format!("{id}: {producer:?}")).collect()
}

/// The same batches appended again make the same segments, indexes and producer snapshots.
#[test]
fn appended_segments_are_kafkas() {
    let theirs_disk = unpack("clean");
    let manifest = manifest("clean");
    let (mut segments, mut snapshots, mut wrong) = (0, 0, Vec::new());
    for directory in partitions(&theirs_disk) {
        let config = config(&manifest, &directory);
        let original = open(&theirs_disk, &directory, config.clone(), opening(true));
        let appended = batches(&original);
        let is_whole = original.start_offset() == 0 && appended.iter().all(|batch| batch[16] == 2);
        // Records deleted between the two runs took their producers with them.
        let deleted = directory.contains("/delete-records-");
        if deleted || config.compact || !is_whole || appended.is_empty() {
            continue;
        }
        let epochs: BTreeSet<[u8; 4]> = appended.iter().map(|batch| epoch_of(batch)).collect();
        // Kafka forgets at a stop how far the next entry of an index was. Ours do not: what is made
        // anew after a kill must fit.
        let suffixes: &[&str] = match epochs.len() {
            1 => &[".log", ".index", ".timeindex", ".txnindex"],
            _ => &[".log", ".txnindex"],
        };
        let disk = SimulatedDisk::new();
        replicate(&disk, &directory, &config, &appended);
        let ours = files(&disk, &directory, suffixes);
        let theirs = files(&theirs_disk, &directory, suffixes);
        segments += theirs.keys().filter(|name| name.ends_with(".log")).count();
        wrong.extend(difference(&ours, &theirs).into_iter().map(|d| format!("{directory}/{d}")));
        for (file, theirs) in files(&theirs_disk, &directory, &[".snapshot"]) {
            snapshots += 1;
            let ours = content(&disk, &format!("{directory}/{file}")).unwrap_or_default();
            if ours.is_empty() || producers_of(&ours) != producers_of(&theirs) {
                wrong.push(format!("{directory}/{file}"));
            }
        }
    }
    println!("{segments} segments, {snapshots} snapshots appended, {} differ", wrong.len());
    assert!(segments > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn replicate(disk: &SimulatedDisk, directory: &str, config: &LogConfig, batches: &[Bytes]) {
    let origin = Origin { leader_epoch: -1, source: Source::Replicated };
    let mut log = open(disk, directory, config.clone(), opening(true));
    let mut epoch = epoch_of(&batches[0]);
    for batch in batches {
        if epoch_of(batch) != epoch {
            epoch = epoch_of(batch);
            log.close(NOW).unwrap();
            log = open(disk, directory, config.clone(), opening(true));
        }
        log.stage(NewBatch::parse(batch.clone()).unwrap(), origin, NOW).unwrap();
        log.write_staged(NOW).unwrap();
    }
    log.close(NOW).unwrap();
}
