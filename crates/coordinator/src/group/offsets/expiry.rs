//! Offsets that nobody needs any more: too old, or of topics that are gone.
//!
//! All groups are looked through, in slices: a turn must not be long, nor a batch large.

use super::super::classic::{self, State};
use super::super::deciding::Deciding;
use super::super::{Group, Timer, consumer};
use super::committed::Committed;
use super::delete::{is_subscribed, tombstone};
use dohle_protocol::ids::{Timestamp, Uuid};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

/// How many tombstones a slice writes at most: about 100 KB.
const TOMBSTONES_MAX: usize = 1_000;
/// How many offsets and groups a slice looks at, up to the end of the last group: about a
/// millisecond.
const LOOKS_MAX: usize = 10_000;
/// The pause between two slices: others get their turn.
const PAUSE_MS: i64 = 1;

/// How far the rounds over all groups have come.
#[derive(Debug, Default)]
pub(in crate::group) struct Upkeep {
    /// The last group that was looked at for old offsets; the empty one before a round.
    expired_to: Box<str>,
    /// Topics whose offsets are removed in the current round.
    forgotten: BTreeSet<Text>,
    /// The last group that was looked at for them.
    forgotten_to: Box<str>,
}

/// What a slice may still do.
struct Slice {
    looks: usize,
    tombstones: usize,
}

impl Slice {
    fn new() -> Self {
        Self { looks: LOOKS_MAX, tombstones: TOMBSTONES_MAX }
    }

    fn is_over(&self) -> bool {
        self.looks == 0 || self.tombstones == 0
    }

    fn look(&mut self, count: usize) {
        self.looks = self.looks.saturating_sub(count);
    }
}

/// From when on the retention of an offset counts.
#[derive(Clone, Copy)]
enum Since {
    Commit,
    Given(Timestamp),
}

/// Sets the time of the first round.
pub(in crate::group) fn begin_expiry(deciding: &mut Deciding<'_>) {
    let interval_ms = deciding.soft.settings.offsets_retention_check_interval_ms;
    set(deciding, Timer::ExpireOffsets, interval_ms.max(PAUSE_MS));
}

fn set(deciding: &mut Deciding<'_>, timer: Timer, delay_ms: i64) {
    let at = Timestamp(deciding.now.0.saturating_add(delay_ms));
    deciding.soft.timers.set(timer, at);
}

/// Removes offsets that are too old, and groups that are empty and have none: one slice of it.
pub(in crate::group) fn expire(deciding: &mut Deciding<'_>) {
    let mut slice = Slice::new();
    while let Some(group) = next_group(deciding, &deciding.soft.upkeep.expired_to) {
        if slice.is_over() {
            return set(deciding, Timer::ExpireOffsets, PAUSE_MS);
        }
        slice.look(1);
        if !expire_group(deciding, &group, &mut slice) {
            // The rest of it comes with the next slice, which sees this one's tombstones.
            return set(deciding, Timer::ExpireOffsets, PAUSE_MS);
        }
        deciding.soft.upkeep.expired_to = (&*group).into();
    }
    deciding.soft.upkeep.expired_to = Box::default();
    begin_expiry(deciding);
}

/// The first group of any kind that comes after this one.
fn next_group(deciding: &Deciding<'_>, id: &str) -> Option<Text> {
    let mut others = deciding.hard.groups.range::<str, _>((Excluded(id), Unbounded));
    let ids = [
        deciding.soft.classic.after(id).cloned(),
        others.next().map(|(id, _)| id.clone()),
        deciding.hard.offsets.after(id).map(Text::from),
    ];
    ids.into_iter().flatten().min()
}

/// False if the slice was over before the group was.
fn expire_group(deciding: &mut Deciding<'_>, group: &Text, slice: &mut Slice) -> bool {
    let hard = deciding.hard;
    if hard.is_foreign(group) {
        return true;
    }
    let mut is_all = true;
    if let Some(offsets) = hard.offsets.of(group) {
        let Some(since) = since(deciding, group) else { return true };
        for (topic, offsets) in offsets.iter() {
            slice.look(offsets.len());
            if is_subscribed(deciding, group, topic) {
                is_all = false;
                continue;
            }
            let name = Text::from(topic);
            for committed in offsets.iter() {
                let is_pending = hard.offsets.is_pending(group, topic, committed.partition);
                if is_pending || !is_expired(deciding, committed, since) {
                    is_all = false;
                } else if slice.tombstones == 0 {
                    return false;
                } else {
                    slice.tombstones -= 1;
                    deciding.soft.done.offsets_expired += 1;
                    deciding.write(tombstone(group, &name, committed.partition));
                }
            }
        }
    }
    if is_all && !hard.offsets.is_in_transaction(group) {
        delete_if_empty(deciding, group);
    }
    true
}

/// From when on the retention of the group's offsets counts; `None` if they are kept.
fn since(deciding: &Deciding<'_>, group_id: &str) -> Option<Since> {
    let Some(group) = deciding.soft.classic.get(group_id) else { return Some(Since::Commit) };
    if group.protocol_type.is_none() {
        return Some(Since::Commit);
    }
    match group.state() {
        State::Empty => Some(group.since.map_or(Since::Commit, Since::Given)),
        State::Stable if group.subscribed.is_some() => Some(Since::Commit),
        State::Stable | State::PreparingRebalance | State::CompletingRebalance => None,
    }
}

