//! What a log accepts, when it rolls, what it lets go.

use crate::support::{batches, bytes_of, content, open};
use bytes::Bytes;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::record::{BatchBuilder, BatchHeader, NewRecord};
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::producers::{FirstBatch, Guard, ProducerError};
use dohle_storage::retention::Reason;
use dohle_storage::{
    AppendError, Appended, Cursor, Log, LogConfig, NewBatch, Opening, Origin, ReadError, ReadLimit,
    Source,
};

const DIRECTORY: &str = "/data/topic-0";

fn fresh(disk: &SimulatedDisk, config: LogConfig) -> Log {
    let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
    open(disk, DIRECTORY, config, opening)
}

fn builder(records: i32, timestamp: i64, value: &[u8]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(0);
    for _ in 0..records {
        let record = NewRecord { timestamp, value: Some(value), ..NewRecord::default() };
        builder.append(&record).unwrap();
    }
    builder
}

/// A batch of producer 7.
fn sent(epoch: i16, sequence: i32, records: i32) -> NewBatch {
    let batch = builder(records, 5, b"value").producer(7, epoch, sequence);
    NewBatch::parse(batch.build().unwrap()).unwrap()
}

fn transactional(epoch: i16, sequence: i32) -> NewBatch {
    let batch = builder(1, 5, b"value").producer(7, epoch, sequence).transactional();
    NewBatch::parse(batch.build().unwrap()).unwrap()
}

fn marker(epoch: i16, coordinator_epoch: i32) -> NewBatch {
    let marker = EndTransactionMarker {
        committed: false,
        coordinator_epoch,
        producer_id: 7,
        producer_epoch: epoch,
    };
    NewBatch::parse(marker.batch(9, -1).unwrap()).unwrap()
}

const CLIENT: Source = Source::Client { guard: None };

fn coordinator(transaction_version: i16) -> Source {
    Source::Coordinator { transaction_version }
}

fn stage(log: &mut Log, batch: NewBatch, source: Source) -> Result<Appended, AppendError> {
    let staged = log.stage(batch, Origin { leader_epoch: 3, source }, 1_000);
    log.write_staged(1_000).unwrap();
    staged
}

/// What one batch of a producer meets, after those before it.
enum Meets {
    /// Appended at this offset.
    At(i64),
    /// The same as the batch at this offset.
    Repeats(i64),
    Refused(ProducerError),
}

#[test]
fn sequences() {
    use Meets::{At, Refused, Repeats};
    let out_of_order = |first_sequence, last_sequence| {
        Refused(ProducerError::OutOfOrderSequence { first_sequence, last_sequence })
    };
    let steps = [
        // Nothing is known of the producer: any sequence begins.
        (sent(0, 5, 2), At(0)),
        (sent(0, 7, 3), At(2)),
        (sent(0, 7, 3), Repeats(2)),
        (sent(0, 5, 2), Repeats(0)),
        // The same sequences in another batch are no repetition.
        (sent(0, 5, 1), out_of_order(5, 9)),
        (sent(0, 11, 1), out_of_order(11, 9)),
        (sent(0, 10, 1), At(5)),
        (sent(0, 11, 1), At(6)),
        (sent(0, 12, 1), At(7)),
        (sent(0, 13, 1), At(8)),
        // Six batches since: the first two are not remembered any more.
        (sent(0, 5, 2), out_of_order(5, 13)),
        (sent(0, 7, 3), Repeats(2)),
        // A new epoch begins at 0.
        (sent(1, 3, 1), out_of_order(3, 13)),
        (sent(1, 0, 1), At(9)),
        (sent(0, 14, 1), Refused(ProducerError::InvalidEpoch { epoch: 0, current: 1 })),
    ];
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    for (number, (batch, expected)) in steps.into_iter().enumerate() {
        let found = stage(&mut log, batch, CLIENT);
        match (expected, found) {
            (At(offset), Ok(found)) => {
                assert!(
                    !found.duplicate && found.first_offset == offset,
                    "step {number}: {found:?}"
                );
            }
            (Repeats(offset), Ok(found)) => {
                assert!(
                    found.duplicate && found.first_offset == offset,
                    "step {number}: {found:?}"
                );
            }
            (Refused(error), found) => {
                assert_eq!(found, Err(AppendError::Producer(error)), "step {number}");
            }
            (_, found) => panic!("step {number}: {found:?}"),
        }
    }
}

