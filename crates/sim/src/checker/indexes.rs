//! Whether the indexes on a node's disk agree with the logs beside them, by other code.
//!
//! A segment that has an `.index` says that all three of its indexes are right; one without is
//! indexed anew before anybody goes by it. Entries of the `.index` are those that Kafka's rule makes
//! of the batches; entries of the `.timeindex` are the highest timestamps so far, the last of them
//! that of the segment; the `.txnindex` has the aborted transactions of the segment, and no other.

use super::Files as Disk;
use dohle_protocol::record::{AnyBatch, Batch, Batches, ControlRecordType};
use std::collections::{BTreeMap, BTreeSet};

/// The default of `index.interval.bytes`, which no workload changes.
const INTERVAL_BYTES: u64 = 4096;
/// What a marker may unpack to.
const MARKER_BYTES_MAX: usize = 1024;

/// How many entries were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Of offset indexes.
    pub offsets: u64,
    /// Of time indexes.
    pub times: u64,
    /// Of transaction indexes.
    pub transactions: u64,
}

/// Compares the indexes of all logs, but for those in folders of the names in `damaged`.
///
/// # Errors
/// Says which entry is wrong or missing, and where.
pub fn check(disk: &impl Disk, damaged: &BTreeSet<String>) -> Result<Compared, String> {
    let mut folders: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for path in disk.paths() {
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        let name = folder.rsplit('/').next().unwrap_or_default();
        // Not what waits to be deleted, and no copy that is not the log yet.
        let is_log = name.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
        let base = file.strip_suffix(".log").and_then(|stem| stem.parse::<i64>().ok());
        if let Some(base) = base.filter(|_| is_log && !damaged.contains(name)) {
            folders.entry(folder.to_owned()).or_default().push(base);
        }
    }
    let mut compared = Compared::default();
    for (folder, bases) in folders {
        let mut walk = Walk::default();
        for base in bases {
            let read = |suffix| {
                let path = format!("{folder}/{base:020}.{suffix}");
                disk.content(&path)
            };
            let files = Files {
                log: read("log").unwrap_or_default(),
                offsets: read("index"),
                times: read("timeindex").unwrap_or_default(),
                transactions: read("txnindex").unwrap_or_default(),
            };
            segment(&mut walk, base, &files, &mut compared)
                .map_err(|what| format!("{folder}/{base:020}: {what}"))?;
        }
    }
    Ok(compared)
}

/// The files of a segment.
#[derive(Clone, Default)]
struct Files {
    log: Vec<u8>,
    /// `None` where the indexes wait to be written.
    offsets: Option<Vec<u8>>,
    times: Vec<u8>,
    transactions: Vec<u8>,
}

/// What the segments of a log said so far.
#[derive(Default)]
struct Walk {
    /// The offset behind the last batch.
    end: i64,
    /// Something is missing: the log does not begin at 0, or was compacted.
    has_gaps: bool,
    /// The first offset of each open transaction, as far as it is there.
    open: BTreeMap<i64, i64>,
}

/// An aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Aborted {
    producer: i64,
    /// Its first offset.
    first: i64,
    /// Its marker's.
    last: i64,
    /// The last stable offset behind it.
    stable: i64,
}

/// What the batches of a segment say that its indexes must hold.
#[derive(Default)]
struct Expected {
    offsets: Vec<(u32, u32)>,
    /// The highest timestamps so far, and the last offset of the batch that brought each.
    maxima: Vec<(i64, i64)>,
    aborted: Vec<Aborted>,
    /// Markers of aborts whose transaction has nothing left.
    bare: Vec<Aborted>,
}

fn segment(
    walk: &mut Walk,
    base: i64,
    files: &Files,
    compared: &mut Compared,
) -> Result<(), String> {
    let expected = expected(walk, base, &files.log)?;
    let Some(offsets) = &files.offsets else { return Ok(()) };
    compare_offsets(&expected, offsets)?;
    compare_times(&expected, base, &files.times)?;
    compare_transactions(&expected, walk.has_gaps, &files.transactions)?;
    compared.offsets += (offsets.len() / 8) as u64;
    compared.times += (files.times.len() / 12) as u64;
    compared.transactions += (files.transactions.len() / 34) as u64;
    Ok(())
}

fn expected(walk: &mut Walk, base: i64, log: &[u8]) -> Result<Expected, String> {
    let mut expected = Expected::default();
    let (mut position, mut entered, mut highest) = (0_u64, 0_u64, -1);
    for batch in Batches::new(log) {
        // What a process that was killed was about to write.
        let Ok(AnyBatch::V2(batch)) = batch else { break };
        let (first, last) = (batch.header.base_offset, batch.header.last_offset());
        walk.has_gaps |= first != walk.end;
        walk.end = last + 1;
        if batch.header.max_timestamp > highest {
            highest = batch.header.max_timestamp;
            expected.maxima.push((highest, last));
        }
        if position - entered > INTERVAL_BYTES {
            let fits = |number: i64| u32::try_from(number).map_err(|error| error.to_string());
            let place = u32::try_from(position).map_err(|error| error.to_string())?;
            expected.offsets.push((fits(last - base)?, place));
            entered = position;
        }
        position += batch.bytes.len() as u64;
        transactions(walk, &batch, &mut expected);
    }
    Ok(expected)
}

