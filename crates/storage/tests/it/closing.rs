//! What a close has to make durable, and what nobody would miss.

use crate::support::content;
use dohle_env::disk::Disk;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_sim::disk::{Operation, SimulatedDisk};
use dohle_storage::limits::SYNCS_MAX;
use dohle_storage::{Log, LogConfig, NewBatch, Opening, Origin, Place, Source, Storage};
use std::io;
use std::path::Path;
use std::sync::Arc;

const DIRECTORY: &str = "/data/topic-0";
const EPOCHS: &str = "/data/topic-0/leader-epoch-checkpoint";

fn open(disk: &SimulatedDisk, is_new: bool, recovery_point: i64) -> Log {
    let place = Place::new(Storage::new(Arc::new(disk.clone())), DIRECTORY, "topic-0");
    if is_new {
        place.set_new();
    }
    let opening = Opening { clean: true, recovery_point, log_start_offset: 0, now: 0 };
    Log::open(place, LogConfig::default(), opening).unwrap().0
}

fn append(log: &mut Log, leader_epoch: i32) {
    let mut builder = BatchBuilder::new(0);
    builder.append(&NewRecord { value: Some(b"value"), ..NewRecord::default() }).unwrap();
    let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
    let origin = Origin { leader_epoch, source: Source::Client { guard: None } };
    log.stage(batch, origin, 0).unwrap();
    log.write_staged(0).unwrap();
}

fn syncs(disk: &SimulatedDisk) -> u64 {
    let counts = disk.counts();
    counts.of(Operation::Sync) + counts.of(Operation::SyncDirectory)
}

fn epochs(disk: &SimulatedDisk) -> String {
    String::from_utf8(content(disk, EPOCHS).unwrap_or_default()).unwrap()
}

