//! Each sentence that a partition's checks stand for is violated once by hand, and told.

use super::*;
use crate::checker::compaction::Policy;

fn id(number: u64) -> RecordId {
    RecordId { producer: 0, incarnation: 0, number }
}

/// A partition to which the records below `sent` were sent, by one producer.
fn partition(is_durable: bool, sent: u64) -> Partition {
    let mut partition = Partition::new("t", is_durable, 0);
    partition.on_sent(id(sent - 1), true, Moment::default());
    partition
}

/// The same with all of them acknowledged by all, each at the offset of its number.
fn written(is_durable: bool, sent: u64) -> Partition {
    let mut partition = partition(is_durable, sent);
    assert_eq!(acknowledge(&mut partition, 0, 0..sent), Ok(sent));
    partition
}

fn acknowledge(partition: &mut Partition, base: i64, numbers: Range<u64>) -> Result<u64, String> {
    let asked = partition.asked_in(0);
    partition.on_acknowledged(asked, base, id(numbers.start)..id(numbers.end), true)
}

/// These numbers at these offsets, for who asked at `position`, with all marks as high as can be.
fn fetched(position: i64, records: &[(i64, u64)]) -> Fetched {
    let end = records.last().map_or(position, |(offset, _)| offset + 1);
    Fetched {
        marks: Marks { log_start: 0, last_stable: end, high_watermark: end },
        position,
        records: records.iter().map(|(offset, number)| (*offset, id(*number))).collect(),
        timestamps: vec![0; records.len()],
        end,
        now: Moment::default(),
    }
}

fn read(partition: &mut Partition, position: i64, records: &[(i64, u64)]) -> Result<i64, String> {
    // As it was before anything was known: no mark is in the way.
    let asked = Asked { marks: Marks::default(), ..partition.asked_in(0) };
    partition.on_fetched(asked, &fetched(position, records)).map(|(position, _)| position)
}

fn with_marks(partition: &mut Partition, marks: (i64, i64, i64)) -> Result<(), String> {
    let (log_start, last_stable, high_watermark) = marks;
    let marks = Marks { log_start, last_stable, high_watermark };
    let fetched = Fetched { marks, ..fetched(0, &[]) };
    partition.on_fetched(partition.asked_in(0), &fetched).map(drop)
}

/// That it is an error with these words.
fn says<T: std::fmt::Debug>(verdict: &Result<T, String>, words: &str) {
    assert!(verdict.as_ref().is_err_and(|what| what.contains(words)), "{words}: {verdict:?}");
}

#[test]
fn an_offset_has_one_record_for_ever() {
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 0, &[(0, 0), (1, 1)]), Ok(2));
    assert_eq!(read(&mut one, 0, &[(0, 0), (1, 1)]), Ok(2), "read again");
    says(&read(&mut one, 1, &[(1, 2)]), "where 0.0.1 was");
    says(&acknowledge(&mut one, 1, 2..3), "where 0.0.1 was");
}

#[test]
fn a_record_has_one_offset() {
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 0, &[(0, 0), (1, 1)]), Ok(2));
    says(&read(&mut one, 2, &[(2, 1)]), "is at 1 and at 2");
}

#[test]
fn a_record_was_sent() {
    let mut one = partition(false, 3);
    says(&read(&mut one, 0, &[(0, 3)]), "was never sent here");
    let other = RecordId { producer: 1, ..id(0) };
    let fetched = Fetched { records: vec![(0, other)], ..fetched(0, &[(0, 0)]) };
    says(&one.on_fetched(one.asked_in(0), &fetched), "was never sent here");
}

#[test]
fn records_of_a_producer_keep_their_order() {
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 0, &[(0, 1)]), Ok(1));
    says(&read(&mut one, 1, &[(1, 0)]), "lies behind");
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 1, &[(1, 1)]), Ok(2));
    says(&read(&mut one, 0, &[(0, 2)]), "lies before");
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 1, &[(1, 1)]), Ok(2));
    says(&read(&mut one, 2, &[(2, 0)]), "lies behind");
}

#[test]
fn one_that_nobody_answers_keeps_its_order_too_and_others_need_not() {
    let mut plain = Partition::new("t", false, 0);
    plain.on_sent(id(2), false, Moment::default());
    let mut told = plain.clone();
    assert_eq!(read(&mut plain, 0, &[(0, 1), (1, 0)]), Ok(2));
    told.on_ordered(0);
    says(&read(&mut told, 0, &[(0, 1), (1, 0)]), "lies behind");
}

