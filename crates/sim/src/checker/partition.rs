//! What clients know of a partition.

use super::RecordId;
use super::compaction::{Compaction, Missing, Moment, Policy, Removed};
use super::retention::Retention;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Range;

/// A record at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fact {
    id: RecordId,
    /// Somebody was promised that it survives a power loss.
    is_promised: bool,
}

/// Marks of a partition: none of them goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The first offset that can be read.
    pub log_start: i64,
    /// The end of what readers of committed records see.
    pub last_stable: i64,
    /// The end of what readers see.
    pub high_watermark: i64,
}

/// What was known of a partition when something was asked of it: the answer must not be older.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Of the history.
    pub generation: u32,
    /// Of the partition: how many processes served it before.
    life: u32,
    /// The marks.
    pub marks: Marks,
    /// The end of what was acknowledged.
    acknowledged_to: i64,
    /// How many power losses had been looked into.
    cuts: usize,
}

impl Asked {
    /// The same asked again at `now`: the answer may be that to the first time.
    #[must_use]
    pub fn repeated(self, now: Self) -> Self {
        let acknowledged_to = self.acknowledged_to.min(now.acknowledged_to);
        Self { acknowledged_to, cuts: self.cuts, ..now }
    }
}

/// What a fetch returned of a partition.
#[derive(Debug)]
pub struct Fetched {
    /// The marks that came with it.
    pub marks: Marks,
    /// From where on it was asked for.
    pub position: i64,
    /// The records, with their offsets.
    pub records: Vec<(i64, RecordId)>,
    /// Their timestamps.
    pub timestamps: Vec<i64>,
    /// Where the last batch ends; the position, if there is none.
    pub end: i64,
    /// When it was read.
    pub now: Moment,
}

/// What clients know of a partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    /// Its topic's name, for messages.
    pub topic: String,
    /// Who leads it, if somebody was told.
    leader: Option<SocketAddr>,
    /// What readers see and acks=all acknowledges survives a power loss.
    pub is_durable: bool,
    /// Records may leave below this offset, however young.
    pub deletable_to: i64,
    /// Old records leave by themselves.
    retention: Option<Retention>,
    /// Reads of its log return wrong bits: who fetches compares the checksums, or is told.
    pub is_misread: bool,
    marks: Marks,
    acknowledged_to: i64,
    /// Where the log ended after each power loss, as audits found it.
    cuts: Vec<i64>,
    /// Grows with every end of its leader's process.
    life: u32,
    /// Whoever deleted records was told that none below is left.
    promised_start: i64,
    facts: BTreeMap<i64, Fact>,
    places: BTreeMap<RecordId, i64>,
    /// Per (producer, incarnation): how many of its records were sent.
    sent: BTreeMap<(u32, u32), u64>,
    /// Producers whose records keep their order: those that repeat with sequences, and those that
    /// send all of an incarnation over one connection.
    ordered: BTreeSet<u32>,
    /// Those of them of whose records none is missing between others.
    gapless: BTreeSet<u32>,
    /// The offsets of a batch that the disk has damaged, until that is mended.
    damage: Option<Range<i64>>,
    /// The history's generation in which the disk has damaged a batch for the last time: what was asked
    /// before that may have been cut with it.
    damaged_in: Option<u32>,
    /// What power losses took from the middle: a segment's end, but not the next segment.
    holes: Vec<Range<i64>>,
    /// Of a compacted topic: below this a power loss may have taken a segment's end of which nothing
    /// was promised, but not the next segment, and nobody can tell that from compaction.
    holes_below: i64,
    /// Of a compacted topic: what is known of its keys.
    compaction: Option<Compaction>,
    /// A power loss is being looked at: what cannot be explained may be its work.
    is_audited: bool,
}

impl Partition {
    /// A partition of which nothing is known.
    #[must_use]
    pub fn new(topic: &str, is_durable: bool, deletable_to: i64) -> Self {
        Self { topic: topic.to_owned(), is_durable, deletable_to, ..Self::default() }
    }

    /// The same, led by this node, if somebody was told who does.
    #[must_use]
    pub fn led_by(mut self, leader: Option<SocketAddr>) -> Self {
        self.leader = leader;
        self
    }

    /// Whether the ends of this node are its own: it leads it, or nobody was told who does.
    #[must_use]
    pub fn may_be_led_by(&self, node: SocketAddr) -> bool {
        self.leader.is_none_or(|leader| leader == node)
    }

