//! What transactional producers know of their transactions, and what committed readers see of them.
//!
//! Each transaction writes lines with its name to a few partitions, and may commit an offset of a group.
//! Who reads committed records sees all its lines in all of them or none, each once; never those of
//! an aborted one or of a producer that was fenced before it asked for a commit, always those of one
//! whose commit was acknowledged; and the offset with them. The logs are durable where transactions
//! run, so a power loss is no excuse: no mark of them ever goes back.

use super::partition::Marks;
use std::collections::{BTreeMap, BTreeSet};

/// A transaction: its producer's number, and its own.
pub type Name = (u32, u64);
/// One record of a transaction: which of them it is in its partition.
pub type Line = (Name, u32);
/// Producer id and epoch: of two of one transactional id the greater fences the other.
pub type Identity = (i64, i16);

/// All transactions.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<Name, Entry>,
    /// Lines that a committed reader has seen at any time, by partition.
    seen: BTreeSet<(i32, Line)>,
    marks: BTreeMap<i32, Marks>,
    /// The newest identity of each transactional id.
    fences: BTreeMap<String, Identity>,
    /// How often somebody has asked for an identity of each transactional id.
    introductions: BTreeMap<String, u64>,
    /// How many of those questions are on their way.
    asking: BTreeMap<String, u64>,
    /// The life of the node in which such a question was last left without an answer: the node may
    /// still come to it, in that life.
    unanswered: BTreeMap<String, u64>,
    /// Grows with every end of the node's process.
    life: u64,
    /// The offset that was read last, by the number of the producer that commits it.
    offsets: BTreeMap<u32, i64>,
}

/// Who writes a transaction.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Its transactional id; empty of what is no transaction.
    pub transactional_id: String,
    /// What it was given.
    pub identity: Identity,
}

/// When an identity was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session {
    /// How many had asked for one of its id, itself included.
    asked: u64,
    /// In which life of the node.
    life: u64,
    /// Somebody else's question was on its way as well: the answers may have come in either order.
    has_crossed: bool,
}

#[derive(Debug)]
struct Entry {
    writer: Writer,
    /// How many lines were written, by partition.
    partitions: BTreeMap<i32, u32>,
    has_offset: bool,
    /// Somebody has asked for its commit.
    is_wanted: bool,
    fate: Fate,
}

/// How far a reader has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not even to the last stable offset: a node that has too much to do answers without records.
    Part,
    /// To the last stable offset.
    Stable,
    /// To the end, and no transaction is open.
    Whole,
}

/// What became of a transaction, as far as its producer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All or nothing is there; nobody knows which.
    Unknown,
    /// Its commit was acknowledged.
    Committed,
    /// It can never be committed: its abort was acknowledged, nobody asked for a commit, or its
    /// producer was fenced before it did.
    Aborted,
}

impl Ledger {
    /// Whether nobody has written anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A transaction begins.
    pub fn on_begin(&mut self, name: Name, writer: Writer) {
        let newest = self.fences.get(&writer.transactional_id);
        let is_fenced = newest.is_some_and(|newest| writer.identity < *newest);
        let fate = if is_fenced { Fate::Aborted } else { Fate::Unknown };
        let (partitions, has_offset, is_wanted) = (BTreeMap::new(), false, false);
        self.entries.insert(name, Entry { writer, partitions, has_offset, is_wanted, fate });
    }

    /// A transaction is about to write `lines` lines more to a partition; the number of the first.
    pub fn on_write(&mut self, name: Name, partition: i32, lines: u32) -> u32 {
        let Some(entry) = self.entries.get_mut(&name) else { return 0 };
        let written = entry.partitions.entry(partition).or_default();
        *written += lines;
        *written - lines
    }