#[test]
fn nothing_is_missing_between_records_of_an_idempotent_producer() {
    let now = Moment::default();
    let mut one = partition(false, 3);
    assert_eq!(read(&mut one, 0, &[(0, 0), (1, 2)]), Ok(2));
    says(&one.check_gaps(0, now), "a gap");
    assert_eq!(one.check_gaps(1, now), Ok(()), "what was before the log's start was deleted");
    let mut plain = Partition::new("t", false, 0);
    plain.on_sent(id(2), false, now);
    assert_eq!(read(&mut plain, 0, &[(0, 0), (1, 2)]), Ok(2));
    assert_eq!(plain.check_gaps(0, now), Ok(()), "it sends everything once");
}

#[test]
fn what_is_sent_after_an_acknowledgement_lies_behind_it() {
    let mut one = partition(false, 4);
    assert_eq!(acknowledge(&mut one, 5, 0..2), Ok(2));
    says(&acknowledge(&mut one, 3, 2..3), "before it was first sent all below 7 was");
    assert_eq!(acknowledge(&mut one, 5, 0..2), Ok(2), "a repetition");
    assert_eq!(acknowledge(&mut one, 7, 2..3), Ok(1));
}

/// Seed 3247.
#[test]
fn what_the_leader_alone_acknowledged_before_a_power_loss_is_behind_nobody() {
    let mut one = partition(true, 4);
    let alone = one.on_acknowledged(one.asked_in(0), 5, id(0)..id(2), false);
    assert_eq!(alone, Ok(2));
    let asked = one.asked_in(0);
    assert_eq!(one.on_cut(0, 3), Ok(2));
    let mut late = one.clone();
    says(&late.on_acknowledged(asked, 2, id(2)..id(3), true), "all below 3 was");
    assert_eq!(one.on_acknowledged(asked, 3, id(2)..id(3), true), Ok(1));
}

#[test]
fn a_fetch_skips_nothing() {
    let mut one = partition(false, 4);
    says(&read(&mut one, 0, &[(1, 1)]), "skips to 1");
    says(&read(&mut one, 0, &[(0, 0), (2, 2)]), "skips to 2");
    assert_eq!(read(&mut one, 1, &[(0, 0), (1, 1)]), Ok(2), "a batch has what is before it too");
}

#[test]
fn marks_never_go_back() {
    let mut one = Partition::new("t", false, 9);
    assert_eq!(with_marks(&mut one, (2, 5, 7)), Ok(()));
    assert_eq!(with_marks(&mut one, (2, 5, 7)), Ok(()));
    for marks in [(1, 5, 7), (2, 4, 7), (2, 5, 6)] {
        says(&with_marks(&mut one.clone(), marks), "marks go back");
    }
    for marks in [(6, 5, 7), (2, 8, 7)] {
        says(&with_marks(&mut one.clone(), marks), "marks out of order");
    }
}

#[test]
fn what_was_acknowledged_by_all_is_below_the_high_watermark() {
    let mut one = written(false, 3);
    says(&with_marks(&mut one, (0, 2, 2)), "marks go back");
    assert_eq!(with_marks(&mut one, (0, 2, 3)), Ok(()));
}

#[test]
fn nothing_at_or_above_the_high_watermark_is_shown() {
    let mut one = partition(false, 3);
    let marks = Marks { high_watermark: 1, last_stable: 1, log_start: 0 };
    let fetched = Fetched { marks, ..fetched(0, &[(0, 0), (1, 1)]) };
    says(&one.on_fetched(one.asked_in(0), &fetched), "is shown, the high watermark is 1");
}

#[test]
fn the_log_starts_only_where_records_may_leave() {
    let mut one = Partition::new("t", false, 3);
    says(&with_marks(&mut one, (4, 9, 9)), "nobody asked for more than 3");
    assert_eq!(with_marks(&mut one, (3, 9, 9)), Ok(()));
}

#[test]
fn a_young_record_stays() {
    let mut one = written(false, 3).kept_ms(Some(1_000));
    one.on_sent(id(2), true, Moment::default());
    says(&with_marks(&mut one, (1, 3, 3)), "retention keeps it 1000 ms");
}