    /// The same, of a compacted topic if there is a policy.
    #[must_use]
    pub fn compacted(mut self, policy: Option<Policy>) -> Self {
        self.compaction = policy.map(Compaction::new);
        self
    }

    /// The same, of a topic that keeps its records so long, if it says so.
    #[must_use]
    pub fn kept_ms(mut self, kept_ms: Option<i64>) -> Self {
        self.retention = kept_ms.map(Retention::new);
        self
    }

    /// Whether it is of a compacted topic.
    #[must_use]
    pub fn is_compacted(&self) -> bool {
        self.compaction.is_some()
    }

    /// Its state now, for what is asked in this generation.
    #[must_use]
    pub fn asked_in(&self, generation: u32) -> Asked {
        Asked {
            generation,
            life: self.life,
            marks: self.marks,
            acknowledged_to: self.acknowledged_to,
            cuts: self.cuts.len(),
        }
    }

    /// The end of what had been acknowledged when something was asked, without what power losses have
    /// taken since: of what the leader alone has acknowledged they take what they like.
    fn acknowledged_before(&self, asked: Asked) -> i64 {
        let cuts = self.cuts.iter().skip(asked.cuts).copied();
        cuts.fold(asked.acknowledged_to, i64::min)
    }

    /// The disk damages the batch of these offsets, in this generation of the history: who checks it may
    /// cut the log there, and nowhere else.
    pub fn on_damage(&mut self, batch: Range<i64>, generation: u32) {
        (self.damage, self.damaged_in) = (Some(batch), Some(generation));
    }

    /// A reader who has read all below `position` after a power loss has come to a damaged batch. What was
    /// between is missing; returns how many records nobody was promised that is.
    ///
    /// # Errors
    /// No disk has damaged a batch there, or something between was promised.
    pub fn on_damaged_at(&mut self, position: i64) -> Result<u64, String> {
        let batch = self.damage.clone().filter(|batch| position < batch.end);
        let Some(batch) = batch else {
            return Err(format!("no disk has damaged what lies at {position} or behind it"));
        };
        if position < batch.start { self.on_hole(position..batch.start) } else { Ok(0) }
    }

    /// The damage is mended, or its batch is gone.
    pub fn on_mended(&mut self) {
        self.damage = None;
    }

    /// Whether what was acknowledged by all, or seen, since it was asked in this generation of the history
    /// has outlived every power loss.
    #[must_use]
    pub fn keeps_promises(&self, since: u32) -> bool {
        self.is_durable && self.damaged_in.is_none_or(|generation| generation <= since)
    }

    /// Whether the disk has damaged a batch of it at any time: indexes were perhaps made of that.
    #[must_use]
    pub fn has_decayed(&self) -> bool {
        self.damaged_in.is_some()
    }

    /// The marks that were seen.
    #[must_use]
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// The records before `id` of its producer, and `id`, were or are about to be sent.
    pub fn on_sent(&mut self, id: RecordId, is_idempotent: bool, now: Moment) {
        if let Some(compaction) = &mut self.compaction {
            compaction.on_sent(id, now);
        }
        if let Some(retention) = &mut self.retention {
            retention.on_sent(id, now);
        }
        if is_idempotent {
            self.gapless.insert(id.producer);
            self.on_ordered(id.producer);
        }
        let count = self.sent.entry((id.producer, id.incarnation)).or_default();
        *count = (*count).max(id.number + 1);
    }

    /// Records of this producer keep their order, incarnation by incarnation.
    pub fn on_ordered(&mut self, producer: u32) {
        self.ordered.insert(producer);
    }

    /// A batch was acknowledged at `base_offset`.
    pub fn on_acknowledged(
        &mut self,
        asked: Asked,
        base_offset: i64,
        ids: Range<RecordId>,
        by_all: bool,
    ) -> Result<u64, String> {
        let (first, count) = (ids.start, ids.end.number - ids.start.number);
        let before = self.acknowledged_before(asked);
        if base_offset < before && !self.places.contains_key(&first) {
            return Err(format!(
                "{first} is acknowledged at {base_offset}, and before it was first sent all below \
                 {before} was"
            ));
        }
        let end = base_offset + i64::try_from(count).map_err(|error| error.to_string())?;
        for (offset, number) in (base_offset..end).zip(ids.start.number..) {
            self.learn(offset, RecordId { number, ..first }, self.is_durable && by_all)?;
        }
        self.acknowledged_to = self.acknowledged_to.max(end);
        if by_all {
            self.marks.high_watermark = self.marks.high_watermark.max(end);
        }
        Ok(count)
    }

