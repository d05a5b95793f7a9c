//! What compaction took out of a log, and whether it may have.
//!
//! A record may be gone if a newer one of its key is there that is old enough to be compacted, or
//! if it is a tombstone that has been there for as long as was promised. The newer one may itself be
//! gone, or not be known yet: a reader who finds that a record is missing owes an explanation until
//! somebody has read as far as readers could when it was missed.

use super::RecordId;
use super::sendings::Sendings;
use dohle_env::clock::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Between a time in nanoseconds and one in whole milliseconds.
const ROUNDING_MS: i64 = 1;

/// A time, and what the node's wall clock may have made of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub at: Instant,
    /// How far the node's wall clock has jumped ahead until then, in all, in milliseconds.
    pub jumped_ms: i64,
    /// How far it was ahead of everybody else's at most until then, in milliseconds.
    pub ahead_ms: i64,
}

impl Moment {
    /// The most milliseconds that the node may count from `self` to `later`.
    fn until(self, later: Self) -> i64 {
        let time = later.at - self.at;
        let passed = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        passed.saturating_add(ROUNDING_MS)
    }

    /// Both times taken by the node.
    fn by_node(self, later: Self) -> i64 {
        self.until(later).saturating_add(later.jumped_ms - self.jumped_ms)
    }

    /// The first one taken by a client.
    pub(super) fn by_client(self, later: Self) -> i64 {
        self.until(later).saturating_add(later.ahead_ms)
    }
}

/// What a topic promises of compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `delete.retention.ms`.
    pub tombstones_ms: i64,
    /// `min.compaction.lag.ms`.
    pub lag_ms: i64,
}

/// A record that somebody has missed.
#[derive(Clone, Copy, Debug)]
struct Owed {
    id: RecordId,
    noticed: Moment,
    /// Who has read to here knows why.
    due: i64,
}

/// What is known of the keys of a compacted partition.
#[derive(Clone, Debug)]
pub struct Compaction {
    policy: Policy,
    /// Where each key is known to have been.
    places: BTreeMap<u64, BTreeSet<i64>>,
    sent: Sendings,
    /// Records that are gone, rightly.
    gone: BTreeSet<i64>,
    owed: BTreeMap<i64, Owed>,
    /// The highest start of the log that anybody has seen.
    log_start: i64,
}

/// What was found to be gone, rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Records.
    pub records: u64,
    /// Those of them that were tombstones of keys that nothing was written to since.
    pub tombstones: u64,
}

/// A record that should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Where it was.
    pub offset: i64,
    /// Which it was.
    pub id: RecordId,
}

