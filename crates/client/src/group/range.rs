//! Of each topic, neighbouring partitions to each member. Where racks matter (KIP-881), members
//! first get partitions with a replica in their rack, as far as the sizes of the shares allow; and
//! topics with equally many partitions and the same members are shared out alike.

use super::share::{Member, Shares, TopicPartitions, in_order, rack_of, racks_matter};
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

/// One topic while it is shared out.
struct Topic<'t> {
    name: &'t Text,
    partitions: &'t TopicPartitions,
    /// Who wants it, in order, with their racks.
    members: Vec<(&'t Text, Option<&'t Text>)>,
    needs_racks: bool,
    open: BTreeSet<i32>,
    given: BTreeMap<&'t Text, i32>,
    /// How many partitions everybody gets.
    share: i32,
    /// How many members may get one more.
    extra: i32,
}

impl<'t> Topic<'t> {
    fn new(
        name: &'t Text,
        partitions: &'t TopicPartitions,
        order: &[&'t Text],
        all: &'t BTreeMap<Text, Member>,
    ) -> Self {
        let members: Vec<_> = order
            .iter()
            .filter_map(|id| Some((*id, all.get(*id)?)))
            .filter(|(_, member)| member.subscription.topics.contains(name))
            .map(|(id, member)| (id, rack_of(member)))
            .collect();
        let count = i32::try_from(members.len()).unwrap_or(i32::MAX);
        let racks: BTreeSet<&Text> = members.iter().filter_map(|(_, rack)| *rack).collect();
        Self {
            name,
            partitions,
            needs_racks: racks_matter(&racks, partitions.racks.iter()),
            open: (0..partitions.count).collect(),
            given: members.iter().map(|(id, _)| (*id, 0)).collect(),
            share: partitions.count.checked_div(count).unwrap_or(0),
            extra: partitions.count.checked_rem(count).unwrap_or(0),
            members,
        }
    }

    fn matches(&self, rack: Option<&Text>, partition: i32) -> bool {
        rack.is_none_or(|rack| {
            self.partitions.racks_of(partition).is_some_and(|racks| racks.contains(rack))
        })
    }

    /// How many partitions a member may still get.
    fn room(&self, id: &Text) -> i32 {
        let given = self.given.get(id).copied().unwrap_or(0);
        (self.share + i32::from(self.extra > 0) - given).max(0)
    }

    fn give(&mut self, id: &'t Text, partitions: &[i32], shares: &mut Shares) {
        let given = self.given.entry(id).or_default();
        *given += i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        if *given > self.share {
            self.extra -= 1;
        }
        for partition in partitions {
            self.open.remove(partition);
            if let Some(share) = shares.get_mut(id) {
                share.push(TopicPartition::new(self.name.clone(), *partition));
            }
        }
    }

    /// Gives each member its share of what is open, only what is in its rack if asked to.
    fn give_ranges(&mut self, only_matching: bool, shares: &mut Shares) {
        for (id, rack) in self.members.clone() {
            let room = usize::try_from(self.room(id)).unwrap_or(0);
            let fitting = self.open.iter().copied();
            let fitting: Vec<i32> = fitting
                .filter(|partition| !only_matching || self.matches(rack, *partition))
                .take(room)
                .collect();
            if !fitting.is_empty() {
                self.give(id, &fitting, shares);
            }
        }
    }
}

pub(super) fn assign(
    members: &BTreeMap<Text, Member>,
    topics: &BTreeMap<Text, TopicPartitions>,
) -> Shares {
    let mut shares: Shares = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let order = in_order(members);
    let mut states: Vec<Topic<'_>> = topics
        .iter()
        .filter(|(_, partitions)| partitions.count > 0)
        .map(|(name, partitions)| Topic::new(name, partitions, &order, members))
        .collect();
    let needs_racks = states.iter().any(|topic| topic.needs_racks);
    if needs_racks {
        match_racks(&mut states, &mut shares);
    }
    for topic in &mut states {
        topic.give_ranges(false, &mut shares);
    }
    if needs_racks {
        for share in shares.values_mut() {
            share.sort_unstable();
        }
    }
    shares
}

/// Gives partitions to members of their racks: alike for topics that are alike.
fn match_racks(states: &mut [Topic<'_>], shares: &mut Shares) {
    let mut done = vec![false; states.len()];
    for first in 0..states.len() {
        if done[first] {
            continue;
        }
        let alike: Vec<usize> = (first..states.len())
            .filter(|other| {
                states[*other].members == states[first].members
                    && states[*other].partitions.racks.len() == states[first].partitions.racks.len()
            })
            .collect();
        for index in &alike {
            done[*index] = true;
        }
        match alike.as_slice() {
            [only] if states[*only].needs_racks => states[*only].give_ranges(true, shares),
            [_] => {}
            _ => match_alike(states, &alike, shares),
        }
    }
}

/// Gives each partition of all these topics to the first member that is in its rack everywhere.
fn match_alike(states: &mut [Topic<'_>], alike: &[usize], shares: &mut Shares) {
    let Some(first) = alike.first().map(|index| &states[*index]) else { return };
    let mut remaining = first.members.clone();
    let count = i32::try_from(first.partitions.racks.len()).unwrap_or(i32::MAX);
    for partition in 0..count {
        let fits = |(id, rack): &(&Text, Option<&Text>)| {
            alike.iter().all(|index| {
                states[*index].matches(*rack, partition) && states[*index].room(id) > 0
            })
        };
        let Some((id, _)) = remaining.iter().copied().find(fits) else { continue };
        for index in alike {
            states[*index].give(id, &[partition], shares);
        }
        if alike.iter().all(|index| states[*index].room(id) == 0) {
            remaining.retain(|(other, _)| *other != id);
            if remaining.is_empty() {
                return;
            }
        }
    }
}