    /// A fetch was answered. Returns the position after it, and what was found to be compacted away.
    pub fn on_fetched(
        &mut self,
        asked: Asked,
        fetched: &Fetched,
    ) -> Result<(i64, Removed), String> {
        self.on_marks(asked, fetched.marks, fetched.now)?;
        let high_watermark = fetched.marks.high_watermark;
        let mut position = fetched.position;
        for (offset, id) in &fetched.records {
            if *offset >= position {
                position = self.after_holes(position);
                self.on_missed(position..*offset, high_watermark, fetched.now)?;
                position = *offset + 1;
            }
            if *offset >= high_watermark {
                return Err(format!(
                    "{id} at {offset} is shown, the high watermark is {high_watermark}"
                ));
            }
            self.learn(*offset, *id, self.is_durable)?;
        }
        if self.is_compacted() && position < fetched.end {
            self.on_missed(position..fetched.end, high_watermark, fetched.now)?;
            position = fetched.end;
        }
        let now = fetched.now;
        let removed =
            if self.is_audited { Removed::default() } else { self.settle(position, now)? };
        Ok((position, removed))
    }

    /// A reader found no record at these offsets.
    pub fn on_missed(&mut self, range: Range<i64>, due: i64, now: Moment) -> Result<(), String> {
        if range.is_empty() {
            return Ok(());
        }
        let Some(compaction) = &mut self.compaction else {
            return Err(format!("a fetch from {} skips to {}", range.start, range.end));
        };
        for (offset, fact) in self.facts.range(range) {
            compaction.on_missed(*offset, fact.id, due, now);
        }
        Ok(())
    }

    /// Somebody has read all below `end`: what is missing there must be explained.
    fn settle(&mut self, end: i64, now: Moment) -> Result<Removed, String> {
        let Some(compaction) = &mut self.compaction else { return Ok(Removed::default()) };
        let marks = (end, self.marks.high_watermark);
        let (removed, missing) = compaction.settle(marks, now, |id| self.places.contains_key(&id));
        missing.map_or(Ok(removed), |Missing { offset, id }| {
            let kind = if id.is_tombstone() { "a tombstone of" } else { "a value of" };
            let key = id.key_number();
            Err(format!("{id} at {offset}, {kind} key {key}, is gone, and nothing explains it"))
        })
    }

    /// After a power loss all was read, to `end` if to there. What is missing of a log that promises
    /// nothing is forgotten; returns how much that is, and what was compacted away.
    pub fn on_audited(&mut self, end: Option<i64>, now: Moment) -> Result<(u64, Removed), String> {
        self.is_audited = false;
        let (mut forgotten, mut all) = (0, Removed::default());
        let Some(compaction) = &mut self.compaction else { return Ok((forgotten, all)) };
        self.holes_below = self.holes_below.max(self.marks.high_watermark);
        let Some(end) = end else {
            compaction.forgive();
            return Ok((forgotten, all));
        };
        loop {
            let (removed, missing) =
                compaction.settle((end, end), now, |id| self.places.contains_key(&id));
            all = Removed {
                records: all.records + removed.records,
                tombstones: all.tombstones + removed.tombstones,
            };
            let Some(Missing { offset, id }) = missing else { return Ok((forgotten, all)) };
            if self.facts.remove(&offset).is_some_and(|fact| fact.is_promised) {
                return Err(format!("{id} at {offset} was promised, and nothing explains its end"));
            }
            self.places.remove(&id);
            compaction.on_forgotten(offset, id);
            forgotten += 1;
        }
    }

    /// Marks came with an answer.
    fn on_marks(&mut self, asked: Asked, marks: Marks, now: Moment) -> Result<(), String> {
        let Marks { log_start, last_stable, high_watermark } = marks;
        if !(log_start <= last_stable && last_stable <= high_watermark) {
            return Err(format!("marks out of order: {marks:?}"));
        }
        let mut before = asked.marks;
        if asked.life != self.life {
            before.log_start = before.log_start.min(self.promised_start);
        }
        let goes_back = log_start < before.log_start
            || last_stable < before.last_stable
            || high_watermark < before.high_watermark;
        if goes_back {
            return Err(format!("marks go back, from {before:?} to {marks:?}"));
        }
        if let Some(retention) = &mut self.retention {
            let gone = self.facts.range(self.deletable_to.min(log_start)..log_start);
            retention.on_start(log_start, gone.map(|(offset, fact)| (*offset, fact.id)), now)?;
        } else if self.deletable_to < log_start {
            return Err(format!(
                "the log starts at {log_start}, nobody asked for more than {}",
                self.deletable_to
            ));
        }
        self.on_start(asked, log_start);
        self.marks.last_stable = self.marks.last_stable.max(last_stable);
        self.marks.high_watermark = self.marks.high_watermark.max(high_watermark);
        Ok(())
    }