#[test]
fn sequences_wrap() {
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    stage(&mut log, sent(0, i32::MAX - 1, 4), CLIENT).unwrap();
    let (_, producer) = log.producers().next().unwrap();
    assert_eq!(producer.last_sequence(), 1);
    assert!(stage(&mut log, sent(0, i32::MAX - 1, 4), CLIENT).unwrap().duplicate);
    assert!(!stage(&mut log, sent(0, 2, 1), CLIENT).unwrap().duplicate);
}

#[test]
fn several_batches_of_one_turn_know_of_each_other() {
    let disk = SimulatedDisk::new();
    let mut log = fresh(&disk, LogConfig::default());
    let origin = Origin { leader_epoch: 3, source: CLIENT };
    for sequence in [0, 2, 4] {
        log.stage(sent(0, sequence, 2), origin, 1_000).unwrap();
    }
    assert!(log.stage(sent(0, 2, 2), origin, 1_000).unwrap().duplicate);
    assert_eq!(log.end_offset(), 0);
    let before = disk.counts().changes();
    assert_eq!(log.write_staged(1_000).unwrap(), 0..6);
    assert_eq!(disk.counts().changes() - before, 1, "one write");
    assert_eq!(batches(&log).len(), 3);
}

#[test]
fn transactions() {
    let config = LogConfig { transaction_verification: false, ..LogConfig::default() };
    let mut log = fresh(&SimulatedDisk::new(), config);
    let refused = |error| Err(AppendError::Producer(error));
    let invalid_state = || refused(ProducerError::InvalidTransactionState);
    stage(&mut log, transactional(0, 0), CLIENT).unwrap();
    stage(&mut log, transactional(0, 1), CLIENT).unwrap();
    assert_eq!(stage(&mut log, sent(0, 2, 1), CLIENT), invalid_state());
    assert_eq!(log.last_stable_offset(2), 0);
    stage(&mut log, marker(0, 4), coordinator(1)).unwrap();
    // The marker is written but not replicated.
    assert_eq!(log.last_stable_offset(2), 0);
    assert_eq!(log.last_stable_offset(3), 3);
    let aborted = log.aborted_transactions(0, 3).unwrap();
    assert_eq!(
        aborted.iter().map(|a| (a.producer_id, a.first_offset)).collect::<Vec<_>>(),
        [(7, 0)]
    );
    let fenced = ProducerError::CoordinatorFenced { epoch: 3, current: 4 };
    assert_eq!(stage(&mut log, marker(0, 3), coordinator(1)), refused(fenced));
    // Version 2: an open transaction's marker raises the epoch; a repeated one is let through.
    stage(&mut log, transactional(0, 2), CLIENT).unwrap();
    let stale = ProducerError::InvalidEpoch { epoch: 0, current: 0 };
    assert_eq!(stage(&mut log, marker(0, 4), coordinator(2)), refused(stale));
    stage(&mut log, marker(1, 4), coordinator(2)).unwrap();
    stage(&mut log, marker(1, 4), coordinator(2)).unwrap();
    assert_eq!(log.last_stable_offset(log.end_offset()), log.end_offset());
}