/// What a batch says of transactions.
fn transactions(walk: &mut Walk, batch: &Batch<'_>, expected: &mut Expected) {
    let producer = batch.header.producer_id;
    if !batch.header.attributes.is_transactional() {
        return;
    }
    if !batch.header.attributes.is_control() {
        walk.open.entry(producer).or_insert(batch.header.base_offset);
        return;
    }
    let first = walk.open.remove(&producer);
    if !aborts(batch) {
        return;
    }
    let last = batch.header.last_offset();
    let stable = walk.open.values().min().map_or(last + 1, |open| *open);
    let aborted = Aborted { producer, first: first.unwrap_or(last), last, stable };
    if first.is_some() { &mut expected.aborted } else { &mut expected.bare }.push(aborted);
}

fn aborts(marker: &Batch<'_>) -> bool {
    let mut unpacked = Vec::new();
    let first = marker.records(&mut unpacked, MARKER_BYTES_MAX).ok().and_then(|mut all| all.next());
    let key = first.and_then(Result::ok).map(|record| ControlRecordType::parse_key(record.key));
    matches!(key, Some(Ok(ControlRecordType::Abort)))
}

fn compare_offsets(expected: &Expected, bytes: &[u8]) -> Result<(), String> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let found = chunks.iter().map(|chunk| {
        let word = u64::from_be_bytes(*chunk);
        (u32::try_from(word >> 32).unwrap_or(0), u32::try_from(word & 0xffff_ffff).unwrap_or(0))
    });
    let found: Vec<(u32, u32)> = found.collect();
    if found != expected.offsets || !rest.is_empty() {
        return Err(format!(
            "its offset index is {found:?} and {} bytes, the log's batches make {:?}",
            rest.len(),
            expected.offsets
        ));
    }
    Ok(())
}

fn compare_times(expected: &Expected, base: i64, bytes: &[u8]) -> Result<(), String> {
    let (chunks, rest) = bytes.as_chunks::<12>();
    let mut before = -1;
    for chunk in chunks {
        let [timestamp @ .., a, b, c, d] = *chunk;
        let timestamp = i64::from_be_bytes(timestamp);
        let offset = base + i64::from(u32::from_be_bytes([a, b, c, d]));
        if timestamp <= before || !expected.maxima.contains(&(timestamp, offset)) {
            return Err(format!(
                "its time index has {timestamp} at {offset} behind {before}, the highest so far are {:?}",
                expected.maxima
            ));
        }
        before = timestamp;
    }
    let highest = expected.maxima.last().map_or(-1, |(timestamp, _)| *timestamp);
    if before != highest || !rest.is_empty() {
        return Err(format!("its time index ends with {before}, its highest is {highest}"));
    }
    Ok(())
}

