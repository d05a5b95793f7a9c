//! What happened, in order: a hash over all of it, and the last lines in words.

use crate::random::seed_of;
use dohle_env::clock::{Clock, Instant};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that are kept unless all are asked for.
const TAIL_LINES: usize = 400;

/// The record of one run. Cloning shares it. Two runs of one seed have equal hashes; if not,
/// something drew on the outside world.
#[derive(Clone, Default)]
pub struct Trace {
    record: Arc<Mutex<Record>>,
    /// Of the real world; else the time is what the executor says.
    clock: Option<Arc<dyn Clock>>,
}

#[derive(Debug, Default)]
struct Record {
    now: Instant,
    hash: u64,
    events: u64,
    keeps_all: bool,
    prints_all: bool,
    lines: VecDeque<String>,
    headlines: Vec<String>,
    coverage: BTreeMap<&'static str, u64>,
    /// There are no other marks than those that `coverage` has.
    is_declared: bool,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record().fmt(f)
    }
}

impl Record {
    fn fold(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Trace {
    /// The record of what happens in the real world, where no two runs are equal.
    #[must_use]
    pub fn real(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clock) = &self.clock {
            record.now = clock.now();
        }
        record
    }

    /// Keeps every line from now on, for a run that is to be read.
    pub fn keep_all(&self) {
        self.record().keeps_all = true;
    }

    /// Prints every line from now on, as it is added.
    pub fn print_all(&self) {
        self.record().prints_all = true;
    }

    /// The time of what happens now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.record().now
    }

    pub(crate) fn set_now(&self, now: Instant) {
        self.record().now = now;
    }

    /// Adds to the hash only: for what happens too often for words.
    pub fn note(&self, words: &[u64]) {
        let mut record = self.record();
        record.events += 1;
        let now = record.now.0;
        record.fold(now);
        for word in words {
            record.fold(*word);
        }
    }

    /// The same of bytes.
    pub fn note_bytes(&self, words: &[u64], bytes: &[u8]) {
        self.note(words);
        let mut record = self.record();
        let (whole, rest) = bytes.as_chunks::<8>();
        for word in whole {
            record.fold(u64::from_le_bytes(*word));
        }
        for byte in rest {
            record.fold(u64::from(*byte));
        }
    }

    /// Adds a line.
    pub fn line(&self, line: fmt::Arguments<'_>) {
        let mut record = self.record();
        record.events += 1;
        let now = record.now.0;
        let line = format!("{:>7}.{:06} {line}", now / 1_000_000_000, now / 1_000 % 1_000_000);
        let word = seed_of(now, &line);
        record.fold(word);
        if record.prints_all {
            print(&line);
        }
        if !record.keeps_all && record.lines.len() == TAIL_LINES {
            record.lines.pop_front();
        }
        record.lines.push_back(line);
    }

    /// Adds a line that is kept whatever follows: what was done to the world.
    pub fn headline(&self, line: fmt::Arguments<'_>) {
        self.line(line);
        let mut record = self.record();
        let kept = record.lines.back().cloned();
        record.headlines.extend(kept);
    }

    /// The headlines, oldest first.
    #[must_use]
    pub fn headlines(&self) -> Vec<String> {
        self.record().headlines.clone()
    }

    /// There are these marks and no others: those that are never reached count 0.
    pub fn declare(&self, names: impl Iterator<Item = &'static str>) {
        let mut record = self.record();
        record.coverage.extend(names.map(|name| (name, 0)));
        record.is_declared = true;
    }

    /// Marks that a rare branch was reached, so that a run can say which never were.
    ///
    /// # Panics
    /// If marks were declared, and not this one.
    pub fn sometimes(&self, name: &'static str) {
        self.add(name, 1);
    }

    /// Adds to a mark's count, for what is counted elsewhere.
    ///
    /// # Panics
    /// As [`sometimes`](Self::sometimes).
    pub fn add(&self, name: &'static str, count: u64) {
        let mut record = self.record();
        let is_known = !record.is_declared || record.coverage.contains_key(name);
        assert!(is_known, "the mark '{name}' is not declared");
        *record.coverage.entry(name).or_default() += count;
    }

    /// How often each mark was reached.
    #[must_use]
    pub fn coverage(&self) -> BTreeMap<&'static str, u64> {
        self.record().coverage.clone()
    }

    /// The hash over all that was added.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.record().hash
    }

    /// How often something was added.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.record().events
    }

    /// The last lines, oldest first.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.record().lines.iter().cloned().collect()
    }
}

#[expect(clippy::print_stdout, reason = "for who asked to read one run")]
fn print(line: &str) {
    println!("{line}");
}
