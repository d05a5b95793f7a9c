//! All members want the same topics: everybody keeps what fits into an even share, and the rest
//! goes around.

use super::{Start, in_hash_order};
use crate::group::share::Shares;
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// The state of one sharing-out.
struct Round<'s> {
    start: &'s Start<'s>,
    /// What everybody gets at least and at most.
    least: usize,
    most: usize,
    /// How many may get more than the least, and how many do.
    over_max: usize,
    over: usize,
    shares: Shares,
    /// Members below the least, and those with just that who may get one more.
    below: Vec<Text>,
    at_least: Vec<Text>,
    /// Partitions that their owner could not keep.
    revoked: BTreeMap<TopicPartition, Text>,
    /// Partitions that change hands, with who gets them.
    moving: BTreeMap<TopicPartition, Text>,
}

/// The shares, and which partitions change hands.
pub(super) fn share_out(start: &Start<'_>) -> (Shares, BTreeMap<TopicPartition, Text>) {
    let members = start.members.len();
    let partitions = start.partition_count();
    let shares: Shares = start.members.keys().map(|id| (id.clone(), Vec::new())).collect();
    if members == 0 {
        return (shares, BTreeMap::new());
    }
    let mut round = Round {
        start,
        least: partitions / members,
        most: partitions.div_ceil(members),
        over_max: partitions % members,
        over: 0,
        shares,
        below: Vec::new(),
        at_least: Vec::new(),
        revoked: BTreeMap::new(),
        moving: BTreeMap::new(),
    };
    round.keep_owned();
    let mut open = round.unassigned();
    round.below.sort_unstable();
    round.at_least.sort_unstable();
    start.racks.sort(&mut open);
    if start.racks.matter() {
        open = round.give_near(open);
    }
    round.give_around(open);
    (round.shares, round.moving)
}

impl Round<'_> {
    /// Everybody keeps what is near, up to a share.
    fn keep_owned(&mut self) {
        let start = self.start;
        for id in in_hash_order(start.owned.keys()) {
            let Some(had) = start.owned.get(&id) else { continue };
            let mut owned = Vec::new();
            for one in had {
                if start.racks.are_apart(&id, one) {
                    self.revoked.insert(one.clone(), id.clone());
                } else if !start.contested.contains(one) {
                    owned.push(one.clone());
                }
            }
            owned.sort_by(|one, other| {
                (one.partition, &one.topic).cmp(&(other.partition, &other.topic))
            });
            let kept = if owned.len() < self.least {
                self.below.push(id.clone());
                owned.len()
            } else if owned.len() >= self.most && self.over < self.over_max {
                self.over += 1;
                if self.over == self.over_max {
                    self.at_least.clear();
                }
                self.most
            } else {
                if self.over < self.over_max {
                    self.at_least.push(id.clone());
                }
                self.least
            };
            for lost in owned.split_off(kept) {
                self.revoked.insert(lost, id.clone());
            }
            self.shares.insert(id, owned);
        }
    }

    /// What nobody has, ascending.
    fn unassigned(&self) -> Vec<TopicPartition> {
        let taken: std::collections::BTreeSet<_> = self.shares.values().flatten().collect();
        let topics = self.start.topics.iter();
        topics
            .flat_map(|(name, topic)| {
                (0..topic.count).map(|partition| TopicPartition::new(name.clone(), partition))
            })
            .filter(|one| !taken.contains(one))
            .collect()
    }

    /// Gives a partition; how many its owner has then.
    fn give(&mut self, partition: &TopicPartition, id: &Text) -> usize {
        let was_of_another = self.revoked.get(partition).is_some_and(|owner| owner != id);
        if was_of_another || self.start.contested.contains(partition) {
            self.moving.insert(partition.clone(), id.clone());
        }
        let share = self.shares.entry(id.clone()).or_default();
        share.push(partition.clone());
        share.len()
    }

    /// Gives partitions to members near them, in turn; those that are left.
    fn give_near(&mut self, open: Vec<TopicPartition>) -> Vec<TopicPartition> {
        let mut left = Vec::new();
        let mut next = 0;
        for partition in open {
            let racks = &self.start.racks;
            if let Some(place) = racks.next_near(&partition, &self.below, next) {
                let id = self.below[place].clone();
                let mut place = place;
                let count = self.shares.get(&id).map_or(0, Vec::len) + 1;
                if count >= self.least {
                    self.below.remove(place);
                    if count < self.most && self.over < self.over_max {
                        self.at_least.push(id.clone());
                    }
                } else {
                    place += 1;
                }
                next = place.checked_rem(self.below.len()).unwrap_or(0);
                self.give(&partition, &id);
            } else if let Some(place) = racks.next_near(&partition, &self.at_least, 0) {
                let id = self.at_least[place].clone();
                if self.shares.get(&id).map_or(0, Vec::len) + 1 == self.most {
                    self.at_least.remove(place);
                    self.over += 1;
                    if self.over == self.over_max {
                        self.at_least.clear();
                    }
                }
                self.give(&partition, &id);
            } else {
                left.push(partition);
            }
        }
        left
    }

    /// Gives what is left to one member after the other.
    fn give_around(&mut self, open: Vec<TopicPartition>) {
        let mut next = 0;
        for partition in open {
            let is_of_below = !self.below.is_empty();
            let id = if is_of_below {
                if next >= self.below.len() {
                    next = 0;
                }
                self.below[next].clone()
            } else if self.at_least.is_empty() {
                // Quotas add up to all partitions, so there is room until there is none left.
                debug_assert!(false, "no member has room for {partition}");
                return;
            } else {
                self.at_least.remove(0)
            };
            let count = self.give(&partition, &id);
            if count == self.least && is_of_below {
                self.below.remove(next);
                self.at_least.push(id);
            } else {
                if count == self.most {
                    self.over += 1;
                }
                next += usize::from(is_of_below);
            }
        }
    }
}
