//! Offset, time and transaction indexes, and whether they fit their log.

use std::path::Path;

use dohle_protocol::record::AnyBatch;
use dohle_protocol::record::compression::Unpacker;

use super::log_file::LogFile;
use super::{Findings, Options, absolute, base_offset, sibling, unreadable};
use crate::console::{Console, Failure};

const OFFSET_ENTRY_SIZE: usize = 8;
const TIME_ENTRY_SIZE: usize = 12;
const TRANSACTION_ENTRY_SIZE: usize = 34;
/// The most that a batch may unpack to when its timestamps are looked at.
const UNPACKED_SIZE_MAX: usize = 2 << 30;

struct OffsetEntry {
    offset: i64,
    position: i32,
}

struct TimeEntry {
    timestamp: i64,
    offset: i64,
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn offset_entries(bytes: &[u8], base: i64) -> Vec<OffsetEntry> {
    let (entries, _) = bytes.as_chunks::<OFFSET_ENTRY_SIZE>();
    let entries = entries.iter().map(|[a, b, c, d, e, f, g, h]| OffsetEntry {
        offset: base.wrapping_add(i64::from(i32::from_be_bytes([*a, *b, *c, *d]))),
        position: i32::from_be_bytes([*e, *f, *g, *h]),
    });
    entries.collect()
}

fn time_entries(bytes: &[u8], base: i64) -> Vec<TimeEntry> {
    let (entries, _) = bytes.as_chunks::<TIME_ENTRY_SIZE>();
    let entries = entries.iter().map(|entry| {
        let mut timestamp = [0; 8];
        timestamp.copy_from_slice(&entry[..8]);
        let relative = i32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]]);
        TimeEntry {
            timestamp: i64::from_be_bytes(timestamp),
            offset: base.wrapping_add(i64::from(relative)),
        }
    });
    entries.collect()
}

pub(super) fn dump_offsets(
    path: &Path,
    options: &Options,
    findings: &mut Findings,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let base = base_offset(path)?;
    let log = LogFile::open(&sibling(path, ".log"))?;
    let bytes = read(path)?;
    let entries = offset_entries(&bytes, base);
    let Some(last) = entries.last() else {
        return Ok(writeln!(console.out, "{} is empty.", path.display())?);
    };
    if options.index_sanity_only {
        if last.offset < base {
            return Err(Failure::new(format!(
                "Corrupt index found, index file {} has non-zero size but the last offset is {} \
                 which is less than the base offset {base}",
                absolute(path).display(),
                last.offset
            )));
        }
        return sane(path, bytes.len(), OFFSET_ENTRY_SIZE, console);
    }
    for (index, entry) in entries.iter().enumerate() {
        // The rest of a file that was preallocated and not trimmed.
        if entry.offset == base && index > 0 {
            return Ok(());
        }
        let found = offset_at(&log, entry.position, options.max_message_size)?;
        if found != entry.offset {
            let mismatches = findings.index_mismatches.entry(absolute(path)).or_default();
            mismatches.insert(entry.offset, found);
        }
        if !options.verify_only {
            writeln!(console.out, "offset: {} position: {}", entry.offset, entry.position)?;
        }
    }
    Ok(())
}

/// The last offset of the batch at `position`.
fn offset_at(log: &LogFile, position: i32, size_max: i32) -> Result<i64, Failure> {
    let start = u64::try_from(position).ok().filter(|start| *start <= log.size_bytes());
    let size_max = u64::try_from(size_max).unwrap_or(0);
    let batch = match start {
        Some(start) => {
            let mut range = log.range(start, start.saturating_add(size_max));
            range.next()?.map(|batch| batch.last_offset())
        }
        None => None,
    };
    batch.ok_or_else(|| Failure::new(format!("No batch at position {position} of the log")))
}