fn is_expired(deciding: &Deciding<'_>, committed: &Committed, since: Since) -> bool {
    let now = deciding.now.0;
    if let Some(expires_at) = committed.expires_at() {
        return now >= expires_at;
    }
    let since = match since {
        Since::Commit => committed.committed_at,
        Since::Given(since) => since.0,
    };
    now.saturating_sub(since) >= deciding.soft.settings.offsets_retention_ms
}

fn delete_if_empty(deciding: &mut Deciding<'_>, group_id: &Text) {
    if let Some(group) = deciding.soft.classic.get(group_id) {
        if group.state() == State::Empty {
            classic::delete(deciding, group_id);
        }
    } else if let Some(Group::Consumer(group)) = deciding.hard.groups.get(group_id) {
        if consumer::is_empty(group) {
            consumer::delete(deciding, group_id);
        }
    } else {
        classic::delete(deciding, group_id);
    }
}

/// Topics were deleted: their offsets are to go.
pub(in crate::group) fn forget_topics(deciding: &mut Deciding<'_>, deleted: &[Text]) {
    if deleted.is_empty() {
        return;
    }
    let upkeep = &mut deciding.soft.upkeep;
    upkeep.forgotten.extend(deleted.iter().cloned());
    // The groups behind us may have offsets of the new ones.
    upkeep.forgotten_to = Box::default();
    forget_more_topics(deciding);
}

/// Removes offsets of deleted topics: one slice of it.
pub(in crate::group) fn forget_more_topics(deciding: &mut Deciding<'_>) {
    let mut slice = Slice::new();
    let topics = deciding.soft.upkeep.forgotten.clone();
    let mut last: Box<str> = deciding.soft.upkeep.forgotten_to.clone();
    let offsets = &deciding.hard.offsets;
    while let Some(group) = offsets.after_with_pending(&last) {
        if slice.is_over() || !forget_in(deciding, &Text::from(group), &topics, &mut slice) {
            deciding.soft.upkeep.forgotten_to = last;
            return set(deciding, Timer::ForgetTopics, PAUSE_MS);
        }
        last = group.into();
    }
    deciding.soft.upkeep.forgotten.clear();
    deciding.soft.upkeep.forgotten_to = Box::default();
}

/// False if the slice was over before the group was.
fn forget_in(
    deciding: &mut Deciding<'_>,
    group: &Text,
    topics: &BTreeSet<Text>,
    slice: &mut Slice,
) -> bool {
    let hard = deciding.hard;
    for name in topics {
        slice.look(1);
        // It may have been made again meanwhile.
        let current = deciding.soft.image.topics.by_name(name).map(|topic| topic.id);
        let all = hard.offsets.of(group).into_iter().chain(hard.offsets.pending_of(group));
        let mut partitions = BTreeSet::new();
        for offsets in all.filter_map(|offsets| offsets.topic(name)) {
            let of_deleted = offsets.iter().filter(|committed| {
                let id = offsets.id_of(committed);
                id == Uuid::ZERO || Some(id) != current
            });
            partitions.extend(of_deleted.map(|committed| committed.partition));
        }
        slice.look(partitions.len());
        for partition in partitions {
            if slice.tombstones == 0 {
                return false;
            }
            slice.tombstones -= 1;
            deciding.write(tombstone(group, name, partition));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{GroupCoordinator, GroupRecord, Groups, Leadership};
    use dohle_protocol::ids::{Offset, ProducerEpoch, ProducerId};
    use dohle_protocol::messages as m;
    use dohle_replication::machine::{Entry, Machine, ProducerIdAndEpoch};

    /// Every third group has its offset in an open transaction only.
    fn groups(count: i64) -> Groups {
        let mut hard = Groups::default();
        let producer = ProducerIdAndEpoch { id: ProducerId(1), epoch: ProducerEpoch(0) };
        for at in 0..count {
            let group = Text::from(format!("a-group-with-a-name-{at:09}"));
            let key = m::OffsetCommitKey { group, topic: "t".into(), partition: 0 };
            let entry = Entry::Record {
                record: GroupRecord::OffsetCommit(key, Some(m::OffsetCommitValue::default())),
                timestamp: Timestamp(0),
                producer: (at % 3 == 0).then_some(producer),
            };
            GroupCoordinator::apply(&mut hard, Offset(at), &entry);
        }
        hard
    }

    #[test]
    fn offsets_of_a_deleted_topic_go_in_slices_whoever_wrote_them() {
        let (hard, mut soft) = (groups(2_500), Leadership::default());
        let mut counts = Vec::new();
        let mut deciding = Deciding::new(&hard, &mut soft, Timestamp(0));
        forget_topics(&mut deciding, &["t".into()]);
        counts.push(deciding.finish().records.len());
        while !soft.upkeep.forgotten.is_empty() {
            let mut deciding = Deciding::new(&hard, &mut soft, Timestamp(0));
            forget_more_topics(&mut deciding);
            counts.push(deciding.finish().records.len());
        }
        assert_eq!(counts, [1_000, 1_000, 500]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test takes the time")]
    fn a_slice_does_not_look_at_all_groups() {
        let (hard, mut soft) = (groups(100_000), Leadership::default());
        let start = std::time::Instant::now();
        for _ in 0..100 {
            soft.upkeep.forgotten.insert("another".into());
            soft.upkeep.forgotten_to = "a-group-with-a-name-000099900".into();
            forget_more_topics(&mut Deciding::new(&hard, &mut soft, Timestamp(0)));
        }
        assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    }
}