impl Compaction {
    /// Of a partition of which nothing is known.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            places: BTreeMap::new(),
            sent: Sendings::default(),
            gone: BTreeSet::new(),
            owed: BTreeMap::new(),
            log_start: 0,
        }
    }

    /// The records before `id` of its producer, and `id`, were or are about to be sent.
    pub fn on_sent(&mut self, id: RecordId, now: Moment) {
        self.sent.on_sent(id, now);
    }

    /// A record is known to be, or to have been, at `offset`.
    pub fn on_learned(&mut self, offset: i64, id: RecordId) {
        self.places.entry(id.key_number()).or_default().insert(offset);
    }

    /// What is known of a record is void.
    pub fn on_forgotten(&mut self, offset: i64, id: RecordId) {
        if let Some(places) = self.places.get_mut(&id.key_number()) {
            places.remove(&offset);
        }
        self.gone.remove(&offset);
        self.owed.remove(&offset);
    }

    /// What was gone is to be explained anew: a power loss may have taken the explanation.
    pub fn on_cut(&mut self) {
        self.gone.clear();
        self.owed.clear();
    }

    /// Nobody owes anything: who missed something did not read to the end.
    pub fn forgive(&mut self) {
        self.owed.clear();
    }

    /// Somebody was told that the log starts at `log_start`.
    pub fn on_start(&mut self, log_start: i64) {
        self.log_start = self.log_start.max(log_start);
    }

    /// A reader found nothing at `offset`, where `id` was; readers saw what is below `due`.
    pub fn on_missed(&mut self, offset: i64, id: RecordId, due: i64, now: Moment) {
        if !self.gone.contains(&offset) {
            self.owed.entry(offset).or_insert(Owed { id, noticed: now, due });
        }
    }

    /// Somebody has read everything below `end`, and readers see what is below `high_watermark`: so
    /// what was missed must be explained `now`. Returns what was, and the highest that is not.
    pub fn settle(
        &mut self,
        (end, high_watermark): (i64, i64),
        now: Moment,
        is_located: impl Fn(RecordId) -> bool,
    ) -> (Removed, Option<Missing>) {
        let mut removed = Removed::default();
        let due: Vec<(i64, Owed)> =
            self.owed.iter().filter(|it| it.1.due <= end).map(|it| (*it.0, *it.1)).collect();
        for (offset, owed) in due.into_iter().rev() {
            let is_superseded = self.is_superseded(offset, owed);
            let may_be_gone = offset < self.log_start
                || is_superseded
                || self.has_expired(owed.id, owed.noticed)
                || self.may_hide_a_tombstone(owed.id, now, &is_located);
            if !may_be_gone
                && end < high_watermark
                && self.may_hide_another(owed.id, now, &is_located)
            {
                // What took its place may have gone for something that lies further on.
                self.owed.entry(offset).and_modify(|owed| owed.due = high_watermark);
                continue;
            }
            if !may_be_gone {
                return (removed, Some(Missing { offset, id: owed.id }));
            }
            self.owed.remove(&offset);
            self.gone.insert(offset);
            removed.records += 1;
            removed.tombstones += u64::from(!is_superseded && owed.id.is_tombstone());
        }
        (removed, None)
    }

    /// Whether a newer record of the same key is known, and the older one had the age at which it
    /// may be compacted. That of the newer one says nothing: one between them may have gone too.
    fn is_superseded(&self, offset: i64, owed: Owed) -> bool {
        let Some(next) = self.places.get(&owed.id.key_number()) else { return false };
        let age = self.sent.sent_at(owed.id).map_or(i64::MAX, |sent| sent.by_client(owed.noticed));
        self.policy.lag_ms <= age && next.range(offset + 1..).next().is_some()
    }

    /// Whether `id` is a tombstone that may have gone by itself.
    fn has_expired(&self, id: RecordId, noticed: Moment) -> bool {
        let Some(sent) = self.sent.sent_at(id) else { return false };
        id.is_tombstone()
            && self.policy.tombstones_ms <= sent.by_node(noticed)
            && self.policy.lag_ms <= sent.by_client(noticed)
    }

    /// Whether a tombstone of that key was sent of which nobody knows where it came to lie, and that
    /// may have come and gone: perhaps after its value was missed, while its reader was on the way.
    fn may_hide_a_tombstone(
        &self,
        of: RecordId,
        now: Moment,
        is_located: impl Fn(RecordId) -> bool,
    ) -> bool {
        let unlocated = self.sent_with_key(of).filter(|id| !is_located(*id));
        let mut tombstones = unlocated.filter(|id| id.is_tombstone());
        tombstones.any(|id| self.has_expired(id, now))
    }

    /// Whether any record of that key was sent of which nobody knows where it came to lie, and that
    /// is old enough to have been compacted itself.
    fn may_hide_another(
        &self,
        of: RecordId,
        now: Moment,
        is_located: impl Fn(RecordId) -> bool,
    ) -> bool {
        let age = |id| self.sent.sent_at(id).map_or(i64::MAX, |sent| sent.by_client(now));
        let mut unlocated = self.sent_with_key(of).filter(|id| !is_located(*id));
        unlocated.any(|id| self.policy.lag_ms <= age(id))
    }

    /// All records with its key that were sent.
    fn sent_with_key(&self, of: RecordId) -> impl Iterator<Item = RecordId> {
        let key = of.key_number();
        let all = self.sent.iter().flat_map(|((producer, incarnation), sent)| {
            let end = sent.last().map_or(0, |(end, _)| *end);
            let (producer, incarnation) = (*producer, *incarnation);
            (0..end).map(move |number| RecordId { producer, incarnation, number })
        });
        all.filter(move |id| id.key_number() == key)
    }

    /// Whether a record that nobody has located behind `after` may have been there: a newer one of
    /// its key lies behind or has come and gone, or it is a tombstone.
    #[must_use]
    pub fn may_have_gone(
        &self,
        id: RecordId,
        after: i64,
        now: Moment,
        is_located: impl Fn(RecordId) -> bool,
    ) -> bool {
        let newer = self.places.get(&id.key_number());
        id.is_tombstone()
            || newer.is_some_and(|places| places.range(after..).next().is_some())
            || self.may_hide_a_tombstone(id, now, is_located)
    }
}

#[cfg(test)]
mod tests {
    use super::{Compaction, Missing, Moment, Policy, Removed};
    use crate::checker::RecordId;
    use dohle_env::clock::Instant;

    const POLICY: Policy = Policy { tombstones_ms: 1_000, lag_ms: 100 };

    fn at(ms: u64) -> Moment {
        Moment { at: Instant(ms * 1_000_000), ..Moment::default() }
    }

    /// The first record with this key that is a tombstone or not, from `number` on.
    fn record(key: u64, is_tombstone: bool, number: u64) -> RecordId {
        let ids = (number..).map(|number| RecordId { producer: 1, incarnation: 0, number });
        let is_it = |id: &RecordId| id.key_number() == key && id.is_tombstone() == is_tombstone;
        ids.into_iter().find(is_it).unwrap_or_else(|| unreachable!("keys are many"))
    }

    /// A log of these records (offset, record, when it was sent); all are known.
    fn compaction(records: &[(i64, RecordId, u64)]) -> Compaction {
        let mut compaction = Compaction::new(POLICY);
        for (offset, id, ms) in records {
            compaction.on_sent(*id, at(*ms));
            compaction.on_learned(*offset, *id);
        }
        compaction
    }

