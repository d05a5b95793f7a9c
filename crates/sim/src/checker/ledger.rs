//! What transactional producers know of their transactions, and what committed readers see of them.
//!
//! Each transaction writes its name to a few partitions. Who reads committed records sees the name
//! in all of them or in none, once; never that of an aborted one, always that of one whose commit
//! was acknowledged. The logs are durable where transactions run, so a power loss is no excuse.

use std::collections::{BTreeMap, BTreeSet};

/// A transaction: its producer's number, and its own.
pub type Name = (u32, u64);

/// All transactions.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<Name, Entry>,
    /// Names that a committed reader has seen at any time, by partition.
    seen: BTreeSet<(i32, Name)>,
}

#[derive(Debug)]
struct Entry {
    partitions: BTreeSet<i32>,
    fate: Fate,
}

/// What became of a transaction, as far as its producer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All or nothing is there; nobody knows which.
    Unknown,
    /// Its commit was acknowledged.
    Committed,
    /// It can never be committed: its abort was acknowledged, or nobody asked for a commit.
    Aborted,
}

impl Ledger {
    /// A transaction is about to write to a partition.
    pub fn on_write(&mut self, name: Name, partition: i32) {
        let entry = self
            .entries
            .entry(name)
            .or_insert_with(|| Entry { partitions: BTreeSet::new(), fate: Fate::Unknown });
        entry.partitions.insert(partition);
    }

    /// A transaction's fate is known.
    pub fn on_end(&mut self, name: Name, fate: Fate) {
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.fate = fate;
        }
    }

    /// A reader of committed records has read a partition from its start to its end.
    ///
    /// # Errors
    /// When it saw a name twice, or one that was aborted.
    pub fn on_read(&mut self, partition: i32, names: &[Name]) -> Result<(), String> {
        let mut once = BTreeSet::new();
        for name in names {
            if !once.insert(*name) {
                return Err(format!("transaction {name:?} is twice in partition {partition}"));
            }
            let Some(entry) = self.entries.get(name) else {
                return Err(format!("partition {partition} has {name:?}, which nobody wrote"));
            };
            if !entry.partitions.contains(&partition) {
                return Err(format!("{name:?} never wrote to partition {partition}"));
            }
            if entry.fate == Fate::Aborted {
                return Err(format!("partition {partition} shows {name:?}, which was aborted"));
            }
            self.seen.insert((partition, *name));
        }
        let gone = self.seen.iter().find(|(of, name)| *of == partition && !once.contains(name));
        match gone {
            Some((_, name)) => {
                Err(format!("partition {partition} has shown {name:?} and hides it"))
            }
            None => Ok(()),
        }
    }

    /// Nobody writes any more, and every partition was read to its end.
    ///
    /// # Errors
    /// When a transaction is there in parts, or one that was committed is not.
    pub fn settle(&self) -> Result<(u64, u64), String> {
        let (mut committed, mut aborted) = (0, 0);
        for (name, entry) in &self.entries {
            let is_in = |partition: &&i32| self.seen.contains(&(**partition, *name));
            let there = entry.partitions.iter().filter(is_in).count();
            let all = entry.partitions.len();
            match (there, entry.fate) {
                (0, Fate::Committed) => {
                    return Err(format!("{name:?} was committed and is not there"));
                }
                (0, _) => aborted += 1,
                (there, _) if there == all => committed += 1,
                (there, _) => {
                    return Err(format!("{name:?} is in {there} of {all} partitions: {entry:?}"));
                }
            }
        }
        Ok((committed, aborted))
    }
}