#[test]
fn who_reads_aborted_records_from_memory_is_told_though_the_marker_is_in_the_next_segment() {
    let config =
        LogConfig { segment_bytes: 100, transaction_verification: false, ..LogConfig::default() };
    let mut log = fresh(&SimulatedDisk::new(), config);
    stage(&mut log, transactional(0, 0), CLIENT).unwrap();
    stage(&mut log, marker(0, 4), coordinator(1)).unwrap();
    let limit =
        ReadLimit { end_offset: 2, size_bytes_max: 1, at_least_one_batch: true, aborted: true };
    let plan = log.plan(Cursor::at(0), limit).ok().unwrap();
    assert_eq!((plan.next.offset, log.last_stable_offset(2)), (1, 2), "the batch alone");
    let aborted = plan.aborted.iter().map(|of| (of.producer_id, of.first_offset));
    assert_eq!(aborted.collect::<Vec<_>>(), [(7, 0)]);
}

/// Begins the verification of the producer's transaction.
fn verify(log: &mut Log, epoch: i16, sequence: i32, adds: bool) -> Option<Guard> {
    let first = FirstBatch { producer_id: 7, epoch, sequence, adds };
    log.begin_verification(first, 1_000).unwrap()
}

#[test]
fn a_transactions_first_batch_is_verified() {
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    let refused = |error| Err(AppendError::Producer(error));
    let invalid_state = || refused(ProducerError::InvalidTransactionState);
    let client = |guard| Source::Client { guard };
    assert_eq!(stage(&mut log, transactional(0, 0), CLIENT), invalid_state());
    let guard = verify(&mut log, 0, 0, false);
    assert!(guard.is_some());
    assert_eq!(stage(&mut log, transactional(0, 0), CLIENT), invalid_state());
    assert_eq!(verify(&mut log, 0, 0, false), guard, "one that is under way is joined");
    stage(&mut log, transactional(0, 0), client(guard)).unwrap();
    // Once it is open here nobody need ask again.
    assert_eq!(verify(&mut log, 0, 1, false), None);
    stage(&mut log, transactional(0, 1), CLIENT).unwrap();
    stage(&mut log, marker(0, 4), coordinator(1)).unwrap();
    assert_eq!(stage(&mut log, transactional(0, 2), client(guard)), invalid_state());
    // An answer that comes after the end verifies nothing of what comes then.
    let late = verify(&mut log, 0, 2, false);
    stage(&mut log, marker(0, 4), coordinator(1)).unwrap();
    let fresh = verify(&mut log, 0, 2, false);
    assert_ne!(late, fresh);
    assert_eq!(stage(&mut log, transactional(0, 2), client(late)), invalid_state());
    stage(&mut log, transactional(0, 2), client(fresh)).unwrap();
    stage(&mut log, marker(1, 4), coordinator(2)).unwrap();
    let stale = FirstBatch { producer_id: 7, epoch: 0, sequence: 3, adds: false };
    let fenced = ProducerError::InvalidEpoch { epoch: 0, current: 1 };
    assert_eq!(log.begin_verification(stale, 1_000), Err(fenced));
    assert_eq!(stage(&mut log, transactional(0, 3), CLIENT), refused(fenced));
    // A coordinator on behalf of a client needs the same.
    let behalf = |guard| Source::OnBehalf { guard };
    assert_eq!(stage(&mut log, transactional(1, 0), behalf(None)), invalid_state());
    let guard = verify(&mut log, 1, 0, true);
    stage(&mut log, transactional(1, 0), behalf(guard)).unwrap();
}

