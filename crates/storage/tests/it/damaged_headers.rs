//! One bit of a batch's header turns over in a log that counts as sound: its readers notice, whatever the
//! bit says, and never wait for ever or pass over the batch in silence.

use crate::support::{bytes_of, open, plan};
use dohle_protocol::record::{AnyBatch, BatchBuilder, Batches, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::{
    Cursor, Log, LogConfig, NewBatch, Opening, Origin, ReadError, ReadLimit, Source,
};
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

const DIRECTORY: &str = "/data/topic-0";
const CLEAN: Opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
const BATCHES: i64 = 24;
const RECORDS: i64 = 3;
/// The batch that is damaged: not the first of its segment, and not near an index entry.
const DAMAGED: i64 = 5;
const HEADER_BITS: u64 = 61 * 8;
/// Base offset, leader epoch and magic: no checksum covers them.
const UNCHECKED: [Range<u64>; 2] = [0..8, 12..17];

fn config() -> LogConfig {
    LogConfig { segment_bytes: 2_000, index_interval_bytes: 500, ..LogConfig::default() }
}

/// A log on a disk, flushed, and where in its first file the damaged batch begins.
fn written() -> (SimulatedDisk, u64) {
    let disk = SimulatedDisk::new();
    let mut log = open(&disk, DIRECTORY, config(), CLEAN);
    let mut position = 0;
    for number in 0..BATCHES {
        let mut builder = BatchBuilder::new(0);
        for _ in 0..RECORDS {
            let value: Option<&[u8]> = Some(b"what somebody wrote");
            builder
                .append(&NewRecord { timestamp: number, value, ..NewRecord::default() })
                .unwrap();
        }
        let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
        position += if number < DAMAGED { batch.bytes().len() as u64 } else { 0 };
        let origin = Origin { leader_epoch: 3, source: Source::Client { guard: None } };
        log.stage(batch, origin, number).unwrap();
        log.write_staged(number).unwrap();
    }
    log.close(BATCHES).unwrap();
    (disk, position)
}

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// At the log's end, and these offsets were missing on the way.
    Whole { missing: i64 },
    /// A batch had a wrong checksum, or was none.
    Damaged,
    /// The log said that it cannot be read.
    Refused,
    /// There is more, and nothing new comes.
    Waits,
}

/// Reads as a consumer does: from where the last batch ended.
fn read(log: &Log, end_offset: i64) -> Read {
    let limit =
        ReadLimit { end_offset, size_bytes_max: 700, at_least_one_batch: true, aborted: false };
    let (mut cursor, mut offset, mut missing) = (Cursor::at(0), 0, 0);
    while offset < end_offset {
        let plan = match log.plan(cursor, limit) {
            Ok(plan) => plan,
            Err(ReadError::Cold(cold)) => match cold.run() {
                Ok(plan) => plan,
                Err(error) => {
                    let kinds = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
                    assert!(kinds.contains(&error.kind()), "{error}");
                    return Read::Refused;
                }
            },
            Err(ReadError::OutOfRange | ReadError::Offline) => return Read::Refused,
        };
        let bytes = bytes_of(&plan);
        let before = offset;
        for batch in Batches::new(&bytes) {
            let Ok(batch) = batch else { return Read::Damaged };
            if batch.ensure_valid().is_err() {
                return Read::Damaged;
            }
            let next = batch.last_offset().saturating_add(1);
            let first = match &batch {
                AnyBatch::V2(batch) => batch.header.base_offset,
                AnyBatch::Legacy(batch) => batch.offset(),
            };
            missing += first.saturating_sub(offset).max(0);
            offset = offset.max(next);
        }
        if offset == before {
            return Read::Waits;
        }
        cursor = plan.next.to(offset);
    }
    Read::Whole { missing }
}

#[test]
fn a_damaged_header_is_noticed() {
    let (disk, position) = written();
    let log = Path::new(DIRECTORY).join(format!("{:020}.log", 0));
    let end = BATCHES * RECORDS;
    let sound = open(&disk, DIRECTORY, config(), CLEAN);
    assert_eq!(read(&sound, end), Read::Whole { missing: 0 });
    drop(sound);
    let mut silent = Vec::new();
    for bit in 0..HEADER_BITS {
        let byte = bit / 8;
        let flip = || disk.flip_bit(&log, position + byte, (bit % 8) as u8).unwrap();
        flip();
        // Readers of committed records have a limit within the log.
        for end in [end, end - 7 * RECORDS, (DAMAGED + 1) * RECORDS] {
            let damaged = open(&disk, DIRECTORY, config(), CLEAN);
            let found = read(&damaged, end);
            let is_unchecked = UNCHECKED.iter().any(|range| range.contains(&byte));
            let is_noticed = matches!(found, Read::Damaged | Read::Refused);
            if !is_noticed && !is_unchecked {
                silent.push((bit, end, found));
            }
        }
        flip();
    }
    assert!(silent.is_empty(), "{silent:?}");
    assert!(plan(&open(&disk, DIRECTORY, config(), CLEAN), Cursor::at(0), whole(end)).is_some());
}

fn whole(end_offset: i64) -> ReadLimit {
    ReadLimit { end_offset, size_bytes_max: 1 << 20, at_least_one_batch: true, aborted: false }
}
