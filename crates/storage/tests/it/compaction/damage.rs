//! Damaged and missing files, what the lags protect, and when a log is due.

use super::model::Row;
use super::random::rows;
use super::workload::{DIRECTORY, Workload};
use super::{compact, resources};
use crate::support::batches;
use dohle_env::disk::Disk;
use dohle_protocol::record::{Batch, BatchBuilder, NewRecord};
use dohle_storage::compaction::CleaningError;
use dohle_storage::{Deletion, NewBatch, Origin, Source};
use std::path::Path;

fn path(base_offset: i64) -> String {
    format!("{DIRECTORY}/{base_offset:020}.log")
}

/// A batch whose bytes are wrong is neither believed nor changed nor lost; the others are
/// compacted.
#[test]
fn a_batch_with_a_wrong_checksum_stays_as_it_is() {
    let mut workload = Workload::new(11);
    workload.append(150).unwrap();
    let all: Vec<Row> = rows(&workload.log);
    // A value of the first segment, at its end.
    let base = workload.bases()[1];
    let damaged = all.iter().rev().find(|row| row.last_offset < base && !row.records.is_empty());
    let damaged = damaged.unwrap().base_offset;
    let position: usize = batches(&workload.log)
        .iter()
        .map(|batch| Batch::parse(batch).unwrap())
        .take_while(|batch| batch.header.base_offset <= damaged)
        .map(|batch| batch.bytes.len())
        .sum();
    workload.disk.flip_bit(Path::new(&path(0)), position as u64 - 1, 3).unwrap();
    let raw = |workload: &Workload| {
        let found = batches(&workload.log);
        found.into_iter().find(|batch| Batch::parse(batch).unwrap().header.base_offset == damaged)
    };
    let before = raw(&workload).unwrap();
    assert!(Batch::parse(&before).unwrap().ensure_valid().is_err());
    let (log, now) = (&mut workload.log, workload.now);
    let done = compact(log, now, resources(1_000), &mut Deletion::default()).unwrap().unwrap();
    assert_eq!(done.1.tally.damaged_batches, 1);
    assert!(done.1.tally.kept_records < done.1.tally.read_records);
    assert_eq!(raw(&workload), Some(before));
}

/// Where no batch can be found the log stays as it is, and says where.
#[test]
fn a_segment_that_is_no_log_is_left_alone() {
    let mut workload = Workload::new(12);
    workload.append(150).unwrap();
    // The length of the first batch.
    workload.disk.flip_bit(Path::new(&path(0)), 8, 6).unwrap();
    let (log, now) = (&mut workload.log, workload.now);
    let error = compact(log, now, resources(1_000), &mut Deletion::default()).unwrap_err();
    let CleaningError::Unreadable(why) = error else { panic!("{error}") };
    assert_eq!(why, "there is no batch at position 0 of the segment at 0");
    assert!(log.offline().is_none());
}

/// Somebody has removed a file under the running node.
#[test]
fn a_missing_file_is_not_the_disks_fault() {
    let mut workload = Workload::new(13);
    workload.append(150).unwrap();
    let base = workload.bases()[1];
    workload.disk.remove_file(Path::new(&path(base))).unwrap();
    let (log, now) = (&mut workload.log, workload.now);
    let error = compact(log, now, resources(1_000), &mut Deletion::default()).unwrap_err();
    assert!(matches!(error, CleaningError::Unreadable(_)), "{error}");
    assert!(log.offline().is_none());
}

#[test]
fn lags_and_ratio_say_what_is_due() {
    let mut workload = Workload::new(14);
    workload.append(200).unwrap();
    let bases = workload.bases();
    let log = &mut workload.log;
    let (end, now) = (log.end_offset(), workload.now);
    let all = log.compactable(end).unwrap().judge(now).unwrap();
    assert_eq!((all.first_dirty_offset, all.clean_bytes), (0, 0));
    assert!(all.first_uncleanable_offset <= *bases.last().unwrap());
    assert!((all.dirty_ratio() - 1.0).abs() < f64::EPSILON && all.is_due());

    // Nothing above the high watermark.
    let half = log.compactable(end / 2).unwrap().judge(now).unwrap();
    assert!(half.first_uncleanable_offset <= end / 2);
    assert!(bases.contains(&half.first_uncleanable_offset));

    let mut config = log.config().clone();
    config.min_compaction_lag_ms = i64::MAX;
    log.update_config(config.clone());
    let young = log.compactable(end).unwrap().judge(now).unwrap();
    assert_eq!((young.cleanable_bytes, young.is_due()), (0, false));
    // The segments that hold nothing younger than the lag.
    config.min_compaction_lag_ms = 10_000;
    log.update_config(config.clone());
    let some = log.compactable(end).unwrap().judge(now).unwrap();
    assert!((1..all.first_uncleanable_offset).contains(&some.first_uncleanable_offset));
    let protected =
        rows(log).into_iter().filter(|row| row.base_offset < some.first_uncleanable_offset);
    let log = &mut workload.log;
    for row in protected {
        assert!(row.max_timestamp() <= now - 10_000, "{row:?}");
    }

    // A ratio that is not reached, but a lag that is over.
    config.min_compaction_lag_ms = 0;
    config.min_cleanable_dirty_ratio = 1.0;
    log.update_config(config.clone());
    assert!(!log.compactable(end).unwrap().judge(now).unwrap().is_due());
    config.max_compaction_lag_ms = 1_000;
    log.update_config(config.clone());
    let late = log.compactable(end).unwrap().judge(now).unwrap();
    assert!(late.is_due() && late.delay_ms > 0);
    config.max_compaction_lag_ms = now;
    log.update_config(config.clone());
    assert!(!log.compactable(end).unwrap().judge(now).unwrap().is_due());

    // What was noted does not fit the log: all is dirty.
    log.set_first_dirty_offset(end + 1);
    let reset = log.compactable(end).unwrap().judge(now).unwrap();
    assert_eq!((reset.is_reset, reset.first_dirty_offset), (true, 0));

    config.compact = false;
    log.update_config(config);
    assert!(log.compactable(end).is_none());
}

/// A segment whose indexes are not on the disk yet waits for its flush.
#[test]
fn what_is_not_flushed_is_not_compacted() {
    let mut workload = Workload::new(15);
    let value = vec![b'v'; 1_500];
    for _ in 0..20 {
        let mut builder = BatchBuilder::new(0);
        let record = NewRecord { timestamp: 1, key: Some(b"k"), value: Some(&value), headers: &[] };
        builder.append(&record).unwrap();
        let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
        let source = Source::Client { guard: None };
        workload.log.stage(batch, Origin { leader_epoch: 3, source }, workload.now).unwrap();
        workload.log.write_staged(workload.now).unwrap();
    }
    let (log, now) = (&mut workload.log, workload.now);
    assert!(log.has_unwritten_sealed_segments());
    let stable = log.end_offset();
    let before = log.compactable(stable).unwrap().judge(now).unwrap();
    workload.flush().unwrap();
    let log = &mut workload.log;
    assert!(!log.has_unwritten_sealed_segments());
    let after = log.compactable(stable).unwrap().judge(now).unwrap();
    assert!(
        before.first_uncleanable_offset < after.first_uncleanable_offset,
        "{before:?} {after:?}"
    );
}