#[test]
fn what_waits_for_its_verification_is_not_overtaken() {
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    let out_of_order = |first_sequence| {
        let error = ProducerError::OutOfOrderSequence { first_sequence, last_sequence: -1 };
        Err(AppendError::Producer(error))
    };
    let client = |guard| Source::Client { guard };
    // Nothing is known of the producer, so any sequence may be the first; but it asked for 4.
    let guard = verify(&mut log, 0, 4, false);
    assert_eq!(verify(&mut log, 0, 5, false), guard);
    assert_eq!(stage(&mut log, transactional(0, 5), client(guard)), out_of_order(5));
    stage(&mut log, transactional(0, 4), client(guard)).unwrap();
    stage(&mut log, marker(0, 4), coordinator(1)).unwrap();
    // With an epoch for each transaction the first one is 0.
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    let guard = verify(&mut log, 0, 3, true);
    assert_eq!(stage(&mut log, transactional(0, 3), client(guard)), out_of_order(3));
    // A newer epoch begins anew.
    assert_eq!(verify(&mut log, 1, 0, true), guard);
    stage(&mut log, transactional(1, 0), client(guard)).unwrap();
    // The end of that one comes while the next is verified already, and does not end it.
    let end = marker(2, 4);
    let next = verify(&mut log, 2, 0, true);
    stage(&mut log, end, coordinator(2)).unwrap();
    stage(&mut log, transactional(2, 0), client(next)).unwrap();
}

#[test]
fn copies_of_a_leader_keep_offsets_and_epochs() {
    let mut log = fresh(&SimulatedDisk::new(), LogConfig::default());
    let copy = |base_offset: i64| {
        let mut builder = BatchBuilder::new(base_offset).partition_leader_epoch(8);
        builder.append_at(base_offset + 2, &NewRecord::default()).unwrap();
        NewBatch::parse(builder.build().unwrap()).unwrap()
    };
    stage(&mut log, copy(100), Source::Replicated).unwrap();
    let error = AppendError::UnexpectedOffset { base_offset: 102, end_offset: 103 };
    assert_eq!(stage(&mut log, copy(102), Source::Replicated), Err(error));
    // Compaction leaves gaps, also wider than a segment's relative offsets.
    stage(&mut log, copy(100 + (1 << 40)), Source::Replicated).unwrap();
    assert_eq!(log.segment_count(), 2);
    assert_eq!(log.epochs().entries()[0].start_offset, 100);
    let headers: Vec<(i64, i32)> = batches(&log)
        .iter()
        .map(|batch| BatchHeader::parse(batch).unwrap())
        .map(|header| (header.base_offset, header.partition_leader_epoch))
        .collect();
    assert_eq!(headers, [(100, 8), (100 + (1 << 40), 8)]);
}

fn plain(timestamp: i64, size: usize) -> NewBatch {
    let batch = builder(1, timestamp, &vec![b'x'; size]);
    NewBatch::parse(batch.build().unwrap()).unwrap()
}

#[test]
fn rolls_by_size_and_by_time() {
    let config = LogConfig { segment_bytes: 1_000, segment_ms: 100, ..LogConfig::default() };
    let mut log = fresh(&SimulatedDisk::new(), config);
    let expected = [(0, 400, 1), (10, 400, 1), (20, 400, 2), (120, 10, 2), (121, 10, 3)];
    for (timestamp, size, segments) in expected {
        stage(&mut log, plain(timestamp, size), CLIENT).unwrap();
        assert_eq!(log.segment_count(), segments, "at {timestamp}");
    }
    let too_large = stage(&mut log, plain(0, 2_000), CLIENT);
    assert!(matches!(too_large, Err(AppendError::TooLarge { segment_bytes: 1_000, .. })));
}