    fn settle(compaction: &mut Compaction, end: i64) -> (Removed, Option<Missing>) {
        compaction.settle((end, end), at(5_000), |_| true)
    }

    #[test]
    fn the_newest_of_a_key_must_be_there() {
        let old = record(3, false, 0);
        let new = record(3, false, old.number + 1);
        let mut both = compaction(&[(0, old, 0), (5, new, 0)]);
        both.on_missed(0, old, 9, at(500));
        assert_eq!(settle(&mut both, 8), (Removed::default(), None), "not due");
        let one = Removed { records: 1, tombstones: 0 };
        assert_eq!(settle(&mut both, 9), (one, None));
        both.on_missed(5, new, 9, at(500));
        let missing = Some(Missing { offset: 5, id: new });
        assert_eq!(settle(&mut both, 9), (Removed::default(), missing));
    }

    #[test]
    fn another_key_explains_nothing() {
        let (one, other) = (record(3, false, 0), record(4, false, 0));
        let mut both = compaction(&[(0, one, 0), (5, other, 0)]);
        both.on_missed(0, one, 9, at(500));
        assert_eq!(settle(&mut both, 9).1, Some(Missing { offset: 0, id: one }));
    }

    #[test]
    fn the_lag_is_waited_for() {
        let old = record(3, false, 0);
        let new = record(3, false, old.number + 1);
        for (noticed, is_right) in [(50, false), (98, false), (99, true), (500, true)] {
            let mut both = compaction(&[(0, old, 0), (5, new, 0)]);
            both.on_missed(0, old, 9, at(noticed));
            assert_eq!(settle(&mut both, 9).1.is_none(), is_right, "{noticed}");
        }
        let ahead = Moment { ahead_ms: 100, ..at(10) };
        let mut both = compaction(&[(0, old, 0), (5, new, 0)]);
        both.on_missed(0, old, 9, ahead);
        assert_eq!(settle(&mut both, 9).1, None, "the node's clock is ahead");
    }

    #[test]
    fn tombstones_stay_as_long_as_promised() {
        let tombstone = record(3, true, 0);
        for (noticed, is_right) in [(500, false), (998, false), (999, true), (5_000, true)] {
            let mut alone = compaction(&[(0, tombstone, 0)]);
            alone.on_missed(0, tombstone, 9, at(noticed));
            assert_eq!(settle(&mut alone, 9).1.is_none(), is_right, "{noticed}");
        }
        let jumped = Moment { jumped_ms: 1_000, ahead_ms: 1_000, ..at(10) };
        let mut alone = compaction(&[(0, tombstone, 0)]);
        alone.on_missed(0, tombstone, 9, jumped);
        let removed = Removed { records: 1, tombstones: 1 };
        assert_eq!(settle(&mut alone, 9), (removed, None), "the node's clock has jumped");
    }

    #[test]
    fn a_tombstone_that_nobody_saw_explains_what_it_hid() {
        let value = record(3, false, 0);
        let tombstone = record(3, true, value.number + 1);
        for (read, is_located, is_right) in
            [(2_000, false, true), (500, false, false), (2_000, true, false)]
        {
            let mut log = compaction(&[(0, value, 0)]);
            log.on_sent(tombstone, at(0));
            log.on_missed(0, value, 9, at(400));
            let (_, missing) = log.settle((9, 9), at(read), |_| is_located);
            assert_eq!(missing.is_none(), is_right, "{read} {is_located}");
        }
    }

    #[test]
    fn what_nobody_located_may_have_gone_for_what_lies_further_on() {
        let first = record(3, false, 0);
        let second = record(3, false, first.number + 1);
        let third = record(3, false, second.number + 1);
        // The first went for the second, and that for the third, before anybody saw it.
        for (is_sent, is_there) in [(false, true), (true, true), (true, false)] {
            let mut log = compaction(&[(0, first, 0)]);
            if is_sent {
                log.on_sent(second, at(0));
            }
            log.on_missed(0, first, 9, at(500));
            let is_located = |id| id == first || id == third;
            let (_, missing) = log.settle((9, 20), at(600), is_located);
            assert_eq!(missing.is_none(), is_sent, "nothing was sent that could be the reason");
            if is_there {
                log.on_learned(15, third);
            }
            let (_, missing) = log.settle((20, 20), at(700), is_located);
            assert_eq!(missing.is_none(), is_there, "all was read");
        }
    }

    #[test]
    fn a_power_loss_takes_explanations_with_it() {
        let old = record(3, false, 0);
        let new = record(3, false, old.number + 1);
        let mut both = compaction(&[(0, old, 0), (5, new, 0)]);
        both.on_missed(0, old, 9, at(500));
        assert_eq!(settle(&mut both, 9).1, None);
        both.on_cut();
        both.on_forgotten(5, new);
        both.on_missed(0, old, 9, at(600));
        assert_eq!(settle(&mut both, 9).1, Some(Missing { offset: 0, id: old }));
    }
}