/// The log's start is on the disk only where somebody was told so.
#[test]
fn the_log_starts_again_where_somebody_was_told() {
    let mut one = Partition::new("t", false, 9);
    one.on_deleted(one.asked_in(0), 3);
    assert_eq!(with_marks(&mut one, (5, 9, 9)), Ok(()));
    says(&with_marks(&mut one.clone(), (4, 9, 9)), "marks go back");
    one.on_end();
    says(&with_marks(&mut one.clone(), (2, 9, 9)), "marks go back");
    assert_eq!(with_marks(&mut one, (3, 9, 9)), Ok(()));
}

#[test]
fn a_log_ends_behind_all_that_was_seen() {
    let mut one = Partition::new("t", false, 9);
    one.on_sent(id(5), true, Moment::default());
    assert_eq!(with_marks(&mut one, (2, 3, 3)), Ok(()));
    let leader_alone = one.on_acknowledged(one.asked_in(0), 3, id(0)..id(2), false);
    assert_eq!(leader_alone, Ok(2));
    let asked = one.asked_in(0);
    says(&one.clone().on_ends(asked, (2, 2), false), "3 was seen");
    assert_eq!(one.clone().on_ends(asked, (2, 3), false), Ok(()));
    says(&one.clone().on_ends(asked, (2, 4), true), "5 was seen or acknowledged");
    says(&one.clone().on_ends(asked, (1, 5), true), "started at 2 before");
    one.on_end();
    assert_eq!(one.on_ends(asked, (1, 5), true), Ok(()), "another process");
}

#[test]
fn a_power_loss_takes_nothing_that_was_promised() {
    says(&written(true, 5).on_cut(0, 4), "the high watermark 5");
    assert_eq!(written(true, 5).on_cut(0, 5), Ok(0));
    assert_eq!(written(false, 5).on_cut(0, 4), Ok(1), "elsewhere the log is less an end");
    // Nobody has seen what the leader alone has acknowledged.
    let mut one = partition(true, 5);
    assert_eq!(one.on_acknowledged(one.asked_in(0), 0, id(0)..id(5), false), Ok(5));
    assert_eq!(one.on_cut(0, 3), Ok(2));
    // What was seen is promised, whoever was told first.
    let mut one = partition(true, 5);
    assert_eq!(one.on_acknowledged(one.asked_in(0), 0, id(0)..id(5), false), Ok(5));
    assert_eq!(read(&mut one, 0, &[(0, 0), (1, 1)]), Ok(2));
    says(&one.on_cut(0, 1), "after a power loss the log ends at 1");
}

#[test]
fn after_a_power_loss_what_is_lost_may_be_written_anew_and_what_is_left_not() {
    let mut one = written(false, 5);
    assert_eq!(one.on_cut(0, 3), Ok(2));
    one.on_sent(id(9), true, Moment::default());
    says(&read(&mut one.clone(), 2, &[(2, 5)]), "where 0.0.2 was");
    assert_eq!(read(&mut one, 3, &[(3, 5)]), Ok(4));
}

#[test]
fn deleted_records_stay_deleted_over_a_power_loss() {
    let mut one = written(true, 5);
    one.deletable_to = 3;
    one.on_deleted(one.asked_in(0), 3);
    says(&one.clone().on_cut(2, 5), "records below 3 were deleted");
    says(&one.clone().on_cut(4, 5), "nobody asked for more than 3");
    assert_eq!(one.on_cut(3, 5), Ok(0));
}

#[test]
fn a_hole_takes_nothing_that_was_promised() {
    says(&written(true, 5).on_hole(1..3), "was promised, 1..3 is missing");
    let mut one = written(false, 5);
    assert_eq!(one.on_hole(1..3), Ok(2));
    assert_eq!(read(&mut one, 0, &[(0, 0), (3, 3)]), Ok(4), "readers pass over it");
    says(&read(&mut one, 0, &[(0, 0), (4, 4)]), "skips to 4");
    assert_eq!(one.check_gaps(0, Moment::default()), Ok(()));
}

