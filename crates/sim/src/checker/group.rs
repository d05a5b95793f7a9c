//! What the members of a group, of either protocol, know of it, and whether it can all be true at once.
//!
//! A partition has one owner per generation (in the consumer protocol, an epoch), what a generation was given is given once, and a
//! committed offset never goes back by itself.

use std::collections::{BTreeMap, BTreeSet};

/// A group, as its members know it.
#[derive(Debug, Default)]
pub struct Group {
    /// Grows with every power loss; what was known before is void then.
    power: u32,
    /// Owners of partitions by group generation.
    owners: BTreeMap<i32, BTreeMap<i32, String>>,
    /// The highest offset whose commit was acknowledged, by partition.
    committed: BTreeMap<i32, i64>,
    /// The highest offset that anybody wanted to commit, by partition.
    wanted: BTreeMap<i32, i64>,
    /// The generation that each member is stable in, by the member's own name.
    stable: BTreeMap<String, i32>,
    /// What each of those has.
    held: BTreeMap<String, Vec<i32>>,
}

impl Group {
    /// Forgets what no log was promised to keep.
    pub fn on_power(&mut self, power: u32) {
        if self.power != power {
            let wanted = std::mem::take(&mut self.wanted);
            *self = Self { power, wanted, ..Self::default() };
        }
    }

    /// A member was given partitions in a generation.
    ///
    /// # Errors
    /// When somebody else was given one of them too.
    pub fn on_given(
        &mut self,
        generation: i32,
        member: &str,
        partitions: &[i32],
    ) -> Result<(), String> {
        let owners = self.owners.entry(generation).or_default();
        for partition in partitions {
            let owner = owners.entry(*partition).or_insert_with(|| member.to_owned());
            if owner != member {
                return Err(format!(
                    "in generation {generation} {member} and {owner} have partition {partition}"
                ));
            }
        }
        Ok(())
    }

    /// The newest generation in which somebody was given something.
    #[must_use]
    pub fn newest(&self) -> i32 {
        self.owners.keys().next_back().copied().unwrap_or(-1)
    }

    /// The newest generation in which this partition was given to somebody.
    #[must_use]
    pub fn newest_of(&self, partition: i32) -> i32 {
        let mut generations = self.owners.iter().rev();
        let newest = generations.find(|(_, owners)| owners.contains_key(&partition));
        newest.map_or(-1, |(generation, _)| *generation)
    }

    /// What the next look at a committed offset must at least show; -1 if nothing.
    #[must_use]
    pub fn floor(&self, partition: i32) -> i64 {
        self.committed.get(&partition).copied().unwrap_or(-1)
    }

    /// Somebody is about to commit.
    pub fn on_committing(&mut self, partition: i32, offset: i64) {
        let wanted = self.wanted.entry(partition).or_insert(offset);
        *wanted = offset.max(*wanted);
    }

    /// A commit of `generation` was acknowledged; `newest` was known when it was sent.
    ///
    /// # Errors
    /// When the generation had ended by then.
    pub fn on_committed(
        &mut self,
        generation: i32,
        newest: i32,
        partition: i32,
        offset: i64,
    ) -> Result<(), String> {
        if generation < newest {
            return Err(format!(
                "generation {generation} commits while {newest} has its partitions"
            ));
        }
        let committed = self.committed.entry(partition).or_insert(offset);
        *committed = offset.max(*committed);
        Ok(())
    }

    /// A committed offset was read; `floor` was known when it was asked for.
    ///
    /// # Errors
    /// When it went back, or nobody ever committed it.
    pub fn on_read(&self, partition: i32, floor: i64, offset: i64) -> Result<(), String> {
        if offset < floor {
            return Err(format!(
                "partition {partition} was committed to {floor}, read is {offset}"
            ));
        }
        let wanted = self.wanted.get(&partition).copied().unwrap_or(-1);
        if wanted < offset {
            return Err(format!(
                "partition {partition} is at {offset}, nobody went beyond {wanted}"
            ));
        }
        Ok(())
    }

    /// A member is stable in a generation, or is not.
    pub fn set_stable(&mut self, member: &str, generation: Option<i32>) {
        match generation {
            Some(generation) => self.stable.insert(member.to_owned(), generation),
            None => self.stable.remove(member),
        };
    }

    /// A stable member has these partitions.
    pub fn set_held(&mut self, member: &str, partitions: Vec<i32>) {
        self.held.insert(member.to_owned(), partitions);
    }

    /// Whether the stable members have all of `partitions` partitions.
    #[must_use]
    pub fn has_all(&self, partitions: i32) -> bool {
        let held = self.held.iter().filter(|(member, _)| self.stable.contains_key(*member));
        let held: BTreeSet<i32> = held.flat_map(|(_, held)| held).copied().collect();
        (0..partitions).all(|partition| held.contains(&partition))
    }

    /// Whether `members` members are stable, all in one generation.
    #[must_use]
    pub fn has_settled(&self, members: usize) -> bool {
        let mut generations = self.stable.values();
        let first = generations.next();
        self.stable.len() == members && generations.all(|generation| Some(generation) == first)
    }
}
