//! Kafka's data directories, opened: every partition holds just what Kafka says that it holds.

use crate::golden::{manifest, unpack};
use crate::sha256::short_hash;
use crate::support::{batches, bytes_of, content, open, plan};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::{
    AnyBatch, Batches, NO_TIMESTAMP, RecordError, RecordRef, TimestampType,
};
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::unreadable_batch::{Unreadable, UnreadableBatch};
use dohle_storage::{Cursor, Log, LogConfig, Opening, ReadLimit, TimestampQuery};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// When the manifests were made, about.
const NOW: i64 = 1_795_254_600_000;

#[derive(Default)]
struct Counts {
    partitions: usize,
    batches: usize,
    records: usize,
    checks: usize,
}

#[test]
fn clean() {
    check_directory("clean");
}

#[test]
fn killed() {
    check_directory("killed");
}

#[test]
fn torn() {
    check_directory("torn");
}

#[test]
fn corrupt() {
    check_directory("corrupt");
}

#[test]
fn corrupt_marked() {
    check_directory("corrupt-marked");
}

#[test]
fn standalone() {
    check_directory("standalone");
}

fn check_directory(name: &str) {
    let disk = unpack(name);
    let expected = manifest(name);
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for (topic, described) in expected["topics"].as_object().unwrap() {
        for partition in described["partitions"].as_array().unwrap() {
            let number = partition["partition"].as_i64().unwrap();
            let found = Found::of(&disk, topic, number);
            let mut log = found.open(&disk, found.opening);
            let mut check =
                Check { name: &found.directory, wrong: &mut wrong, counts: &mut counts };
            check.partition(&mut log, partition);
            // Once more after a clean stop: nothing may change.
            log.close(NOW).unwrap();
            let (end, start) = (log.end_offset(), log.start_offset());
            let again =
                Opening { clean: true, recovery_point: end, log_start_offset: start, now: NOW };
            let mut log = found.open(&disk, again);
            check.partition(&mut log, partition);
            check.counts.partitions += 1;
        }
    }
    let Counts { partitions, batches, records, checks } = counts;
    println!("{name}: {partitions} partitions, twice each: {checks} checks");
    println!("{name}: {batches} batches, {records} records");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where a partition's log lies, and how it is to be opened.
struct Found {
    directory: String,
    opening: Opening,
}

impl Found {
    fn of(disk: &SimulatedDisk, topic: &str, number: i64) -> Self {
        let fresh = Opening { clean: false, recovery_point: 0, log_start_offset: 0, now: NOW };
        for data in ["/data", "/data2"] {
            let directory = format!("{data}/{topic}-{number}");
            if disk.entry(Path::new(&directory)).unwrap().is_none() {
                continue;
            }
            if content(disk, &format!("{directory}/partition.metadata")).is_none() {
                // A stray: the partition begins anew.
                return Self { directory: format!("/fresh/{topic}-{number}"), opening: fresh };
            }
            let checkpoint = |file: &str| offset_in(disk, &format!("{data}/{file}"), topic, number);
            let opening = Opening {
                clean: content(disk, &format!("{data}/.kafka_cleanshutdown")).is_some(),
                recovery_point: checkpoint("recovery-point-offset-checkpoint"),
                log_start_offset: checkpoint("log-start-offset-checkpoint"),
                now: NOW,
            };
            return Self { directory, opening };
        }
        panic!("{topic}-{number} has no directory")
    }

    fn open(&self, disk: &SimulatedDisk, opening: Opening) -> Log {
        let config =
            LogConfig { producer_id_expiration_ms: i64::from(i32::MAX), ..LogConfig::default() };
        open(disk, &self.directory, config, opening)
    }
}

/// An offset from a checkpoint file; 0 if it is not there or the file is malformed.
fn offset_in(disk: &SimulatedDisk, path: &str, topic: &str, number: i64) -> i64 {
    let Some(text) = content(disk, path) else { return 0 };
    let Ok(text) = String::from_utf8(text) else { return 0 };
    let mut lines = text.lines();
    let count = lines.nth(1).and_then(|line| line.parse().ok());
    let entries: Option<Vec<(String, i64)>> = lines
        .map(|line| {
            let mut words = line.split(' ');
            let name = format!("{}-{}", words.next()?, words.next()?);
            Some((name, words.next()?.parse().ok()?))
        })
        .collect();
    let Some(entries) = entries.filter(|entries| Some(entries.len()) == count) else { return 0 };
    let name = format!("{topic}-{number}");
    entries.into_iter().find(|entry| entry.0 == name).map_or(0, |entry| entry.1)
}

struct Check<'a> {
    name: &'a str,
    wrong: &'a mut Vec<String>,
    counts: &'a mut Counts,
}

