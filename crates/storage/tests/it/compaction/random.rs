//! Random logs, compacted again and again.

use super::model::{Pass, Row, assert_same, outcomes, table};
use super::workload::{DIRECTORY, Workload, open};
use super::{compact, old_formats, resources};
use crate::support::{batches, content};
use dohle_storage::{Deletion, Log, Opening, TimestampQuery};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn rows(log: &Log) -> Vec<Row> {
    batches(log).iter().map(Row::of).collect()
}

pub(crate) type Producers = Vec<(i64, i16, i32, i64, Option<i64>)>;

pub(crate) fn producers(log: &Log) -> Producers {
    let row = |(id, producer): (i64, &dohle_storage::producers::Producer)| {
        let open = producer.transaction_first_offset;
        (id, producer.epoch, producer.last_sequence(), producer.last_offset(), open)
    };
    log.producers().map(row).collect()
}

/// When each segment was last written to, as far as its batches tell.
fn written(workload: &Workload, rows: &[Row]) -> Vec<(i64, i64)> {
    let bases = workload.bases();
    let ends = bases.iter().skip(1).copied().chain([i64::MAX]);
    bases
        .iter()
        .zip(ends)
        .map(|(base, end)| {
            let own = rows.iter().filter(|row| (*base..end).contains(&row.base_offset));
            let largest = own.map(Row::max_timestamp).max().filter(|largest| *largest >= 0);
            (*base, largest.unwrap_or_else(|| workload.opened[base]))
        })
        .collect()
}

/// One round, checked; how many records went, and how many of magic 0 and 1 did or are of magic 2
/// now.
fn round(workload: &mut Workload, keys: usize) -> (usize, usize) {
    let (now, log) = (workload.now, &workload.log);
    let before = rows(log);
    check_aborted(log, &before);
    let (end, stable) = (log.end_offset(), log.last_stable_offset(log.end_offset()));
    let last_records: BTreeMap<i64, Result<i64, i16>> = producers(log)
        .into_iter()
        .map(|(id, epoch, _, last, _)| (id, if last >= 0 { Ok(last) } else { Err(epoch) }))
        .collect();
    let (tables, known) = (table(&before, stable), producers(log));
    let bases = workload.bases();
    let segments = written(workload, &before);
    let log = &mut workload.log;
    let mut deletion = Deletion::default();
    let done = compact(log, now, resources(keys), &mut deletion).unwrap();
    let Some((bounds, cleaned)) = done else { return (0, 0) };
    assert!(bounds.first_uncleanable_offset <= stable);
    assert!(cleaned.first_dirty_offset <= bounds.first_uncleanable_offset);
    assert!(cleaned.first_dirty_offset > bounds.first_dirty_offset, "no progress");
    let copied = bases.iter().filter(|base| **base >= cleaned.first_dirty_offset).min();
    let pass = Pass {
        dirty_from: bounds.first_dirty_offset,
        dirty_to: cleaned.first_dirty_offset,
        copied_to: *copied.unwrap(),
        limit: bounds.first_uncleanable_offset,
        now,
        segments,
        last_records,
    };
    let after = rows(log);
    assert_same(&after, &pass.expected(&before));
    assert_eq!(log.end_offset(), end);
    assert_eq!(log.last_stable_offset(end), stable);
    assert_eq!(table(&after, stable), tables);
    assert_eq!(producers(log), known);
    assert_eq!(log.first_dirty_offset(), Some(cleaned.first_dirty_offset));
    check_indexes(log, &after);
    check_aborted(log, &after);
    deletion.run().unwrap();
    let names: Vec<String> = workload.disk.paths().into_iter().map(|(path, _)| path).collect();
    let left = names
        .iter()
        .find(|name| [".deleted", ".cleaned", ".swap"].iter().any(|suffix| name.ends_with(suffix)));
    assert_eq!(left, None);
    // A new segment is as old as the last one of those that it takes the place of.
    let now = workload.bases();
    for (index, base) in now.iter().enumerate() {
        let next = now.get(index + 1).copied().unwrap_or(i64::MAX);
        let last = workload.opened.range(base..&next).next_back().map(|(_, at)| *at).unwrap();
        workload.opened.insert(*base, last);
    }
    workload.opened.retain(|base, _| now.contains(base));
    let count = |rows: &[Row], is_old: bool| {
        let of = rows.iter().filter(|row| !is_old || row.is_old());
        of.map(|row| row.records.len()).sum::<usize>()
    };
    let gone = |is_old| count(&before, is_old) - count(&after, is_old);
    (gone(false), gone(true))
}