fn compare_transactions(expected: &Expected, has_gaps: bool, bytes: &[u8]) -> Result<(), String> {
    let (chunks, rest) = bytes.as_chunks::<34>();
    let mut found = Vec::new();
    for chunk in chunks {
        let (words, _) = chunk[2..].as_chunks::<8>();
        let [producer, first, last, stable] = *words else { return Err("no entry".to_owned()) };
        let [producer, first, last, stable] =
            [producer, first, last, stable].map(i64::from_be_bytes);
        found.push(Aborted { producer, first, last, stable });
    }
    let is_right = if has_gaps {
        // Of what is not there any more an index may know more than the log: it is right of what is.
        let knows = |entry: &Aborted, known: &Aborted| {
            (entry.producer, entry.last) == (known.producer, known.last)
                && entry.first <= known.first
                && entry.stable <= entry.last + 1
        };
        let of = expected.aborted.iter().chain(&expected.bare);
        found.is_sorted_by(|one, other| one.last < other.last)
            && found.iter().all(|entry| of.clone().any(|known| knows(entry, known)))
            && expected.aborted.iter().all(|known| found.iter().any(|entry| knows(entry, known)))
    } else {
        found == expected.aborted
    };
    if !is_right || !rest.is_empty() || chunks.iter().any(|chunk| chunk[..2] != [0, 0]) {
        let Expected { aborted, bare, .. } = expected;
        return Err(format!(
            "its transaction index is {found:?}, the log's markers make {aborted:?} (and {bare:?})"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, Compared, check};
    use crate::disk::SimulatedDisk;
    use dohle_protocol::record::control::EndTransactionMarker;
    use dohle_protocol::record::{BatchBuilder, NewRecord};
    use std::path::Path;

    const FOLDER: &str = "/data/topic-0/00000000000000000000";

    /// One transaction that is aborted, one that is committed, and plain records, of 3000 bytes each.
    fn log() -> Vec<u8> {
        let mut log = Vec::new();
        let batch = |offset, producer: Option<i64>, timestamp| {
            let mut builder = BatchBuilder::new(offset);
            if let Some(id) = producer {
                builder = builder.producer(id, 0, 0).transactional();
            }
            let value = Some(&[7; 3000][..]);
            let record = NewRecord { timestamp, value, ..NewRecord::default() };
            builder.append(&record).unwrap();
            builder.build().unwrap()
        };
        let marker = |offset: i64, producer_id, committed| {
            let marker = EndTransactionMarker {
                committed,
                coordinator_epoch: 0,
                producer_id,
                producer_epoch: 0,
            };
            let mut bytes = marker.batch(5, 0).unwrap().to_vec();
            bytes[..8].copy_from_slice(&offset.to_be_bytes());
            bytes
        };
        log.extend_from_slice(&batch(0, None, 10));
        log.extend_from_slice(&batch(1, Some(1), 30));
        log.extend_from_slice(&batch(2, Some(2), 20));
        log.extend_from_slice(&marker(3, 1, false));
        log.extend_from_slice(&marker(4, 2, true));
        log.extend_from_slice(&batch(5, None, 40));
        log
    }

    fn entry(offset: u32, position: usize) -> Vec<u8> {
        [offset.to_be_bytes(), u32::try_from(position).unwrap().to_be_bytes()].concat()
    }

    fn time(timestamp: i64, offset: u32) -> Vec<u8> {
        [&timestamp.to_be_bytes()[..], &offset.to_be_bytes()].concat()
    }

    fn aborted(producer: i64, first: i64, last: i64, stable: i64) -> Vec<u8> {
        let words = [producer, first, last, stable].map(i64::to_be_bytes).concat();
        [&[0, 0][..], &words].concat()
    }

    /// What the three indexes of [`log`] are: the third batch is more than 4096 bytes behind the
    /// first, the last of all more than that behind the third.
    fn indexes() -> [Vec<u8>; 3] {
        let size = log().len();
        let of_data = (size - 2 * marker_bytes()) / 4;
        assert!(4 * of_data + 2 * marker_bytes() == size, "four batches of one size");
        [entry(2, 2 * of_data), [time(30, 1), time(40, 5)].concat(), aborted(1, 1, 3, 2)]
    }

    fn marker_bytes() -> usize {
        let marker = EndTransactionMarker {
            committed: true,
            coordinator_epoch: 0,
            producer_id: 2,
            producer_epoch: 0,
        };
        marker.batch(5, 0).unwrap().len()
    }

    fn checked([offsets, times, transactions]: [Vec<u8>; 3]) -> Result<Compared, String> {
        let disk = SimulatedDisk::new();
        let put = |suffix: &str, bytes: &[u8]| {
            disk.put(Path::new(&format!("{FOLDER}.{suffix}")), bytes).unwrap();
        };
        put("log", &log());
        put("index", &offsets);
        put("timeindex", &times);
        put("txnindex", &transactions);
        check(&disk, &BTreeSet::new())
    }

    #[test]
    fn what_agrees_is_counted() {
        let all = Compared { offsets: 1, times: 2, transactions: 1 };
        assert_eq!(checked(indexes()), Ok(all));
    }

    #[test]
    fn every_disagreement_is_found() {
        let right = indexes();
        let place = right[0].clone();
        let two = [aborted(1, 1, 3, 2), aborted(2, 2, 4, 5)].concat();
        let wrong: [(usize, Vec<u8>, &str); 12] = [
            (0, Vec::new(), "an offset is missing"),
            (0, entry(1, 4_000), "no batch begins there"),
            (0, [&place[..3], &[1], &place[4..]].concat(), "another batch begins there"),
            (0, [&place[..], &[0; 8]].concat(), "preallocated space"),
            (1, Vec::new(), "no highest timestamp"),
            (1, time(30, 1), "the highest timestamp is missing"),
            (1, [time(20, 2), time(40, 5)].concat(), "not the highest so far"),
            (1, [time(30, 2), time(40, 5)].concat(), "not the batch that brought it"),
            (2, Vec::new(), "an aborted transaction is missing"),
            (2, two, "a committed transaction"),
            (2, aborted(1, 2, 3, 2), "it began elsewhere"),
            (2, aborted(1, 1, 3, 4), "another transaction was open still"),
        ];
        for (index, bytes, what) in wrong {
            let mut indexes = right.clone();
            indexes[index] = bytes;
            assert!(checked(indexes).is_err(), "{what}");
        }
    }

    #[test]
    fn damaged_folders_and_indexes_that_are_not_written_are_passed_over() {
        let disk = SimulatedDisk::new();
        let put = |name: &str, bytes: &[u8]| disk.put(Path::new(name), bytes).unwrap();
        put(&format!("{FOLDER}.log"), &log());
        put(&format!("{FOLDER}.timeindex"), &[1]);
        assert_eq!(check(&disk, &BTreeSet::new()), Ok(Compared::default()));
        put(&format!("{FOLDER}.index"), &[1]);
        assert!(check(&disk, &BTreeSet::new()).is_err());
        let damaged = BTreeSet::from(["topic-0".to_owned()]);
        assert_eq!(check(&disk, &damaged), Ok(Compared::default()));
    }
}