impl Check<'_> {
    fn equal(&mut self, what: &str, ours: &Value, theirs: &Value) {
        self.counts.checks += 1;
        if ours != theirs {
            let (mut ours, mut theirs) = (ours.to_string(), theirs.to_string());
            let same = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
            let from = same.saturating_sub(60);
            ours = ours.chars().skip(from).take(160).collect();
            theirs = theirs.chars().skip(from).take(160).collect();
            self.wrong.push(format!("{} {what}:\n  ours   {ours}\n  theirs {theirs}", self.name));
        }
    }

    fn partition(&mut self, log: &mut Log, expected: &Value) {
        let leader_epoch = i32::try_from(expected["leader_epoch"].as_i64().unwrap()).unwrap();
        log.assign_epoch_start(leader_epoch);
        let end = log.end_offset();
        let stable = log.last_stable_offset(end);
        self.equal("start", &json!(log.start_offset()), &expected["start"]);
        self.equal("end", &json!(end), &expected["end"]);
        self.equal("stable", &json!(stable), &expected["stable"]);
        let epochs: Vec<Value> = expected["epochs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let asked = row[0].as_i64().unwrap() as i32;
                let (epoch, end) = log.end_offset_for_epoch(asked);
                json!([asked, epoch, end])
            })
            .collect();
        self.equal("epochs", &json!(epochs), &expected["epochs"]);
        // Kafka forgets producers that are silent for 24.8 days when it loads a snapshot, or some
        // minutes later.
        let known = |row: &&Value| {
            row[3].as_i64() > Some(NOW - 20 * 24 * 3_600_000) || row[5].as_i64() >= Some(0)
        };
        let producers: Vec<Value> = log
            .producers()
            .map(|(id, p)| {
                let open = p.transaction_first_offset.unwrap_or(-1);
                json!([id, p.epoch, p.last_sequence(), p.last_timestamp, p.coordinator_epoch, open])
            })
            .collect();
        let ours: Vec<&Value> = producers.iter().filter(known).collect();
        let theirs: Vec<&Value> =
            expected["producers"].as_array().unwrap().iter().filter(known).collect();
        self.equal("producers", &json!(ours), &json!(theirs));
        self.times(log, expected);
        let raw = batches(log);
        self.counts.batches += raw.len();
        self.batches(&raw, expected);
        let aborted = aborted_of(log, stable);
        self.equal("aborted", &json!(aborted), &expected["aborted"]);
        if expected.get("read_errors").is_none() {
            self.records(log, &raw, &aborted, expected);
        }
        if expected.get("stuck_at").is_none() {
            self.fetches(log, &raw);
        }
    }

    fn times(&mut self, log: &Log, expected: &Value) {
        let answer = |query| match log.reader().offset_for_timestamp(query) {
            Ok(Some(found)) => vec![found.offset, found.timestamp, i64::from(found.leader_epoch)],
            Ok(None) => vec![-1, -1, -1],
            // UNKNOWN_SERVER_ERROR: the batch to look into cannot be unpacked.
            Err(error) if cannot_be_unpacked(&error) => vec![-1],
            Err(error) => panic!("{query:?}: {error}"),
        };
        self.equal(
            "max timestamp",
            &json!(answer(TimestampQuery::MaxTimestamp)),
            &expected["max_timestamp"],
        );
        let by_time: Vec<Value> = expected["by_time"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let asked = row[0].as_i64().unwrap();
                let mut ours = vec![asked];
                ours.extend(answer(TimestampQuery::At(asked)));
                json!(ours)
            })
            .collect();
        self.equal("by time", &json!(by_time), &expected["by_time"]);
    }

    fn batches(&mut self, raw: &[Bytes], expected: &Value) {
        let rows: Vec<Value> = raw.iter().map(|bytes| batch_row(bytes)).collect();
        self.equal("batches", &json!(rows), &expected["batches"]);
        let control: Vec<Value> = raw.iter().filter_map(|bytes| control_row(bytes)).collect();
        self.equal("control", &json!(control), &expected["control"]);
    }

    fn records(&mut self, log: &Log, raw: &[Bytes], aborted: &[(i64, i64)], expected: &Value) {
        let stable = log.last_stable_offset(log.end_offset());
        let mut rows = Vec::new();
        let mut committed = Vec::new();
        let mut aborted: Vec<(i64, i64)> =
            aborted.iter().map(|(id, first)| (*first, *id)).collect();
        aborted.sort_unstable();
        let mut void = BTreeSet::new();
        for bytes in raw {
            let batch = Batches::new(bytes).next().unwrap().unwrap();
            let (mut skip, mut is_control) = (false, false);
            if let AnyBatch::V2(batch) = &batch {
                let header = batch.header;
                while aborted.first().is_some_and(|(first, _)| *first <= header.last_offset()) {
                    void.insert(aborted.remove(0).1);
                }
                is_control = header.attributes.is_control();
                if is_control && control_row(bytes).is_some_and(|row| row[1] == "ABORT") {
                    void.remove(&header.producer_id);
                }
                skip = header.attributes.is_transactional() && void.contains(&header.producer_id);
            }
            if is_control {
                continue;
            }
            each_record(&batch, |kind, record| {
                if record.offset < log.start_offset() {
                    return;
                }
                rows.push(record_row(kind, record));
                if !skip && record.offset < stable {
                    committed.push(record.offset);
                }
            });
        }
        self.counts.records += rows.len();
        self.equal("records", &json!(rows), &expected["records"]);
        self.equal("committed", &json!(ranges(&committed)), &expected["committed"]);
    }

    /// Reads through plans of several sizes give the same bytes.
    fn fetches(&mut self, log: &Log, raw: &[Bytes]) {
        let all: Vec<u8> = raw.concat();
        for size_bytes_max in [1, 5_000, 40_000, 1 << 20] {
            let limit = ReadLimit {
                end_offset: log.end_offset(),
                size_bytes_max,
                at_least_one_batch: true,
                aborted: false,
            };
            let (mut cursor, mut fetched) = (Cursor::at(log.start_offset()), Vec::new());
            while let Some(plan) = plan(log, cursor, limit).filter(|plan| plan.size_bytes > 0) {
                let bytes = bytes_of(&plan);
                let last = last_offset(&bytes);
                fetched.extend_from_slice(&bytes);
                cursor = plan.next.to(last + 1);
            }
            self.counts.checks += 1;
            if fetched != all {
                self.wrong.push(format!(
                    "{} fetch by {size_bytes_max}: {} of {}",
                    self.name,
                    fetched.len(),
                    all.len()
                ));
            }
        }
    }
}