#[test]
fn preallocated_files_are_cut_when_they_are_sealed_and_closed() {
    let disk = SimulatedDisk::new();
    let config = LogConfig { segment_bytes: 1_000, preallocate: true, ..LogConfig::default() };
    let sizes = || -> Vec<u64> {
        let is_log = |path: &String| path.ends_with(".log");
        disk.paths().into_iter().filter(|(path, _)| is_log(path)).map(|(_, size)| size).collect()
    };
    let mut log = fresh(&disk, config.clone());
    assert_eq!(sizes(), [1_000]);
    let one = plain(0, 400);
    let size_bytes = one.bytes().len() as u64;
    stage(&mut log, one.clone(), CLIENT).unwrap();
    assert_eq!((sizes(), log.size_bytes()), (vec![1_000], size_bytes));
    stage(&mut log, one.clone(), CLIENT).unwrap();
    let flushed = log.flush_work().unwrap().run().unwrap();
    log.on_flushed(flushed, 0);
    stage(&mut log, one.clone(), CLIENT).unwrap();
    assert_eq!(sizes(), [2 * size_bytes, 1_000]);
    let before = batches(&log);
    log.close(0).unwrap();
    assert_eq!(sizes(), [2 * size_bytes, size_bytes]);
    drop(log);
    let opening = Opening { clean: true, recovery_point: 3, log_start_offset: 0, now: 0 };
    let mut log = open(&disk, DIRECTORY, config.clone(), opening);
    assert_eq!(batches(&log), before);
    // Zeros behind the last batch are what a crash leaves.
    stage(&mut log, one.clone(), CLIENT).unwrap();
    stage(&mut log, one, CLIENT).unwrap();
    let before = batches(&log);
    assert_eq!(sizes(), [2 * size_bytes, 2 * size_bytes, 1_000]);
    drop(log);
    let opening = Opening { clean: false, ..opening };
    assert_eq!(batches(&open(&disk, DIRECTORY, config, opening)), before);
}

#[test]
fn retention_by_start_size_and_time() {
    let disk = SimulatedDisk::new();
    let config = LogConfig {
        segment_bytes: 500,
        retention_bytes: 1_300,
        retention_ms: 1_000,
        ..LogConfig::default()
    };
    let mut log = fresh(&disk, config);
    for timestamp in 0..8 {
        stage(&mut log, plain(timestamp * 100, 350), CLIENT).unwrap();
    }
    assert_eq!(log.segment_count(), 8);
    // Nothing goes that is not replicated.
    assert!(log.retention(0, 0).unwrap().removed.is_empty());
    assert!(log.advance_start_offset(2));
    let gone = |retention: &dohle_storage::retention::Retention| -> Vec<(i64, Reason)> {
        retention.removed.iter().map(|gone| (gone.base_offset, gone.reason)).collect()
    };
    // The size that is kept is at least retention.bytes.
    let first = log.retention(500, 8).unwrap();
    assert_eq!(
        gone(&first),
        [(0, Reason::StartOffset), (1, Reason::StartOffset), (2, Reason::Size), (3, Reason::Size)]
    );
    assert!(log.size_bytes() >= 1_300 && log.start_offset() == 4);
    let name = format!("{DIRECTORY}/{:020}.log.deleted", 0);
    assert!(content(&disk, &name).is_some());
    first.deletion.run().unwrap();
    assert!(content(&disk, &name).is_none());
    // All of it: an empty segment says where the log ends.
    let all = log.retention(5_000, 8).unwrap();
    assert_eq!(gone(&all).len(), 4);
    assert_eq!((log.start_offset(), log.end_offset(), log.segment_count()), (8, 8, 1));
    let opening = Opening { clean: false, recovery_point: 8, log_start_offset: 0, now: 0 };
    let again = open(&disk, DIRECTORY, LogConfig::default(), opening);
    assert_eq!((again.start_offset(), again.end_offset()), (8, 8));
}