/// What the indexes say is what a log says that was opened without them.
fn check_indexes(log: &Log, rows: &[Row]) {
    for row in rows {
        let mut found = None;
        log.reader()
            .batches(row.base_offset, i64::MAX, |batch| {
                found = Some(Row::of(&batch));
                Ok(false)
            })
            .unwrap();
        assert_eq!(found.map(|row| row.base_offset), Some(row.base_offset));
    }
    let newest = log.reader().offset_for_timestamp(TimestampQuery::MaxTimestamp);
    assert!(newest.is_ok());
}

/// A reader of committed records, told what the log tells it, sees no aborted record and all
/// others.
fn check_aborted(log: &Log, rows: &[Row]) {
    let outcomes = outcomes(rows);
    let mut told = log.reader().aborted_transactions(log.start_offset(), log.end_offset()).unwrap();
    told.sort_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
    let mut aborted = BTreeSet::new();
    for row in rows {
        while let Some(next) = told.pop_if(|next| next.first_offset <= row.last_offset) {
            aborted.insert(next.producer_id);
        }
        if row.aborts() == Some(true) {
            aborted.remove(&row.producer_id());
        }
        if let Some(Some(is_aborted)) = outcomes.get(&row.base_offset)
            && !row.records.is_empty()
        {
            let is_skipped = aborted.contains(&row.producer_id());
            assert_eq!(is_skipped, *is_aborted, "the batch at {}", row.base_offset);
        }
    }
}

/// Opened again, with what it knows from its files or from a scan, the log is the same.
fn reopen(workload: &mut Workload, clean: bool) {
    let Workload { log, disk, now, .. } = workload;
    let (before, known, dirty) = (rows(log), producers(log), log.first_dirty_offset());
    let (start, end) = (log.start_offset(), log.end_offset());
    if clean {
        log.close(*now).unwrap();
    }
    let disk = if clean { disk.clone() } else { disk.kill() };
    let recovery_point = if clean { end } else { 0 };
    let opening = Opening { clean, recovery_point, log_start_offset: start, now: *now };
    *log = open(&disk, opening);
    workload.disk = disk;
    workload.opened.clear();
    workload.note_opened();
    assert_same(&rows(&workload.log), &before);
    assert_eq!(workload.log.end_offset(), end);
    assert_eq!(producers(&workload.log), known);
    check_aborted(&workload.log, &before);
    if let Some(offset) = dirty {
        workload.log.set_first_dirty_offset(offset);
    }
}

/// Logs compacted round by round; what [`round`] says of all of them.
fn rounds(begin: impl Fn(u64) -> Workload + std::panic::RefUnwindSafe) -> (usize, usize) {
    let (mut gone, mut old_gone) = (0, 0);
    for seed in 0..24 {
        let checked = std::panic::catch_unwind(|| {
            let mut workload = begin(seed);
            let (mut gone, mut old_gone) = (0, 0);
            for _ in 0..8 {
                let count = 5 + workload.random.index(60);
                workload.append(count).unwrap();
                // Sometimes horizons pass.
                workload.now += [0, 1_000, 20_000][workload.random.index(3)];
                let keys = [5, 20, 1_000][workload.random.index(3)];
                let (all, old) = round(&mut workload, keys);
                (gone, old_gone) = (gone + all, old_gone + old);
                match workload.random.below(4) {
                    0 => reopen(&mut workload, true),
                    1 => reopen(&mut workload, false),
                    _ => {}
                }
            }
            (gone, old_gone)
        });
        let Ok((all, old)) = checked else { panic!("seed {seed}") };
        (gone, old_gone) = (gone + all, old_gone + old);
    }
    println!("{gone} records gone, {old_gone} of magic 0 and 1 gone or converted");
    (gone, old_gone)
}

#[test]
fn random_logs_keep_what_the_model_keeps() {
    assert!(rounds(Workload::new).0 > 2_000);
}

#[test]
fn random_logs_of_old_formats_keep_what_the_model_keeps() {
    assert!(rounds(old_formats::workload).1 > 1_000);
}

#[test]
fn nothing_is_left_to_do_after_a_round() {
    let mut workload = Workload::new(1);
    workload.append(200).unwrap();
    assert!(round(&mut workload, 1_000).0 > 0);
    let log = &mut workload.log;
    let again = compact(log, workload.now, resources(1_000), &mut Deletion::default()).unwrap();
    assert!(again.is_none(), "{again:?}");
    assert!(content(&workload.disk, &format!("{DIRECTORY}/00000000000000000000.log")).is_some());
}