/// The last offset of whole batches, with any magic.
fn last_offset(mut bytes: &[u8]) -> i64 {
    let mut last = -1;
    while let Some((header, _)) = bytes.split_first_chunk::<27>() {
        let size = 12 + u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
        last = i64::from_be_bytes(header[..8].try_into().unwrap());
        if header[16] >= 2 {
            last += i64::from(i32::from_be_bytes(header[23..27].try_into().unwrap()));
        }
        let Some(rest) = bytes.get(size..) else { break };
        bytes = rest;
    }
    last
}

/// The header of a batch whose magic may be damaged.
fn header_of(bytes: &[u8]) -> Option<dohle_protocol::record::BatchHeader> {
    let mut bytes = bytes.to_vec();
    if bytes[16] < 2 {
        return None;
    }
    bytes[16] = 2;
    dohle_protocol::record::BatchHeader::parse(&bytes).ok()
}

fn batch_row(bytes: &[u8]) -> Value {
    match header_of(bytes) {
        Some(h) => json!([
            h.base_offset,
            h.last_offset(),
            h.record_count,
            h.attributes.0,
            h.partition_leader_epoch,
            h.producer_id,
            h.producer_epoch,
            h.base_sequence,
            h.base_timestamp,
            h.max_timestamp,
            format!("{:08x}", h.crc)
        ]),
        None => json!([last_offset(bytes), "magic", bytes[16], bytes.len()]),
    }
}

fn control_row(bytes: &[u8]) -> Option<Value> {
    let header = header_of(bytes).filter(|header| header.attributes.is_control())?;
    let mut row = None;
    let batch = Batches::new(bytes).next()?.ok()?;
    each_record(&batch, |_, record| {
        let (key, value) = (record.key.unwrap(), record.value.unwrap());
        let kind = match key[3] {
            0 => json!("ABORT"),
            1 => json!("COMMIT"),
            kind => json!(kind),
        };
        let epoch = i32::from_be_bytes(value[2..6].try_into().unwrap());
        let found = json!([record.offset, kind, header.producer_id, header.producer_epoch, epoch]);
        row.get_or_insert(found);
    });
    row
}