pub(super) fn dump_times(
    path: &Path,
    options: &Options,
    findings: &mut Findings,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let base = base_offset(path)?;
    let log = LogFile::open(&sibling(path, ".log"))?;
    let offsets = offset_entries(&read(&sibling(path, ".index"))?, base);
    let bytes = read(path)?;
    let entries = time_entries(&bytes, base);
    if options.index_sanity_only {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let corrupt = |reason: String| {
                let path = absolute(path);
                Failure::new(format!(
                    "Corrupt time index found, time index file ({}) has non-zero size but {reason}",
                    path.display()
                ))
            };
            if last.timestamp < first.timestamp {
                return Err(corrupt(format!(
                    "the last timestamp is {} which is less than the first timestamp {}",
                    last.timestamp, first.timestamp
                )));
            }
            if last.offset < base {
                return Err(corrupt(format!(
                    "the last offset is {} which is less than the first offset {base}",
                    last.offset
                )));
            }
        }
        return sane(path, bytes.len(), TIME_ENTRY_SIZE, console);
    }
    let mut previous = -1;
    for (index, entry) in entries.iter().enumerate() {
        if entry.offset == base && index > 0 {
            return Ok(());
        }
        check_time(path, &log, &offsets, entry, previous, findings)?;
        if !options.verify_only {
            writeln!(console.out, "timestamp: {} offset: {}", entry.timestamp, entry.offset)?;
        }
        previous = entry.timestamp;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one entry with all that it is compared to")]
fn check_time(
    path: &Path,
    log: &LogFile,
    offsets: &[OffsetEntry],
    entry: &TimeEntry,
    previous: i64,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let before = offsets.partition_point(|at| at.offset <= entry.offset);
    let position = before.checked_sub(1).map_or(0, |index| offsets[index].position);
    let mut batches = log.range(u64::try_from(position).unwrap_or(0), log.size_bytes());
    while let Some(batch) = batches.next()? {
        if batch.last_offset() < entry.offset {
            continue;
        }
        if batch.last_offset() != entry.offset {
            let found = (entry.offset, batch.last_offset());
            findings.offsets_not_found.entry(absolute(path)).or_default().push(found);
            return Ok(());
        }
        let timestamp = max_timestamp(&batch)?;
        if timestamp != entry.timestamp {
            let pair = (entry.timestamp, timestamp);
            findings.time_mismatches.entry(absolute(path)).or_default().push(pair);
        }
        if previous >= entry.timestamp {
            let pair = (entry.timestamp, previous);
            findings.times_out_of_order.entry(absolute(path)).or_default().push(pair);
        }
        return Ok(());
    }
    findings.offsets_not_found.entry(absolute(path)).or_default().push((entry.offset, -1));
    Ok(())
}

/// The highest timestamp of the records themselves, whatever the batch says.
fn max_timestamp(batch: &AnyBatch<'_>) -> Result<i64, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let mut buffer = Vec::new();
    let mut highest = -1;
    match batch {
        AnyBatch::V2(batch) => {
            let records = batch.records(&mut buffer, UNPACKED_SIZE_MAX);
            for record in records.map_err(|error| failed(&error))? {
                highest = highest.max(record.map_err(|error| failed(&error))?.timestamp);
            }
        }
        AnyBatch::Legacy(batch) => {
            let records = batch.records(&mut Unpacker::new(), &mut buffer, UNPACKED_SIZE_MAX);
            for record in records.map_err(|error| failed(&error))? {
                highest = highest.max(record.map_err(|error| failed(&error))?.record.timestamp);
            }
        }
    }
    Ok(highest)
}

fn sane(
    path: &Path,
    size_bytes: usize,
    entry_size: usize,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if !size_bytes.is_multiple_of(entry_size) {
        let title = if entry_size == TIME_ENTRY_SIZE { "Time index" } else { "Index" };
        return Err(Failure::new(format!(
            "{title} file {} is corrupt, found {size_bytes} bytes which is neither positive nor a \
             multiple of {entry_size}",
            absolute(path).display()
        )));
    }
    Ok(writeln!(console.out, "{} passed sanity check.", path.display())?)
}

pub(super) fn dump_transactions(path: &Path, console: &mut Console<'_>) -> Result<(), Failure> {
    let bytes = read(path)?;
    let (entries, _) = bytes.as_chunks::<TRANSACTION_ENTRY_SIZE>();
    for (index, entry) in entries.iter().enumerate() {
        let version = i16::from_be_bytes([entry[0], entry[1]]);
        if version > 0 {
            return Err(Failure::new(format!(
                "Unexpected aborted transaction version {version} in transaction index {} at \
                 position {}, current version is 0",
                absolute(path).display(),
                index * TRANSACTION_ENTRY_SIZE
            )));
        }
        let (numbers, _) = entry[2..].as_chunks::<8>();
        let [producer_id, first, last, stable] =
            [0, 1, 2, 3].map(|index| i64::from_be_bytes(numbers[index]));
        writeln!(
            console.out,
            "version: {version} producerId: {producer_id} firstOffset: {first} lastOffset: {last} \
             lastStableOffset: {stable}"
        )?;
    }
    Ok(())
}
