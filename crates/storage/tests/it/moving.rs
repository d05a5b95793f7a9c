//! A log moves to another directory: the copy is the log, whatever happens meanwhile, and a crash at
//! any change leaves one of both whole.

use crate::history::{DIRECTORY, History, config};
use crate::support::{batches, open};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::record::{BatchBuilder, BatchHeader, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::{Generator, SharedRandom};
use dohle_storage::moving::{CopyError, Succession, SuccessionError};
use dohle_storage::partition_directory::{PartitionName, Purpose, TopicPartition};
use dohle_storage::producers::Producer;
use dohle_storage::{Log, NewBatch, Opening, Origin, Source};
use std::path::Path;

const FUTURE: &str = "/other/topic-0.0123456789abcdef0123456789abcdef-future";
const TARGET: &str = "/other/topic-0";
const PLENTY: u64 = 1 << 30;

fn unclean() -> Opening {
    Opening { clean: false, recovery_point: 0, log_start_offset: 0, now: 5_000_000 }
}

fn copy_on(disk: &SimulatedDisk, start: i64) -> Box<Log> {
    disk.create_directories(Path::new(FUTURE)).unwrap();
    let opening = Opening { clean: true, log_start_offset: start, ..unclean() };
    Box::new(open(disk, FUTURE, config(), opening))
}

/// A batch: its offset, its size, its leader's epoch, its checksum.
type Row = (i64, usize, i32, u32);

fn rows(log: &Log) -> Vec<Row> {
    let row = |batch: &Bytes| {
        let header = BatchHeader::parse(batch).unwrap();
        (header.base_offset, batch.len(), header.partition_leader_epoch, header.crc)
    };
    batches(log).iter().map(row).collect()
}

/// The offsets of batches that a reader of committed records takes. A copy may not know where a
/// transaction began that the log's start has cut, so the index itself may differ.
fn committed(log: &Log) -> Vec<i64> {
    let aborted = log.reader().aborted_transactions(log.start_offset(), log.end_offset()).unwrap();
    let all = batches(log);
    let headers: Vec<_> = all.iter().map(|batch| BatchHeader::parse(batch).unwrap()).collect();
    let is_hidden = |header: &BatchHeader| {
        let mut of_its = aborted.iter().filter(|of| of.producer_id == header.producer_id);
        header.attributes.is_transactional()
            && !header.attributes.is_control()
            && of_its.any(|of| {
                let mut markers = headers.iter().filter(|marker| {
                    marker.attributes.is_control()
                        && marker.producer_id == of.producer_id
                        && of.first_offset <= marker.base_offset
                });
                let end = markers.next().map_or(i64::MAX, |marker| marker.base_offset);
                (of.first_offset..end).contains(&header.last_offset())
            })
    };
    headers.iter().filter(|of| !is_hidden(of)).map(|of| of.base_offset).collect()
}

/// What must be equal: all that readers, producers and followers see.
fn seen(log: &Log) -> (i64, i64, Vec<Row>, String, String) {
    let producers: Vec<_> = log.producers().collect();
    let start = log.start_offset();
    let committed = committed(log);
    (
        start,
        log.end_offset(),
        rows(log),
        format!("{producers:?} {committed:?}"),
        format!("{:?}", log.epochs().entries()),
    )
}

/// What a repeated batch of each producer is known by.
fn last_batches(log: &Log) -> Vec<(i64, i16, i32, i64)> {
    let last = |(id, of): (i64, &Producer)| (id, of.epoch, of.last_sequence(), of.last_offset());
    log.producers().map(last).collect()
}

fn succeed(log: Log, copy: Box<Log>) -> Result<Succession, SuccessionError> {
    let random = SharedRandom::new(Generator::named(1, "names"));
    let partition = TopicPartition::new("topic", 0);
    Box::new(log).succeed_by(copy, &partition, PLENTY, (&random, 6_000_000))
}

/// Which folders of the partition there are.
fn folders(disk: &SimulatedDisk) -> Vec<(String, Purpose)> {
    let mut found = Vec::new();
    for directory in ["/data", "/other"] {
        for entry in disk.list(Path::new(directory)).unwrap_or_default() {
            if let Some(name) = PartitionName::parse(&entry.name) {
                found.push((format!("{directory}/{}", entry.name), name.purpose));
            }
        }
    }
    found
}

/// Appends, truncations, deletions and restarts while the copy follows; then it is the log.
#[test]
fn a_copy_follows_its_log() {
    let (mut moved, mut restarts) = (0, 0);
    for seed in 0..60 {
        let disk = SimulatedDisk::with_seed(seed);
        disk.create_directories(Path::new(DIRECTORY)).unwrap();
        let mut history = History::new(&disk, seed).unwrap();
        let mut random = Generator::named(seed, "moving");
        for _ in 0..random.below(30) {
            history.step().unwrap();
        }
        let mut copy = copy_on(&disk, history.log.start_offset());
        for _ in 0..random.below(30) {
            let end = history.log.end_offset();
            history.step().unwrap();
            if history.log.end_offset() < end {
                // Who writes there next is another leader.
                history.epoch += 1;
                history.log.assign_epoch_start(history.epoch);
            }
            if random.one_in(2) {
                let bytes_max = [1, 5_000, 50_000][random.index(3)];
                copy.copy_from(&history.log.reader(), bytes_max, 5_000_000).unwrap();
            }
            if random.one_in(10) {
                // The process ends while it copies.
                let (start, clean) = (copy.start_offset(), random.one_in(2));
                if clean {
                    copy.close(5_000_000).unwrap();
                }
                let opening = Opening { clean, log_start_offset: start, ..unclean() };
                copy = Box::new(open(&disk, FUTURE, config(), opening));
                restarts += 1;
            }
        }
        let expected = seen(&history.log);
        let (log, removal) = match succeed(history.log, copy) {
            Ok(Succession { log, removal }) => (log, removal),
            Err(SuccessionError::Behind { log, copy }) => {
                panic!("seed {seed}: behind, {:?} {:?}", seen(&log), seen(&copy))
            }
            Err(SuccessionError::Copy { error, .. } | SuccessionError::Rename { error, .. }) => {
                panic!("seed {seed}: {error}")
            }
        };
        assert_eq!(seen(&log), expected, "seed {seed}");
        assert_eq!(log.place().directory(), Path::new(TARGET));
        assert_eq!(log.recovery_point(), log.end_offset());
        removal.run(&disk).unwrap();
        assert_eq!(folders(&disk), [(TARGET.to_owned(), Purpose::Current)]);
        // And a start finds the same, although nobody has closed it.
        let (start, end) = (log.start_offset(), log.end_offset());
        let producers = last_batches(&log);
        drop(log);
        // Of the recovery point it may not know yet: then it scans all, and snapshots do not count.
        let recovery_point = if random.one_in(2) { end } else { 0 };
        let opening = Opening { recovery_point, log_start_offset: start, ..unclean() };
        let again = open(&disk, TARGET, config(), opening);
        assert_eq!(seen(&again).2, expected.2, "seed {seed}");
        assert_eq!(seen(&again).1, expected.1, "seed {seed}");
        assert_eq!(last_batches(&again), producers, "seed {seed}");
        moved += 1;
    }
    println!("{moved} moves, {restarts} restarts while copying");
    assert!(restarts > 20);
}

fn prepared(seed: u64) -> (SimulatedDisk, i64) {
    let disk = SimulatedDisk::with_seed(seed);
    disk.create_directories(Path::new(DIRECTORY)).unwrap();
    disk.create_directories(Path::new("/other")).unwrap();
    let mut log = open(&disk, DIRECTORY, config(), Opening { clean: true, ..unclean() });
    for number in 0..30 {
        append(&mut log, number).unwrap();
    }
    log.close(5_000_000).unwrap();
    disk.sync_all();
    (disk, log.end_offset())
}

fn append(log: &mut Log, number: i64) -> Result<(), String> {
    let mut builder = BatchBuilder::new(0).producer(7, 0, i32::try_from(number).unwrap());
    let value = vec![b'a' + (number % 20) as u8; 1_000 + (number as usize * 37) % 900];
    let record = NewRecord { timestamp: number, value: Some(&value), ..NewRecord::default() };
    builder.append(&record).unwrap();
    let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
    let origin = Origin { leader_epoch: 3, source: Source::Client { guard: None } };
    log.stage(batch, origin, 5_000_000).map_err(|error| format!("{error:?}"))?;
    log.write_staged(5_000_000).map_err(|error| error.reason.to_string())?;
    Ok(())
}

/// A whole move with appends between.
fn run(disk: &SimulatedDisk, end: i64) -> Ran {
    let (mut durable, mut told, mut copied_to) = (end, end, 0);
    let mut work = || -> Result<(), String> {
        let opening = Opening { clean: true, recovery_point: end, ..unclean() };
        let storage = dohle_storage::Storage::new(std::sync::Arc::new(disk.clone()));
        let at = |path: &str, opening| {
            let place = dohle_storage::Place::new(storage.clone(), path, "topic-0");
            Log::open(place, config(), opening).map_err(|error| error.to_string())
        };
        let (mut log, _) = at(DIRECTORY, opening)?;
        disk.create_directories(Path::new(FUTURE)).map_err(|error| error.to_string())?;
        let (copy, _) = at(FUTURE, Opening { clean: true, ..unclean() })?;
        let mut copy = Box::new(copy);
        for number in end..end + 6 {
            append(&mut log, number)?;
            told = log.end_offset();
            let copied = copy.copy_from(&log.reader(), 12_000, 5_000_000);
            copied.map_err(|error| error.to_string())?;
            if copy.is_flush_due(5_000_000)
                && let Some(work) = copy.flush_work()
            {
                copy.on_flushed(work.run().map_err(|error| error.to_string())?, 0);
                copied_to = copy.recovery_point();
            }
            if number == end + 3 {
                let Some(work) = log.flush_work() else { continue };
                log.on_flushed(work.run().map_err(|error| error.to_string())?, 0);
                durable = log.recovery_point();
            }
        }
        match succeed(log, copy) {
            Ok(Succession { mut log, removal }) => {
                durable = told;
                append(&mut log, end + 6)?;
                told = log.end_offset();
                removal.run(disk).map_err(|error| error.to_string())
            }
            Err(SuccessionError::Behind { .. }) => Err("behind".to_owned()),
            Err(SuccessionError::Copy { error, .. } | SuccessionError::Rename { error, .. }) => {
                Err(error.to_string())
            }
        }
    };
    let done = work();
    Ran { durable, told, copied_to, done }
}

/// What a move came to: all below `durable` was flushed, below `told` appended, below `copied_to`
/// copied and flushed.
struct Ran {
    durable: i64,
    told: i64,
    copied_to: i64,
    done: Result<(), String>,
}

/// What a start does with what it finds; the log has all records up to `end`.
fn check(disk: &SimulatedDisk, end: i64, copied_to: i64) {
    let found = folders(disk);
    let of = |purpose| {
        let mut paths = found.iter().filter(|(_, other)| *other == purpose);
        let path = paths.next().map(|(path, _)| path.clone());
        assert!(paths.next().is_none(), "two of a kind: {found:?}");
        path
    };
    let (current, future) = (of(Purpose::Current), of(Purpose::Future));
    let path = current.clone().or_else(|| future.clone());
    let path = path.unwrap_or_else(|| panic!("neither log nor copy: {found:?}"));
    let mut log = open(disk, &path, config(), unclean());
    assert!(log.end_offset() >= end, "{} of {end} at {path}: {found:?}", log.end_offset());
    assert_eq!(rows(&log).len() as i64, log.end_offset(), "one record a batch, none is missing");
    let next = log.end_offset();
    append(&mut log, next).unwrap();
    // A copy that is left goes on.
    if let (Some(_), Some(future)) = (current, future) {
        let mut copy = Box::new(open(disk, &future, config(), unclean()));
        // What was not flushed may have holes.
        copy.truncate_to(copied_to, 0).unwrap().run().unwrap();
        let all = seen(&log);
        let Ok(Succession { log, .. }) = succeed(log, copy) else { panic!("it does not go on") };
        assert_eq!(seen(&log), all);
    }
}

/// Segments that were removed while the copy was begun are there again after a power loss. Seed
/// 24384 of the simulation.
#[test]
fn a_log_whose_start_has_gone_back_is_copied_whole() {
    let mut before = 0;
    for seed in 0..20 {
        let disk = SimulatedDisk::with_seed(seed);
        disk.create_directories(Path::new(DIRECTORY)).unwrap();
        let mut history = History::new(&disk, seed).unwrap();
        for _ in 0..30 {
            history.step().unwrap();
        }
        let offsets = rows(&history.log);
        let Some((begun_at, ..)) = offsets.get(offsets.len() / 2).copied() else { continue };
        before += usize::from(history.log.start_offset() < begun_at);
        let mut copy = copy_on(&disk, begun_at);
        // It may have got somewhere before.
        if seed % 2 == 0 {
            copy.copy_from(&history.log.reader(), 1, 5_000_000).unwrap();
        }
        let expected = seen(&history.log);
        let succeeded = succeed(history.log, copy);
        let Ok(Succession { log, .. }) = succeeded else { panic!("seed {seed}: not level") };
        assert_eq!(seen(&log), expected, "seed {seed}");
    }
    assert!(10 < before, "{before}");
}

#[test]
fn power_loss_and_kill_at_every_change_of_a_move() {
    let mut crashes = 0;
    for seed in 0..3 {
        let (whole, end) = prepared(seed);
        let already = whole.counts().changes();
        let Ran { told, done, .. } = run(&whole, end);
        done.unwrap();
        assert_eq!(told, end + 7);
        let changes = whole.counts().changes() - already;
        let mut random = Generator::named(seed, "crashes");
        for point in 0..changes {
            let (disk, end) = prepared(seed);
            disk.lose_power_after(point);
            let Ran { durable, told, copied_to, done } = run(&disk, end);
            assert!(done.is_err(), "{point} of {changes}");
            let crash = random.next_u64();
            let checked = std::panic::catch_unwind(|| {
                check(&disk.kill(), told, copied_to);
                check(&disk.crash(crash), durable, copied_to);
            });
            assert!(checked.is_ok(), "seed {seed}, point {point} of {changes}, crash {crash}");
            crashes += 2;
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 200);
}

/// A damaged batch is not carried on as if it were whole, and what lies before it is.
#[test]
fn a_damaged_batch_is_not_copied() {
    let (disk, end) = prepared(0);
    let log = open(&disk, DIRECTORY, config(), Opening { clean: true, ..unclean() });
    let file = disk.list(Path::new(DIRECTORY)).unwrap();
    let file = file.into_iter().find(|entry| entry.name.ends_with(".log")).unwrap();
    disk.flip_bit(&Path::new(DIRECTORY).join(file.name), 3_000, 1).unwrap();
    let mut copy = copy_on(&disk, 0);
    let first = copy.copy_from(&log.reader(), PLENTY, 5_000_000).unwrap();
    assert!(0 < first.size_bytes && !first.is_level);
    let damaged = copy.copy_from(&log.reader(), PLENTY, 5_000_000);
    assert!(matches!(damaged, Err(CopyError::Unreadable { .. })), "{damaged:?}");
    assert!(copy.end_offset() < end && copy.offline().is_none());
}
