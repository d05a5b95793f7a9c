//! Damaged bytes never panic, hang or allocate beyond their limits: the checked-in corpus, golden
//! batches, and seeded changes of both for a bounded time.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::record::batch::{AnyBatch, Batches, HEADER_SIZE};
use dohle_protocol::record::check::{CheckRules, Origin, Scratch, Target, check};
use dohle_protocol::record::compression::{Codec, Compression, Unpacker, decompress};
use dohle_protocol::record::convert::down_convert;
use dohle_protocol::record::crc::{crc32, crc32c};
use dohle_protocol::varint;

use super::data::{rows, unhex};

const LIMIT: usize = 1024 * 1024;
/// How long the seeded changes go on; a fuzzing run sets `DOHLE_FUZZ_SECONDS`.
const SECONDS: u64 = 5;

/// A xorshift generator: the changes of one seed are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

#[allow(clippy::disallowed_methods, reason = "tests read their corpus")]
fn corpus() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus-records");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus is missing");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn golden() -> Vec<Vec<u8>> {
    let tables = ["records/v2.tsv.gz", "records/v0-v1.tsv.gz", "records/invalid.tsv.gz"];
    tables
        .iter()
        .flat_map(|table| rows(table))
        .map(|row| unhex(&row[4]))
        .filter(|bytes| bytes.len() < 10_000)
        .collect()
}

/// Everything that reads bytes of records.
fn read_all_ways(bytes: &[u8], scratch: &mut Scratch) {
    let mut buffer = Vec::new();
    let mut unpacker = Unpacker::new();
    for batch in Batches::new(bytes).take(1000) {
        let Ok(batch) = batch else { break };
        let _ = batch.ensure_valid();
        match batch {
            AnyBatch::V2(batch) => {
                if let Ok(records) = batch.records_using(&mut unpacker, &mut buffer, LIMIT) {
                    for record in records.take_while(Result::is_ok) {
                        record.unwrap().headers.for_each(drop);
                    }
                }
            }
            AnyBatch::Legacy(batch) => {
                if let Ok(records) = batch.records(&mut unpacker, &mut buffer, LIMIT) {
                    records.for_each(drop);
                }
            }
        }
        assert!(buffer.len() <= LIMIT);
    }
    for codec in Codec::ALL {
        for (magic, from) in [(0, 0), (2, HEADER_SIZE)] {
            buffer.clear();
            let _ =
                decompress(codec, magic, bytes.get(from..).unwrap_or_default(), &mut buffer, LIMIT);
            assert!(buffer.len() <= LIMIT);
        }
    }
    for magic in [0, 1] {
        buffer.clear();
        let _ = down_convert(bytes, magic, 0, LIMIT, &mut buffer);
    }
    let _ = (varint::read_unsigned(bytes), varint::read_signed_long(bytes));
    let shared = Bytes::copy_from_slice(bytes);
    for (origin, produce_version, compression) in [
        (Origin::Client, 12, Target::Producer),
        (Origin::Client, 2, Target::Codec(Compression::of(Codec::Lz4))),
        (Origin::Coordinator, 12, Target::Codec(Compression::NONE)),
    ] {
        let rules = CheckRules {
            origin,
            produce_version,
            compression,
            unpacked_bytes_max: LIMIT,
            now: i64::MAX,
            ..CheckRules::default()
        };
        if let Ok(checked) = check(&shared, &rules, scratch) {
            assert_checked(checked.bytes());
        }
    }
}

/// What the check lets through can be read.
fn assert_checked(bytes: &[u8]) {
    let mut batches = Batches::new(bytes);
    let Some(Ok(AnyBatch::V2(batch))) = batches.next() else { panic!("no batch") };
    assert_eq!(batches.position(), bytes.len());
    assert_eq!(batch.ensure_valid(), Ok(()));
    let mut buffer = Vec::new();
    for (index, record) in (0..).zip(batch.records(&mut buffer, 2 * LIMIT).unwrap()) {
        let delta = record.unwrap().offset - batch.header.base_offset;
        assert!(batch.header.attributes.is_control() || delta == index);
    }
}

/// One change: bytes flipped, cut, doubled, or numbers at their limits.
fn change(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let position = random.below(bytes.len());
    match random.below(6) {
        0 => bytes[position] ^= 1 << random.below(8),
        1 => bytes[position] = random.next() as u8,
        2 => bytes[position] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
        3 => bytes.truncate(position),
        4 => {
            let end = (position + random.below(32)).min(bytes.len());
            let piece = bytes[position..end].to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, piece);
        }
        _ => {
            let value = [0, -1, i32::MAX, i32::MIN, 1 << 20][random.below(5)].to_be_bytes();
            for (byte, new) in bytes[position..].iter_mut().zip(value) {
                *byte = new;
            }
        }
    }
}

/// Puts length and checksum of a single batch right, so that changes reach what lies behind them.
fn repair(bytes: &mut [u8]) {
    let Some(length) = bytes.len().checked_sub(12) else { return };
    bytes[8..12].copy_from_slice(&(length as i32).to_be_bytes());
    match bytes.get(16) {
        Some(2) if bytes.len() >= HEADER_SIZE => {
            bytes[..8].fill(0);
            let crc = crc32c(&bytes[21..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        }
        Some(0 | 1) => {
            let crc = crc32(&bytes[16..]);
            bytes[12..16].copy_from_slice(&crc.to_be_bytes());
        }
        _ => {}
    }
}

#[test]
fn corpus_and_golden_bytes_are_read_all_ways() {
    let mut scratch = Scratch::new();
    for bytes in corpus().iter().chain(&golden()) {
        read_all_ways(bytes, &mut scratch);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test is bounded by real time")]
fn seeded_changes_are_survived() {
    let seconds = std::env::var("DOHLE_FUZZ_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let seeds: Vec<Vec<u8>> = corpus().into_iter().chain(golden()).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut scratch = Scratch::new();
    let start = std::time::Instant::now();
    let mut count = 0u64;
    while start.elapsed() < Duration::from_secs(seconds) {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut bytes, &mut random);
        }
        if random.below(4) > 0 {
            repair(&mut bytes);
        }
        read_all_ways(&bytes, &mut scratch);
        count += 1;
    }
    eprintln!("damage: {count} changed inputs in {seconds} s from {} seeds", seeds.len());
    assert!(count > 0);
}