    /// A transaction is about to commit its number as an offset.
    pub fn on_offset(&mut self, name: Name) {
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.has_offset = true;
        }
    }

    /// Somebody is about to ask for a transaction's commit.
    pub fn on_committing(&mut self, name: Name) {
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.is_wanted = true;
        }
    }

    /// A transaction's fate is known.
    ///
    /// # Errors
    /// When it is committed, and had been aborted or fenced.
    pub fn on_end(&mut self, name: Name, fate: Fate) -> Result<(), String> {
        let Some(entry) = self.entries.get_mut(&name) else { return Ok(()) };
        if (entry.fate, fate) == (Fate::Aborted, Fate::Committed) {
            return Err(format!("{name:?} is committed, and was aborted or fenced"));
        }
        entry.fate = fate;
        Ok(())
    }

    /// The node's process has ended.
    pub fn on_node_end(&mut self) {
        self.life += 1;
    }

    /// Somebody is about to ask for an identity.
    pub fn on_introducing(&mut self, transactional_id: &str) -> Session {
        let asked = self.introductions.entry(transactional_id.to_owned()).or_default();
        *asked += 1;
        let asking = self.asking.entry(transactional_id.to_owned()).or_default();
        *asking += 1;
        Session { asked: *asked, life: self.life, has_crossed: 1 < *asking }
    }

    /// The question has come to its end; whether it was answered.
    pub fn on_introduction_over(&mut self, transactional_id: &str, is_answered: bool) {
        if let Some(asking) = self.asking.get_mut(transactional_id) {
            *asking = asking.saturating_sub(1);
        }
        if !is_answered {
            self.unanswered.insert(transactional_id.to_owned(), self.life);
        }
    }

    /// Whether who was given an identity may have been fenced since: others have asked for one of its
    /// id, or a question from before may have been answered after its own.
    #[must_use]
    pub fn may_be_fenced(&self, transactional_id: &str, session: Session) -> bool {
        let asked = self.introductions.get(transactional_id);
        let unanswered = self.unanswered.get(transactional_id);
        asked != Some(&session.asked)
            || session.has_crossed
            || unanswered.is_some_and(|life| session.life <= *life)
    }

    /// Somebody was given an identity: whoever had one of this id before is fenced, and what it
    /// writes without having asked for a commit can never be committed. Returns how many open
    /// transactions that ends.
    pub fn on_introduced(&mut self, writer: &Writer) -> u64 {
        let newest = self.fences.entry(writer.transactional_id.clone()).or_insert(writer.identity);
        *newest = writer.identity.max(*newest);
        let mut fenced = 0;
        for entry in self.entries.values_mut() {
            let is_older = entry.writer.transactional_id == writer.transactional_id
                && entry.writer.identity < writer.identity;
            if is_older && !entry.is_wanted && entry.fate == Fate::Unknown {
                entry.fate = Fate::Aborted;
                fenced += 1;
            }
        }
        fenced
    }

    /// The marks of a partition that were seen, for who asks for them anew.
    #[must_use]
    pub fn marks(&self, partition: i32) -> Marks {
        self.marks.get(&partition).copied().unwrap_or_default()
    }

    /// Marks came with an answer; those of `asked` were known before.
    ///
    /// # Errors
    /// When they are out of order, or one of them went back.
    pub fn on_marks(&mut self, partition: i32, asked: Marks, marks: Marks) -> Result<(), String> {
        let Marks { log_start, last_stable, high_watermark } = marks;
        if !(log_start <= last_stable && last_stable <= high_watermark) {
            return Err(format!("marks of partition {partition} out of order: {marks:?}"));
        }
        let goes_back = log_start < asked.log_start
            || last_stable < asked.last_stable
            || high_watermark < asked.high_watermark;
        if goes_back {
            return Err(format!("marks of partition {partition} go from {asked:?} to {marks:?}"));
        }
        let known = self.marks.entry(partition).or_default();
        *known = Marks {
            log_start: log_start.max(known.log_start),
            last_stable: last_stable.max(known.last_stable),
            high_watermark: high_watermark.max(known.high_watermark),
        };
        Ok(())
    }

    /// A reader of committed records has read a partition from its start as far as `reach` says.
    ///
    /// # Errors
    /// When it saw a line twice, one of a transaction that was aborted, or a part of one; or missed
    /// what was seen before.
    pub fn on_read(&mut self, partition: i32, lines: &[Line], reach: Reach) -> Result<(), String> {
        let mut once = BTreeSet::new();
        let mut shown: BTreeMap<Name, u32> = BTreeMap::new();
        for line in lines {
            let (name, number) = *line;
            if !once.insert(*line) {
                return Err(format!("{name:?} has line {number} twice in partition {partition}"));
            }
            let Some(entry) = self.entries.get(&name) else {
                return Err(format!("partition {partition} has {name:?}, which nobody wrote"));
            };
            if entry.partitions.get(&partition).is_none_or(|written| *written <= number) {
                return Err(format!("{name:?} never wrote line {number} to {partition}"));
            }
            if entry.fate == Fate::Aborted {
                return Err(format!("partition {partition} shows {name:?}, which was aborted"));
            }
            *shown.entry(name).or_default() += 1;
            self.seen.insert((partition, *line));
        }
        let of_partition = (partition, ((0, 0), 0))..(partition + 1, ((0, 0), 0));
        if let Some((_, line)) =
            self.seen.range(of_partition).find(|(_, line)| !once.contains(line))
            && reach != Reach::Part
        {
            return Err(format!("partition {partition} has shown {line:?} and hides it"));
        }
        let part = shown.iter().find(|(name, shown)| {
            let entry = self.entries.get(*name);
            entry.and_then(|entry| entry.partitions.get(&partition)) != Some(*shown)
        });
        match part.filter(|_| reach == Reach::Whole) {
            Some((name, shown)) => {
                Err(format!("partition {partition} shows {shown} lines of {name:?}: a part of it"))
            }
            None => Ok(()),
        }
    }

    /// The least offset that a reader must be shown of a producer's: what was shown before, or of its
    /// last transaction with an offset whose commit was acknowledged; -1 if there is none.
    #[must_use]
    pub fn offset_floor(&self, producer: u32) -> i64 {
        let of = self.entries.range((producer, 0)..(producer + 1, 0)).rev();
        let mut done = of.filter(|(_, entry)| entry.has_offset && entry.fate == Fate::Committed);
        let done = done.next().map(|((_, number), _)| i64::try_from(*number).unwrap_or(i64::MAX));
        done.max(self.offsets.get(&producer).copied()).unwrap_or(-1)
    }

    /// An offset was read, and no transaction with an offset is open; `floor` was known before.
    ///
    /// # Errors
    /// When it is of a transaction that was aborted or never committed one, or went back.
    pub fn on_offset_read(&mut self, producer: u32, floor: i64, offset: i64) -> Result<(), String> {
        if offset < floor {
            return Err(format!("{producer} has committed {floor}, its group shows {offset}"));
        }
        if let Ok(number) = u64::try_from(offset) {
            let entry = self.entries.get(&(producer, number)).filter(|entry| entry.has_offset);
            match entry {
                None => return Err(format!("{producer} never committed the offset {offset}")),
                Some(entry) if entry.fate == Fate::Aborted => {
                    return Err(format!("{producer}'s offset {offset} is shown and was aborted"));
                }
                Some(_) => {}
            }
        }
        self.offsets.insert(producer, offset);
        Ok(())
    }

    /// Nobody writes any more, every partition was read to its end, and every offset was read.
    ///
    /// # Errors
    /// When a transaction is there in parts, or one that was committed is not, or an offset is
    /// there without its records or they without it.
    pub fn settle(&self) -> Result<(u64, u64), String> {
        let (mut committed, mut aborted) = (0, 0);
        let mut offsets: BTreeMap<u32, i64> = BTreeMap::new();
        for (name, entry) in &self.entries {
            let lines = entry.partitions.iter().flat_map(|(partition, written)| {
                (0..*written).map(move |number| (*partition, (*name, number)))
            });
            let (mut there, mut all) = (0_u64, 0_u64);
            for line in lines {
                all += 1;
                there += u64::from(self.seen.contains(&line));
            }
            match (there, entry.fate) {
                (0, Fate::Committed) if all != 0 => {
                    return Err(format!("{name:?} was committed and is not there"));
                }
                (0, _) => aborted += 1,
                (there, _) if there == all => {
                    committed += 1;
                    if entry.has_offset {
                        offsets.insert(name.0, i64::try_from(name.1).unwrap_or(i64::MAX));
                    }
                }
                (there, _) => {
                    return Err(format!("{name:?} has {there} of {all} lines: {entry:?}"));
                }
            }
        }
        let producers = self.entries.keys().map(|(producer, _)| *producer);
        for producer in producers.collect::<BTreeSet<u32>>() {
            let due = offsets.get(&producer).copied().unwrap_or(-1);
            let found = self.offsets.get(&producer).copied().unwrap_or(-1);
            if due != found {
                return Err(format!(
                    "the last transaction of {producer} with an offset is {due}, its group is at {found}"
                ));
            }
        }
        Ok((committed, aborted))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Ledger, Marks, Reach, Writer};

    fn writer(epoch: i16) -> Writer {
        Writer { transactional_id: "id".to_owned(), identity: (7, epoch) }
    }

    /// Two lines in partition 0, one in partition 1, and an offset.
    fn written() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.on_begin((1, 5), writer(0));
        assert_eq!(ledger.on_write((1, 5), 0, 1), 0);
        assert_eq!(ledger.on_write((1, 5), 0, 1), 1);
        assert_eq!(ledger.on_write((1, 5), 1, 1), 0);
        ledger.on_offset((1, 5));
        ledger
    }

    fn committed() -> Ledger {
        let mut ledger = written();
        ledger.on_committing((1, 5));
        assert_eq!(ledger.on_end((1, 5), Fate::Committed), Ok(()));
        ledger
    }

    const FIRST: ((u32, u64), u32) = ((1, 5), 0);
    const SECOND: ((u32, u64), u32) = ((1, 5), 1);

    #[test]
    fn what_is_whole_adds_up() {
        let mut ledger = committed();
        assert_eq!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole), Ok(()));
        assert_eq!(ledger.on_read(1, &[FIRST], Reach::Whole), Ok(()));
        assert_eq!(ledger.on_offset_read(1, ledger.offset_floor(1), 5), Ok(()));
        assert_eq!(ledger.settle(), Ok((1, 0)));
        // Nobody knows of this one: nothing of it is there.
        assert_eq!(written().settle(), Ok((0, 1)));
    }

    #[test]
    fn an_aborted_line_is_found() {
        let mut ledger = written();
        assert_eq!(ledger.on_end((1, 5), Fate::Aborted), Ok(()));
        assert!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole).is_err());
        assert!(ledger.on_offset_read(1, -1, 5).is_err());
    }

    #[test]
    fn what_a_fenced_producer_wrote_is_aborted() {
        let mut ledger = written();
        assert_eq!(ledger.on_introduced(&writer(1)), 1);
        assert!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole).is_err());
        assert!(ledger.on_end((1, 5), Fate::Committed).is_err());
        // It does not know yet, and begins another.
        ledger.on_begin((1, 6), writer(0));
        assert!(ledger.on_end((1, 6), Fate::Committed).is_err());
        // Who had asked for a commit by then may have been heard.
        let mut ledger = written();
        ledger.on_committing((1, 5));
        assert_eq!(ledger.on_introduced(&writer(1)), 0);
        assert_eq!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole), Ok(()));
        // Another id fences nobody.
        let mut ledger = written();
        let other = Writer { transactional_id: "other".to_owned(), identity: (7, 1) };
        assert_eq!(ledger.on_introduced(&other), 0);
    }

    #[test]
    fn half_a_transaction_is_found() {
        let mut ledger = committed();
        assert!(ledger.on_read(0, &[FIRST], Reach::Whole).is_err(), "in a partition");
        let mut ledger = committed();
        assert_eq!(ledger.on_read(0, &[FIRST], Reach::Stable), Ok(()), "another one is open there");
        assert_eq!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole), Ok(()));
        assert_eq!(ledger.on_offset_read(1, -1, 5), Ok(()));
        assert!(ledger.settle().is_err(), "in one of two partitions");
        assert_eq!(ledger.on_read(1, &[FIRST], Reach::Whole), Ok(()));
        assert_eq!(ledger.settle(), Ok((1, 0)));
        assert!(ledger.on_read(1, &[], Reach::Whole).is_err(), "hidden again");
        assert!(ledger.on_read(1, &[], Reach::Stable).is_err(), "hidden again");
        assert_eq!(ledger.on_read(1, &[], Reach::Part), Ok(()), "seed 6120: not come to yet");
    }

    #[test]
    fn an_offset_without_its_records_is_found() {
        let mut ledger = committed();
        assert!(ledger.on_offset_read(1, ledger.offset_floor(1), -1).is_err());
        let mut ledger = written();
        ledger.on_committing((1, 5));
        assert_eq!(ledger.on_offset_read(1, -1, 5), Ok(()));
        assert!(ledger.settle().is_err(), "the records are missing");
        assert!(ledger.on_offset_read(1, ledger.offset_floor(1), -1).is_err(), "it goes back");
        let mut ledger = written();
        ledger.on_committing((1, 5));
        assert_eq!(ledger.on_read(0, &[FIRST, SECOND], Reach::Whole), Ok(()));
        assert_eq!(ledger.on_read(1, &[FIRST], Reach::Whole), Ok(()));
        assert!(ledger.settle().is_err(), "the offset is missing");
        assert!(ledger.on_offset_read(1, -1, 4).is_err(), "nobody committed that");
    }

    #[test]
    fn what_nobody_wrote_is_found() {
        let mut ledger = committed();
        assert!(ledger.on_read(0, &[FIRST, FIRST, SECOND], Reach::Whole).is_err(), "twice");
        assert!(ledger.on_read(0, &[((1, 5), 2)], Reach::Stable).is_err(), "no such line");
        assert!(ledger.on_read(2, &[FIRST], Reach::Stable).is_err(), "no such partition");
        assert!(ledger.on_read(0, &[((1, 6), 0)], Reach::Stable).is_err(), "no such transaction");
    }

    #[test]
    fn a_mark_that_goes_back_is_found() {
        let marks = |log_start, last_stable, high_watermark| Marks {
            log_start,
            last_stable,
            high_watermark,
        };
        let mut ledger = Ledger::default();
        assert_eq!(ledger.on_marks(0, ledger.marks(0), marks(0, 3, 9)), Ok(()));
        assert_eq!(ledger.marks(1), Marks::default());
        let asked = ledger.marks(0);
        assert_eq!(ledger.on_marks(0, asked, marks(0, 3, 9)), Ok(()));
        assert!(ledger.on_marks(0, asked, marks(0, 2, 9)).is_err(), "the last stable offset");
        assert!(ledger.on_marks(0, asked, marks(0, 3, 8)).is_err(), "the high watermark");
        assert!(ledger.on_marks(0, asked, marks(0, 11, 10)).is_err(), "out of order");
    }

    #[test]
    fn only_a_rival_or_a_lost_answer_explains_a_fence() {
        let mut ledger = Ledger::default();
        let one = ledger.on_introducing("id");
        ledger.on_introduction_over("id", true);
        assert!(!ledger.may_be_fenced("id", one));
        let other = ledger.on_introducing("id");
        ledger.on_introduction_over("id", true);
        assert!(ledger.may_be_fenced("id", one) && !ledger.may_be_fenced("id", other));
        let _lost = ledger.on_introducing("id");
        ledger.on_introduction_over("id", false);
        let after = ledger.on_introducing("id");
        ledger.on_introduction_over("id", true);
        assert!(ledger.may_be_fenced("id", after), "the lost one may come later");
        ledger.on_node_end();
        let one = ledger.on_introducing("id");
        let other = ledger.on_introducing("id");
        ledger.on_introduction_over("id", true);
        ledger.on_introduction_over("id", true);
        assert!(ledger.may_be_fenced("id", one), "another was given one");
        assert!(ledger.may_be_fenced("id", other), "the first may have been heard last");
        let next = ledger.on_introducing("id");
        assert!(!ledger.may_be_fenced("id", next), "who asked before is forgotten");
    }
}