#[test]
fn small_reads_come_from_memory_and_large_ones_from_the_file() {
    let disk = SimulatedDisk::new();
    let mut log = fresh(&disk, LogConfig::default());
    for number in 0..10 {
        // Large batches stay slices of their frames, small ones are copied.
        let size = if number % 2 == 0 { 100 } else { 20_000 };
        stage(&mut log, plain(number, size), CLIENT).unwrap();
    }
    let limit = |size_bytes_max| ReadLimit {
        end_offset: 10,
        size_bytes_max,
        at_least_one_batch: true,
        aborted: false,
    };
    let all: Vec<u8> = batches(&log).concat();
    let plan = |log: &Log, offset, size| log.plan(Cursor::at(offset), limit(size)).ok().unwrap();
    let reads = disk.counts();
    let small = plan(&log, 0, 25_000);
    assert!(all.starts_with(&bytes_of(&small)) && small.size_bytes > 20_000);
    assert_eq!(disk.counts(), reads, "memory needs no disk");
    assert_eq!(small.next.offset, 3);
    let large = plan(&log, 0, 1 << 20);
    assert_eq!((large.pieces.len(), large.size_bytes), (1, all.len()));
    assert_eq!(bytes_of(&large), all);
    assert!(log.age_tail(i64::MAX) && log.tail_bytes() == 0);
    disk.drop_caches();
    let Err(ReadError::Cold(cold)) = log.plan(Cursor::at(3), limit(1 << 20)) else {
        panic!("not cold")
    };
    assert!(all.ends_with(&bytes_of(&cold.run().unwrap())));
    assert!(matches!(log.plan(Cursor::at(11), limit(1)), Err(ReadError::OutOfRange)));
}

#[test]
fn a_read_of_a_file_takes_the_batches_that_fit_as_one_of_memory_does() {
    let disk = SimulatedDisk::new();
    // An index without entries, and one with an entry for each batch or two.
    for index_interval_bytes in [1 << 20, 300] {
        let mut log = fresh(&disk, LogConfig { index_interval_bytes, ..LogConfig::default() });
        for number in 0..10 {
            stage(&mut log, plain(number, 200), CLIENT).unwrap();
        }
        let ends: Vec<usize> = batches(&log)
            .iter()
            .scan(0, |end, batch| {
                *end += batch.len();
                Some(*end)
            })
            .collect();
        for kept in [true, false] {
            if !kept {
                assert!(log.age_tail(i64::MAX) && log.tail_bytes() == 0);
            }
            for room in 1..ends[9] + 10 {
                let limit = ReadLimit {
                    end_offset: 10,
                    size_bytes_max: room,
                    at_least_one_batch: true,
                    aborted: false,
                };
                let plan = log.plan(Cursor::at(0), limit).ok().expect("all of it is cached");
                let fits = ends.iter().rev().find(|end| **end <= room).unwrap_or(&ends[0]);
                // What an index leaves open is walked only where that is much.
                let walked = if kept { 0 } else { fits / 8 };
                assert!(
                    plan.size_bytes <= *fits && *fits <= plan.size_bytes + walked,
                    "{} of {fits} in {room}, in memory: {kept}",
                    plan.size_bytes
                );
            }
        }
    }
}

#[test]
fn an_idle_log_is_small() {
    let size = size_of::<Log>();
    println!("{size} bytes for a log, besides its names");
    assert!(size <= 1_400);
}

#[test]
fn damaged_batches_are_refused() {
    let good = builder(2, 5, b"value").build().unwrap();
    for position in 16..good.len() {
        let mut bytes = good.to_vec();
        bytes[position] ^= 1;
        assert!(NewBatch::parse(Bytes::from(bytes)).is_err(), "byte {position}");
    }
    assert!(NewBatch::parse(good.slice(..good.len() - 1)).is_err());
}

#[test]
fn a_flush_under_way_does_not_miss_segments_that_retention_took() {
    let disk = SimulatedDisk::new();
    let config = LogConfig { segment_bytes: 400, retention_bytes: 400, ..LogConfig::default() };
    let mut log = fresh(&disk, config);
    for sequence in 0..12 {
        stage(&mut log, sent(0, sequence, 1), CLIENT).unwrap();
    }
    let work = log.flush_work().expect("nothing was flushed yet");
    let end = log.end_offset();
    let retention = log.retention(2_000, end).unwrap();
    assert!(!retention.removed.is_empty(), "{retention:?}");
    retention.deletion.run().unwrap();
    let flushed = work.run().expect("what is gone needs no flush");
    assert_eq!(flushed.end_offset(), end);
    log.on_flushed(flushed, 2_000);
}