#[test]
fn compaction_explains_only_what_was_superseded() {
    let policy = Policy { tombstones_ms: 0, lag_ms: 0 };
    let mut one = Partition::new("t", true, 0).compacted(Some(policy));
    one.on_sent(id(4), true, Moment::default());
    assert_eq!(acknowledge(&mut one, 0, 0..5), Ok(5));
    assert_eq!(one.on_cut(0, 5), Ok(0));
    assert_eq!(one.on_missed(1..2, 5, Moment::default()), Ok(()));
    says(&one.on_audited(Some(5), Moment::default()), "was promised, and nothing explains its end");
}

/// Ten records, of which the disk has damaged the batch of two in the middle.
fn damaged(is_durable: bool) -> Partition {
    let mut one = written(is_durable, 10);
    one.on_damage(4..6, 1);
    one
}

#[test]
fn a_damaged_batch_excuses_a_cut_there_and_nowhere_else() {
    assert_eq!(damaged(true).on_cut(0, 4), Ok(6));
    says(&damaged(true).on_cut(0, 3), "the log ends at 3");
    for end in 5..10 {
        says(&damaged(true).on_cut(0, end), &format!("the log ends at {end}"));
    }
    assert_eq!(damaged(true).on_cut(0, 10), Ok(0));
}

/// Seed 5565.
#[test]
fn a_log_that_is_cut_below_its_start_begins_anew_there() {
    let mut one = damaged(true);
    one.deletable_to = 7;
    one.on_deleted(one.asked_in(0), 7);
    says(&one.clone().on_cut(7, 8), "the log ends at 8");
    assert_eq!(one.on_cut(7, 7), Ok(3));
}

#[test]
fn what_lies_before_a_damaged_batch_stays_promised() {
    let mut one = damaged(true);
    assert_eq!(one.on_cut(0, 4), Ok(6));
    one.on_mended();
    assert_eq!(one.clone().on_cut(0, 4), Ok(0), "the next power loss");
    says(&one.clone().on_cut(0, 3), "the high watermark 4");
    says(&one.on_hole(1..2), "was promised");
}

#[test]
fn what_is_acknowledged_after_a_cut_is_promised() {
    let mut one = damaged(true);
    assert_eq!(one.on_cut(0, 4), Ok(6));
    one.on_mended();
    let later = RecordId { incarnation: 1, ..id(0) };
    one.on_sent(RecordId { number: 2, ..later }, true, Moment::default());
    let ids = later..RecordId { number: 3, ..later };
    assert_eq!(one.on_acknowledged(one.asked_in(1), 4, ids, true), Ok(3));
    says(&one.clone().on_cut(0, 6), "the high watermark 7");
    assert_eq!(one.on_cut(0, 7), Ok(0));
}

#[test]
fn what_is_mended_is_promised_as_before() {
    let mut one = damaged(true);
    assert_eq!(one.on_cut(0, 10), Ok(0));
    assert_eq!(one.on_damaged_at(4), Ok(0));
    one.on_mended();
    for end in 0..10 {
        says(&one.clone().on_cut(0, end), "the high watermark 10");
    }
    says(&one.on_damaged_at(4), "no disk has damaged");
}

#[test]
fn a_reader_finds_the_damage_where_it_is() {
    assert_eq!(damaged(true).on_damaged_at(4), Ok(0));
    assert_eq!(damaged(true).on_damaged_at(5), Ok(0), "the log starts within the batch");
    says(&damaged(true).on_damaged_at(6), "no disk has damaged what lies at 6");
    says(&damaged(true).on_damaged_at(3), "was promised, 3..4 is missing");
    assert_eq!(damaged(false).on_damaged_at(3), Ok(1), "a power loss took what lay between");
}

/// A log of which a batch was damaged once is read as any other.
#[test]
fn a_damage_that_is_over_excuses_no_gap() {
    let mut one = damaged(false);
    assert_eq!(one.on_cut(0, 10), Ok(0));
    one.on_mended();
    says(&read(&mut one, 0, &[(0, 0), (2, 2)]), "skips to 2");
    says(&read(&mut one, 6, &[(7, 7)]), "skips to 7");
}

/// What was asked before the damage may have been cut; what was asked since then holds.
#[test]
fn a_damage_voids_only_what_was_asked_before_it() {
    assert!(written(true, 2).keeps_promises(0));
    assert!(!written(false, 2).keeps_promises(0));
    let one = damaged(true);
    assert!(!one.keeps_promises(0));
    assert!(one.keeps_promises(1) && one.keeps_promises(2));
    assert!(one.has_decayed());
}