    /// The log's ends were asked for, when so much was known as in `asked`: all that was seen by then
    /// lies before the end, and its start does not go back. If `is_last`, nobody writes any more, and
    /// what was acknowledged by the leader alone is flushed as well.
    ///
    /// # Errors
    /// What cannot be.
    pub fn on_ends(
        &mut self,
        asked: Asked,
        (log_start, end): (i64, i64),
        is_last: bool,
    ) -> Result<(), String> {
        let seen = asked.marks.high_watermark;
        let seen = if is_last { seen.max(self.acknowledged_before(asked)) } else { seen };
        if end < seen {
            return Err(format!("it ends at {end}, {seen} was seen or acknowledged"));
        }
        if log_start < asked.marks.log_start && asked.life == self.life {
            let before = asked.marks.log_start;
            return Err(format!("it starts at {log_start}, and started at {before} before"));
        }
        self.on_start(asked, log_start);
        Ok(())
    }

    /// Somebody was told that the log starts at `log_start`.
    pub fn on_start(&mut self, asked: Asked, log_start: i64) {
        if let Some(compaction) = &mut self.compaction {
            compaction.on_start(log_start);
        }
        if asked.life == self.life {
            self.marks.log_start = self.marks.log_start.max(log_start);
        }
    }

    /// Somebody was told that no record below `log_start` is left.
    pub fn on_deleted(&mut self, asked: Asked, log_start: i64) {
        self.promised_start = self.promised_start.max(log_start);
        self.on_start(asked, log_start);
    }

    /// The process has ended. The log's start is on the disk only where somebody was told so.
    pub(super) fn on_end(&mut self) {
        self.life += 1;
        self.marks.log_start = self.promised_start;
    }

    /// Whether the node's process that was asked is still the one that runs.
    #[must_use]
    pub fn is_of_this_life(&self, asked: Asked) -> bool {
        asked.life == self.life
    }

    /// Somebody knows that `id` is at `offset`.
    fn learn(&mut self, offset: i64, id: RecordId, is_promised: bool) -> Result<(), String> {
        if let Some(fact) = self.facts.get_mut(&offset) {
            if fact.id != id {
                return Err(format!("{id} is at {offset}, where {} was", fact.id));
            }
            fact.is_promised |= is_promised;
            return Ok(());
        }
        if let Some(place) = self.places.get(&id) {
            return Err(format!("{id} is at {place} and at {offset}"));
        }
        if self.sent.get(&(id.producer, id.incarnation)).is_none_or(|sent| *sent <= id.number) {
            return Err(format!("{id} at {offset} was never sent here"));
        }
        let is_other =
            |other: RecordId| (other.producer, other.incarnation) != (id.producer, id.incarnation);
        let is_other = |other| !self.ordered.contains(&id.producer) || is_other(other);
        let before = self.places.range(..id).next_back().filter(|(other, _)| !is_other(**other));
        let after = self.places.range(id..).next().filter(|(other, _)| !is_other(**other));
        if let Some((other, place)) = before.filter(|(_, place)| offset < **place) {
            return Err(format!("{id} at {offset} lies before {other} at {place}"));
        }
        if let Some((other, place)) = after.filter(|(_, place)| **place < offset) {
            return Err(format!("{id} at {offset} lies behind {other} at {place}"));
        }
        self.facts.insert(offset, Fact { id, is_promised });
        self.places.insert(id, offset);
        if let Some(compaction) = &mut self.compaction {
            compaction.on_learned(offset, id);
        }
        Ok(())
    }