/// Records were deleted up to the end of a segment that retention has not removed yet; then the
/// process dies, and everything is scanned. Who wrote there and has had no answer sends it again.
#[test]
fn a_segment_below_the_start_still_knows_its_producers() {
    let disk = SimulatedDisk::new();
    let config = || LogConfig { segment_bytes: 100, ..LogConfig::default() };
    let mut log = fresh(&disk, config());
    stage(&mut log, sent(0, 0, 2), CLIENT).unwrap();
    for _ in 0..3 {
        let other = NewBatch::parse(builder(1, 5, b"value").build().unwrap()).unwrap();
        stage(&mut log, other, CLIENT).unwrap();
    }
    assert_eq!((log.segment_count(), log.advance_start_offset(2)), (4, true));
    assert!(log.has_own_start_offset());
    drop(log);
    for _ in 0..2 {
        let opening = Opening { clean: false, recovery_point: 0, log_start_offset: 2, now: 0 };
        let mut log = open(&disk, DIRECTORY, config(), opening);
        assert!(stage(&mut log, sent(0, 0, 2), CLIENT).unwrap().duplicate);
    }
}

/// Retention took a producer's segment, and the start lies behind the first segment that is left. What a
/// scan leaves must do for the next one too: the process may die before the recovery point moves.
#[test]
fn a_second_scan_knows_what_the_first_one_knew() {
    let disk = SimulatedDisk::new();
    let config = || LogConfig { segment_bytes: 100, ..LogConfig::default() };
    let mut log = fresh(&disk, config());
    stage(&mut log, sent(0, 0, 2), CLIENT).unwrap();
    for _ in 0..4 {
        let other = NewBatch::parse(builder(1, 5, b"value").build().unwrap()).unwrap();
        stage(&mut log, other, CLIENT).unwrap();
    }
    log.advance_start_offset(2);
    assert_eq!(log.retention(1_000, 6).unwrap().removed.len(), 1);
    log.advance_start_offset(4);
    drop(log);
    for _ in 0..3 {
        let opening = Opening { clean: false, recovery_point: 0, log_start_offset: 4, now: 0 };
        let mut log = open(&disk, DIRECTORY, config(), opening);
        assert!(stage(&mut log, sent(0, 0, 2), CLIENT).unwrap().duplicate);
    }
}

/// The renames of segments that went are undone by a power loss: the checkpoint still says where
/// the log begins.
#[test]
fn a_start_is_named_though_its_segment_begins_there() {
    let disk = SimulatedDisk::new();
    let mut log = fresh(&disk, LogConfig { segment_bytes: 100, ..LogConfig::default() });
    for sequence in 0..3 {
        stage(&mut log, sent(0, sequence, 1), CLIENT).unwrap();
    }
    assert!(!log.has_own_start_offset());
    log.advance_start_offset(2);
    assert_eq!(log.retention(1_000, 3).unwrap().removed.len(), 2);
    assert!(log.has_own_start_offset());
}

/// No checksum covers the offset of a batch; where a torn write took just that, the log ends.
#[test]
fn a_batch_that_goes_back_is_cut_off() {
    let disk = SimulatedDisk::new();
    let mut log = fresh(&disk, LogConfig::default());
    let end_of_two = {
        stage(&mut log, sent(0, 0, 2), CLIENT).unwrap();
        stage(&mut log, sent(0, 2, 2), CLIENT).unwrap();
        usize::try_from(log.size_bytes()).unwrap()
    };
    stage(&mut log, sent(0, 4, 2), CLIENT).unwrap();
    drop(log);
    let path = format!("{DIRECTORY}/00000000000000000000.log");
    let mut bytes = content(&disk, &path).unwrap();
    bytes[end_of_two..end_of_two + 8].fill(0);
    disk.put(std::path::Path::new(&path), &bytes).unwrap();
    let opening = Opening { clean: false, recovery_point: 0, log_start_offset: 0, now: 0 };
    assert_eq!(open(&disk, DIRECTORY, LogConfig::default(), opening).end_offset(), 4);
}