#[test]
fn a_log_that_was_never_written_is_closed_without_a_sync() {
    let disk = SimulatedDisk::new();
    let mut log = open(&disk, true, 0);
    log.assign_epoch_start(4);
    let before = syncs(&disk);
    log.close(0).unwrap();
    assert_eq!(syncs(&disk), before);
    // As Kafka leaves it all the same: a log and its indexes.
    let names: Vec<String> = disk.paths().into_iter().map(|(path, _)| path).collect();
    for suffix in [".log", ".index", ".timeindex"] {
        let name = format!("{DIRECTORY}/{:020}{suffix}", 0);
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let mut log = open(&disk, false, 0);
    append(&mut log, 5);
    log.close(0).unwrap();
    assert!(before < syncs(&disk), "a record is synced");
}

#[test]
fn an_epoch_is_written_with_its_first_record() {
    let disk = SimulatedDisk::new();
    let mut log = open(&disk, false, 0);
    log.assign_epoch_start(3);
    append(&mut log, 3);
    // The epoch before is not in the file yet: it must not wait for a record of this one.
    log.assign_epoch_start(4);
    log.close(0).unwrap();
    assert_eq!(epochs(&disk), "0\n2\n3 0\n4 1\n");

    let mut log = open(&disk, false, 1);
    let before = syncs(&disk);
    log.assign_epoch_start(5);
    log.assign_epoch_start(6);
    log.close(0).unwrap();
    assert_eq!((syncs(&disk), epochs(&disk).as_str()), (before, "0\n2\n3 0\n4 1\n"));

    let mut log = open(&disk, false, 1);
    log.assign_epoch_start(7);
    append(&mut log, 7);
    log.close(0).unwrap();
    assert_eq!(epochs(&disk), "0\n2\n3 0\n7 1\n");
}

#[test]
fn stops_do_not_show_in_an_index() {
    let disk = SimulatedDisk::new();
    let open = |clean, recovery_point| {
        let place = Place::new(Storage::new(Arc::new(disk.clone())), DIRECTORY, "topic-0");
        let config = LogConfig { index_interval_bytes: 100, ..LogConfig::default() };
        let opening = Opening { clean, recovery_point, log_start_offset: 0, now: 0 };
        Log::open(place, config, opening).unwrap().0
    };
    for run in 0..4 {
        let mut log = open(true, run * 3);
        for _ in 0..3 {
            append(&mut log, 1);
        }
        log.close(0).unwrap();
    }
    let index = || content(&disk, "/data/topic-0/00000000000000000000.index").unwrap();
    let kept = index();
    // Kafka makes them anew after a kill, and does not start where more are found than fit.
    open(false, 0).close(0).unwrap();
    assert_eq!(kept, index());
    assert_eq!(kept.len(), 5 * 8, "two of twelve batches of 73 bytes make an entry due");
}

/// A log with a sealed segment whose indexes wait for a flush.
fn with_sealed_segment(disk: &SimulatedDisk) -> Log {
    disk.put(Path::new(&format!("{DIRECTORY}/partition.metadata")), b"").unwrap();
    let place = Place::new(Storage::new(Arc::new(disk.clone())), DIRECTORY, "topic-0");
    let config = LogConfig { index_interval_bytes: 1, ..LogConfig::default() };
    let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
    let mut log = Log::open(place, config, opening).unwrap().0;
    for _ in 0..5 {
        append(&mut log, 0);
    }
    log.roll(0).unwrap();
    append(&mut log, 0);
    log
}

/// A start believes the indexes of a flushed segment if there is an `.index`: whatever ends a flush,
/// where there is one they are whole.
#[test]
fn an_index_has_its_name_once_all_survive() {
    let indexes = |disk: &SimulatedDisk| {
        let of = |suffix| content(disk, &format!("{DIRECTORY}/{:020}.{suffix}", 0));
        [of("index"), of("timeindex")]
    };
    let disk = SimulatedDisk::new();
    let _flushed = with_sealed_segment(&disk).flush_work().unwrap().run().unwrap();
    let whole = indexes(&disk);
    assert!(whole.iter().all(|index| index.as_ref().is_some_and(|bytes| !bytes.is_empty())));
    let mut named = 0;
    for point in 0.. {
        let disk = SimulatedDisk::new();
        let work = with_sealed_segment(&disk).flush_work().unwrap();
        disk.lose_power_after(point);
        let is_over = work.run().is_ok();
        for left in (0..16).map(|seed| disk.crash(seed)).chain([disk.kill()]) {
            let found = indexes(&left);
            assert!(found[0].is_none() || found == whole, "after {point} changes: {found:?}");
            named += u32::from(found[0].is_some());
        }
        if is_over {
            break;
        }
    }
    assert!(named > 0, "a flush names the index");
}

/// Who has a removed file open can write to it, and nobody reads it again.
#[test]
fn a_removed_file_is_missed_at_the_next_flush_and_at_the_close() {
    let path = format!("{DIRECTORY}/{:020}.log", 0);
    let missed = |result: io::Result<()>, what: &str| {
        let error = result.expect_err(what);
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{what}: {error}");
        assert!(error.to_string().contains(&path), "{what}: {error}");
    };
    for is_flushed in [false, true] {
        let disk = SimulatedDisk::new();
        let mut log = open(&disk, false, 0);
        append(&mut log, 0);
        if is_flushed {
            let flushed = log.flush_work().unwrap().run().unwrap();
            log.on_flushed(flushed, 0);
        }
        log.require_active_file().unwrap();
        disk.remove_file(Path::new(&path)).unwrap();
        missed(log.require_active_file(), "the pass");
        if !is_flushed {
            missed(log.flush_work().unwrap().run().map(drop), "the flush");
        }
        missed(log.close(0), "the close");
    }
    // Another name is a name: deleted topics and moved partitions have one.
    let disk = SimulatedDisk::new();
    let mut log = open(&disk, false, 0);
    append(&mut log, 0);
    disk.rename(Path::new(DIRECTORY), Path::new("/data/topic-0-other")).unwrap();
    log.require_active_file().unwrap();
}

/// More logs than are synced one by one, each with a sealed segment and one record behind it.
fn many(disk: &SimulatedDisk, clean: bool) -> Vec<Log> {
    let storage = Storage::new(Arc::new(disk.clone()));
    let open = |number: usize| {
        let directory = format!("/data/topic-{number}");
        let place = Place::new(storage.clone(), directory, format!("topic-{number}"));
        let config = LogConfig { index_interval_bytes: 1, ..LogConfig::default() };
        let recovery_point = if clean { MANY_RECORDS } else { 0 };
        let opening = Opening { clean, recovery_point, log_start_offset: 0, now: 0 };
        Log::open(place, config, opening).unwrap().0
    };
    (0..SYNCS_MAX + 1).map(open).collect()
}

const MANY_RECORDS: i64 = 4;

fn filled(disk: &SimulatedDisk) -> Vec<Log> {
    let mut logs = many(disk, true);
    for log in &mut logs {
        (1..MANY_RECORDS).for_each(|_| append(log, 3));
        log.roll(0).unwrap();
        append(log, 4);
    }
    logs
}

fn close_all(logs: &mut [Log]) -> bool {
    let closed = Log::close_all(logs, 0);
    closed.is_ok_and(|closed| closed.iter().all(Result::is_ok))
}

#[test]
fn many_logs_wait_for_the_disk_together() {
    let disk = SimulatedDisk::new();
    let mut logs = filled(&disk);
    assert!(close_all(&mut logs));
    assert_eq!((syncs(&disk), disk.counts().of(Operation::SyncTree)), (0, 2));
    assert!(logs.iter().all(|log| log.recovery_point() == MANY_RECORDS));
    // A power loss takes nothing, and what each alone would have left is there.
    let alone = SimulatedDisk::new();
    for mut log in filled(&alone) {
        log.close(0).unwrap();
    }
    let disk = disk.crash(1);
    assert_eq!(disk.paths(), alone.paths());
    for (path, _) in alone.paths().into_iter().filter(|(path, _)| !path.ends_with('/')) {
        assert!(content(&disk, &path) == content(&alone, &path), "{path}");
    }
    assert_eq!(epochs(&disk), "0\n2\n3 0\n4 3\n");
}

#[test]
fn a_power_loss_while_many_logs_are_closed_leaves_no_index_half() {
    let indexes = |disk: &SimulatedDisk, number| {
        let of = |suffix| content(disk, &format!("/data/topic-{number}/{:020}.{suffix}", 0));
        [of("index"), of("timeindex")]
    };
    let disk = SimulatedDisk::new();
    let mut logs = filled(&disk);
    let before = disk.counts().changes();
    assert!(close_all(&mut logs));
    let changes = disk.counts().changes() - before;
    let whole = indexes(&disk, 0);
    assert!(whole.iter().all(|index| index.as_ref().is_some_and(|bytes| !bytes.is_empty())));
    // Some points among the writes, and more around the syncs and the names.
    let names = 3 * SYNCS_MAX as u64 + 5;
    let mut named = 0;
    for point in (0..changes - names).step_by(91).chain((changes - names..changes).step_by(13)) {
        let disk = SimulatedDisk::with_seed(point);
        let mut logs = filled(&disk);
        disk.lose_power_after(point);
        assert!(!close_all(&mut logs), "at {point} of {changes}");
        let left = disk.crash(point);
        for number in 0..logs.len() {
            let found = indexes(&left, number);
            assert!(found[0].is_none() || found == whole, "after {point} changes: {found:?}");
            named += u32::from(found[0].is_some());
        }
        assert!(many(&left, false).iter().all(|log| log.end_offset() <= MANY_RECORDS));
    }
    assert!(named > 0, "a close names indexes");
}