fn each_record(batch: &AnyBatch<'_>, mut visit: impl FnMut(&str, &RecordRef<'_>)) {
    let mut buffer = Vec::new();
    match batch {
        AnyBatch::V2(batch) => {
            let kind = kind_of(Some(batch.header.attributes.timestamp_type()));
            for record in batch.records(&mut buffer, 1 << 26).unwrap() {
                visit(kind, &record.unwrap());
            }
        }
        AnyBatch::Legacy(batch) => {
            let kind = kind_of(batch.timestamp_type());
            for record in batch.records(&mut Unpacker::new(), &mut buffer, 1 << 26).unwrap() {
                visit(kind, &record.unwrap().record);
            }
        }
    }
}

fn kind_of(timestamp_type: Option<TimestampType>) -> &'static str {
    match timestamp_type {
        Some(TimestampType::CreateTime) => "C",
        Some(TimestampType::LogAppendTime) => "L",
        None => "-",
    }
}

fn record_row(kind: &str, record: &RecordRef<'_>) -> Value {
    let mut headers = Vec::new();
    let mut any = false;
    for header in record.headers {
        any = true;
        headers.extend_from_slice(&(header.key.len() as i32).to_be_bytes());
        headers.extend_from_slice(header.key);
        headers.extend_from_slice(&header.value.map_or(-1, |v| v.len() as i32).to_be_bytes());
        headers.extend_from_slice(header.value.unwrap_or_default());
    }
    let timestamp = if record.timestamp == NO_TIMESTAMP { 0 } else { record.timestamp };
    json!([
        record.offset,
        kind,
        timestamp,
        record.key.map(short_hash),
        record.value.map(short_hash),
        any.then(|| short_hash(&headers))
    ])
}

/// Producer and first offset of the aborted transactions that reads of committed records report.
fn cannot_be_unpacked(error: &io::Error) -> bool {
    let batch = error.get_ref().and_then(|source| source.downcast_ref::<UnreadableBatch>());
    batch.is_some_and(|batch| matches!(batch.why, Unreadable::Records(RecordError::Compression(_))))
}

fn aborted_of(log: &Log, stable: i64) -> Vec<(i64, i64)> {
    let limit = ReadLimit {
        end_offset: stable,
        size_bytes_max: 1 << 20,
        at_least_one_batch: true,
        aborted: true,
    };
    let (mut cursor, mut aborted) = (Cursor::at(log.start_offset()), BTreeSet::new());
    while let Some(plan) = plan(log, cursor, limit).filter(|plan| plan.size_bytes > 0) {
        aborted.extend(plan.aborted.iter().map(|a| (a.producer_id, a.first_offset)));
        cursor = plan.next.to(last_offset(&bytes_of(&plan)) + 1);
    }
    aborted.into_iter().collect()
}

fn ranges(offsets: &[i64]) -> Vec<[i64; 2]> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for offset in offsets {
        match ranges.last_mut() {
            Some(last) if last[1] + 1 == *offset => last[1] = *offset,
            Some(_) | None => ranges.push([*offset, *offset]),
        }
    }
    ranges
}

/// The sizes that DescribeLogDirs reports are those of the logs.
#[test]
fn sizes_are_as_described() {
    for name in ["clean", "killed", "standalone"] {
        let disk = unpack(name);
        let described = manifest(name);
        let mut sizes = BTreeMap::new();
        for rows in described["log_dirs"].as_object().unwrap().values() {
            // Not the copy that is on its way to another directory.
            for row in rows.as_array().unwrap().iter().filter(|row| row[3] == false) {
                let topic = row[0].as_str().unwrap().to_owned();
                sizes.insert((topic, row[1].as_i64().unwrap()), row[2].as_u64().unwrap());
            }
        }
        let count = sizes.len();
        for ((topic, number), size_bytes) in sizes {
            let found = Found::of(&disk, &topic, number);
            let log = found.open(&disk, found.opening);
            assert_eq!(log.size_bytes(), size_bytes, "{name} {topic}-{number}");
        }
        println!("{name}: {count} sizes");
    }
}