    /// After a power loss the log goes from `log_start` to `end`: what nobody was promised above
    /// the end is forgotten. Returns how much that is.
    pub fn on_cut(&mut self, log_start: i64, end: i64) -> Result<u64, String> {
        // Who cuts the log for the damaged batch does it there, or, where that lies below the log's start,
        // begins anew at the start; what else is missing it does not excuse.
        let cut = self.damage.as_ref().map(|batch| batch.start);
        let cut = cut.filter(|start| end <= log_start.max(*start));
        let sound_to = cut.unwrap_or(i64::MAX);
        if self.is_durable && end < self.marks.high_watermark.min(sound_to) {
            return Err(format!(
                "readers saw the high watermark {}; after a power loss the log ends at {end}",
                self.marks.high_watermark
            ));
        }
        if self.deletable_to < log_start && self.retention.is_none() {
            return Err(format!(
                "after a power loss the log starts at {log_start}, nobody asked for more than {}",
                self.deletable_to
            ));
        }
        if log_start < self.promised_start.min(end) {
            return Err(format!(
                "records below {} were deleted, and after a power loss the log starts at {log_start}",
                self.promised_start
            ));
        }
        self.holes.retain(|hole| hole.end <= end);
        // A log of which nothing is left begins anew where it was said to begin: it knows nobody
        // any more, and what was deleted may come again.
        let kept_to = if end <= log_start && !self.is_durable { i64::MIN } else { end };
        let lost = self.facts.split_off(&kept_to);
        let mut promised = lost.range(..sound_to).filter(|(_, fact)| fact.is_promised);
        if let Some((offset, fact)) = promised.next() {
            return Err(format!("{} at {offset} was promised, the log ends at {end}", fact.id));
        }
        for fact in lost.values() {
            self.places.remove(&fact.id);
        }
        if let Some(compaction) = &mut self.compaction {
            lost.iter().for_each(|(offset, fact)| compaction.on_forgotten(*offset, fact.id));
            compaction.on_cut();
        }
        self.is_audited = true;
        self.acknowledged_to = self.acknowledged_to.min(end);
        self.cuts.push(end);
        self.marks = Marks { log_start, last_stable: end, high_watermark: end };
        Ok(u64::try_from(lost.len()).unwrap_or(0))
    }

    /// Where a reader at `position` goes on.
    #[must_use]
    pub fn after_holes(&self, position: i64) -> i64 {
        let hole = self.holes.iter().find(|hole| hole.contains(&position));
        hole.map_or(position, |hole| hole.end)
    }

    /// A power loss took these offsets, and what lies behind them is there. Returns how many
    /// records nobody was promised that is.
    pub fn on_hole(&mut self, hole: Range<i64>) -> Result<u64, String> {
        let lost: Vec<(i64, Fact)> =
            self.facts.range(hole.clone()).map(|(offset, fact)| (*offset, *fact)).collect();
        for (offset, fact) in &lost {
            if fact.is_promised {
                let id = fact.id;
                return Err(format!("{id} at {offset} was promised, {hole:?} is missing"));
            }
            self.facts.remove(offset);
            self.places.remove(&fact.id);
        }
        self.holes.push(hole);
        Ok(u64::try_from(lost.len()).unwrap_or(0))
    }

    /// Nothing of an idempotent producer is missing between its records: for a partition that was
    /// read whole, from `log_start` on.
    pub fn check_gaps(&self, log_start: i64, now: Moment) -> Result<(), String> {
        let mut last: Option<(RecordId, i64)> = None;
        for (id, place) in &self.places {
            if let Some((before, at)) = last
                && (before.producer, before.incarnation) == (id.producer, id.incarnation)
                && self.gapless.contains(&id.producer)
                && !self.holes.iter().any(|hole| at < hole.start && hole.end <= *place)
                && before.number + 1 != id.number
                && log_start.max(self.holes_below) <= at
                && !self.may_have_gone(before.number + 1..id.number, *id, at, now)
            {
                return Err(format!("{before} at {at}, then {id} at {place}: a gap"));
            }
            last = Some((*id, *place));
        }
        Ok(())
    }

    /// Whether compaction may have taken these records of the producer of `id`, behind `after`.
    fn may_have_gone(&self, numbers: Range<u64>, id: RecordId, after: i64, now: Moment) -> bool {
        let is_located = |id| self.places.contains_key(&id);
        self.compaction.as_ref().is_some_and(|compaction| {
            let mut ids = numbers.map(|number| RecordId { number, ..id });
            ids.all(|id| compaction.may_have_gone(id, after, now, is_located))
        })
    }
}

#[cfg(test)]
mod tests;
