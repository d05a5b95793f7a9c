//! Readers that began before a compaction, while segments are replaced.

use super::random::rows;
use super::workload::Workload;
use super::{compact, resources};
use crate::support::{bytes_of, plan};
use dohle_protocol::record::Batch;
use dohle_storage::{Cursor, Deletion, ReadLimit, ReadPlan, is_given_up};

fn everything(end_offset: i64) -> ReadLimit {
    ReadLimit { end_offset, size_bytes_max: 1 << 20, at_least_one_batch: true, aborted: false }
}

/// Segments of more than 32 KiB leave as ranges of files: a range that was planned before the swap
/// is read after it, and again after the old files are gone.
#[test]
fn a_planned_range_outlives_its_file() {
    let mut workload = Workload::new(5);
    let mut config = workload.log.config().clone();
    config.segment_bytes = 60_000;
    workload.log.update_config(config);
    workload.append(900).unwrap();
    let log = &mut workload.log;
    let end = log.end_offset();
    let planned: ReadPlan = plan(log, Cursor::at(0), everything(end)).unwrap();
    assert!(planned.pieces.iter().all(|piece| matches!(piece, dohle_env::net::Piece::File { .. })));
    let before = bytes_of(&planned);
    let mut deletion = Deletion::default();
    compact(log, workload.now, resources(1_000), &mut deletion).unwrap().unwrap();
    assert!(bytes_of(&planned) == before, "the range is another one");
    deletion.run().unwrap();
    assert!(bytes_of(&planned) == before, "the range is gone");
    let now = plan(log, Cursor::at(0), everything(end)).unwrap();
    assert!(bytes_of(&now).len() < before.len());
}

/// A snapshot that must open a file after the swap is told so, and never gets the new file's bytes.
#[test]
fn a_snapshot_is_told_that_it_is_too_late() {
    let mut workload = Workload::new(6);
    workload.append(200).unwrap();
    let log = &mut workload.log;
    let end = log.end_offset();
    let old = log.reader();
    let mut deletion = Deletion::default();
    compact(log, workload.now, resources(1_000), &mut deletion).unwrap().unwrap();
    for run in [false, true] {
        if run {
            deletion.run().unwrap();
        }
        let error = old.batches(0, end, |_| Ok(true)).unwrap_err();
        assert!(is_given_up(&error), "{error}");
        let error = old.read(Cursor::at(0), everything(end)).unwrap_err();
        assert!(is_given_up(&error), "{error}");
        // What was not compacted is read as before.
        let active = log.compactable(end).unwrap().judge(workload.now).unwrap();
        assert!(old.read(Cursor::at(active.first_uncleanable_offset), everything(end)).is_ok());
    }
}

/// A cursor from before the swap points into a file that looks otherwise now: it goes on at the
/// right batch.
#[test]
fn cursors_go_on_behind_a_swap() {
    let mut workload = Workload::new(7);
    workload.append(120).unwrap();
    let end = workload.log.end_offset();
    let limit = ReadLimit { size_bytes_max: 1, ..everything(end) };
    let mut cursors = Vec::new();
    let mut cursor = Cursor::at(0);
    while let Some(plan) = plan(&workload.log, cursor, limit).filter(|plan| plan.size_bytes > 0) {
        let bytes = bytes_of(&plan);
        cursor = plan.next.to(Batch::parse(&bytes).unwrap().header.next_offset());
        cursors.push(cursor);
    }
    let log = &mut workload.log;
    compact(log, workload.now, resources(1_000), &mut Deletion::default()).unwrap().unwrap();
    let rows = rows(log);
    for cursor in cursors {
        let plan = plan(log, cursor, limit).unwrap();
        let expected = rows.iter().find(|row| row.last_offset >= cursor.offset);
        let found = (plan.size_bytes > 0)
            .then(|| Batch::parse(&bytes_of(&plan)).unwrap().header.base_offset);
        assert_eq!(found, expected.map(|row| row.base_offset), "from {}", cursor.offset);
    }
}

/// A log that loses segments meanwhile keeps what it has: the cleaning ends without effect.
#[test]
fn a_log_that_changed_meanwhile_refuses_the_swap() {
    for change in ["retention", "truncation"] {
        let mut workload = Workload::new(8);
        workload.append(150).unwrap();
        let (log, now) = (&mut workload.log, workload.now);
        let end = log.end_offset();
        let subject = log.compactable(end).unwrap();
        let bounds = subject.judge(now).unwrap();
        let mut cleaning = log.begin_cleaning(subject, bounds, resources(1_000), now);
        let replacement = loop {
            match cleaning.step().unwrap() {
                dohle_storage::compaction::Step::Replace(replacement) => break replacement,
                dohle_storage::compaction::Step::More => {}
                dohle_storage::compaction::Step::Done(done) => panic!("{done:?}"),
            }
        };
        let deletion = if change == "retention" {
            log.advance_start_offset(end / 2);
            log.retention(now, end).unwrap().deletion
        } else {
            log.truncate_to(bounds.first_uncleanable_offset, now).unwrap()
        };
        deletion.run().unwrap();
        let before = rows(log);
        let Err(replacement) = log.begin_replace(replacement) else {
            panic!("{change}: the log has taken what does not fit")
        };
        replacement.discard().unwrap();
        assert!(rows(log) == before, "{change}");
        let left = workload.disk.paths().into_iter().filter(|(path, _)| path.ends_with(".cleaned"));
        assert_eq!(left.count(), 0, "{change}");
    }
}
