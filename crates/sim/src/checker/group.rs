//! What the members of a group, of either protocol, know of it, and whether it can all be true at once.
//!
//! A partition has one owner per generation (in the consumer protocol, an epoch), what a generation was given is given once, and a
//! committed offset never goes back by itself.

use std::collections::{BTreeMap, BTreeSet};

/// A group, as its members know it.
#[derive(Debug, Default)]
pub struct Group {
    /// Grows with every power loss; what was known before is void then, unless its log is durable.
    power: u32,
    /// What was acknowledged survives a power loss.
    is_durable: bool,
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
    /// A group whose log is durable, or is not.
    #[must_use]
    pub fn new(is_durable: bool) -> Self {
        Self { is_durable, ..Self::default() }
    }

    /// Forgets what no log was promised to keep.
    pub fn on_power(&mut self, power: u32) {
        if self.is_durable {
            self.power = power;
        } else if self.power != power {
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

    /// Whether anybody wanted to commit anything.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.wanted.is_empty()
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

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn two_owners_in_one_generation_are_found() {
        let mut group = Group::default();
        assert_eq!(group.on_given(1, "one", &[0, 1]), Ok(()));
        assert_eq!(group.on_given(1, "other", &[2]), Ok(()));
        assert_eq!(group.on_given(1, "one", &[0, 1]), Ok(()), "said again");
        assert_eq!(group.on_given(2, "other", &[0, 1, 2]), Ok(()), "in another generation");
        assert!(group.on_given(1, "other", &[1]).is_err());
    }

    #[test]
    fn a_commit_of_a_generation_that_has_ended_is_found() {
        let mut group = Group::default();
        assert_eq!(group.on_given(2, "one", &[0]), Ok(()));
        assert_eq!((group.newest(), group.newest_of(0), group.newest_of(1)), (2, 2, -1));
        assert_eq!(group.on_committed(2, group.newest(), 0, 5), Ok(()));
        assert!(group.on_committed(1, group.newest(), 0, 6).is_err());
    }

    /// Somebody has committed 5, and somebody else may have committed 7.
    fn committed(is_durable: bool) -> Group {
        let mut group = Group::new(is_durable);
        group.on_committing(0, 5);
        assert_eq!(group.on_committed(1, 1, 0, 5), Ok(()));
        group.on_committing(0, 7);
        group
    }

    #[test]
    fn a_committed_offset_that_goes_back_is_found() {
        let group = committed(false);
        for offset in [5, 6, 7] {
            assert_eq!(group.on_read(0, group.floor(0), offset), Ok(()));
        }
        for offset in [-1, 4] {
            assert!(group.on_read(0, group.floor(0), offset).is_err(), "{offset}");
        }
        assert!(group.on_read(0, group.floor(0), 8).is_err(), "nobody committed that");
        assert!(group.on_read(1, group.floor(1), 0).is_err(), "nor that");
        assert_eq!(group.on_read(1, group.floor(1), -1), Ok(()));
    }

    #[test]
    fn a_power_loss_excuses_only_who_promised_nothing() {
        let mut group = committed(false);
        group.on_power(1);
        assert_eq!(group.on_read(0, group.floor(0), -1), Ok(()));
        assert!(group.on_read(0, group.floor(0), 8).is_err(), "nobody ever wanted that");
        let mut group = committed(true);
        group.on_power(1);
        assert!(group.on_read(0, group.floor(0), -1).is_err());
        assert_eq!(group.on_read(0, group.floor(0), 5), Ok(()));
    }

    #[test]
    fn a_group_settles_with_all_its_members_in_one_generation() {
        let mut group = Group::default();
        group.set_stable("one", Some(3));
        group.set_held("one", vec![0, 1]);
        group.set_held("other", vec![2]);
        assert!(!group.has_settled(2) && !group.has_all(3));
        group.set_stable("other", Some(2));
        assert!(!group.has_settled(2) && group.has_all(3));
        group.set_stable("other", Some(3));
        assert!(group.has_settled(2));
    }
}
