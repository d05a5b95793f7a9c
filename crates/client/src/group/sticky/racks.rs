//! Which member is near which partition, as far as that matters.

use crate::group::share::{Member, TopicPartitions, rack_of, racks_matter};
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Racks of members and of the replicas of partitions.
#[derive(Default)]
pub(super) struct Racks {
    /// Empty unless racks matter.
    pub(super) of_members: BTreeMap<Text, Text>,
    /// Empty unless racks matter.
    of_partitions: BTreeMap<TopicPartition, BTreeSet<Text>>,
    /// How many members are near each partition; empty if no member says its rack.
    near: BTreeMap<TopicPartition, usize>,
}

impl Racks {
    pub(super) fn new(
        members: &BTreeMap<Text, Member>,
        topics: &BTreeMap<Text, TopicPartitions>,
    ) -> Self {
        let of_members: BTreeMap<Text, Text> = members
            .iter()
            .filter_map(|(id, member)| Some((id.clone(), rack_of(member)?.clone())))
            .collect();
        if of_members.is_empty() {
            return Self::default();
        }
        let mut of_partitions = BTreeMap::new();
        for (name, topic) in topics {
            for partition in 0..topic.count {
                let racks = topic.racks_of(partition).cloned().unwrap_or_default();
                of_partitions.insert(TopicPartition::new(name.clone(), partition), racks);
            }
        }
        let near = of_partitions
            .iter()
            .map(|(partition, racks)| {
                let near = of_members.values().filter(|rack| racks.contains(*rack)).count();
                (partition.clone(), near)
            })
            .collect();
        let named: BTreeSet<&Text> = of_members.values().collect();
        if racks_matter(&named, of_partitions.values()) {
            Self { of_members, of_partitions, near }
        } else {
            Self { near, ..Self::default() }
        }
    }

    /// Whether racks matter.
    pub(super) fn matter(&self) -> bool {
        !self.of_members.is_empty()
    }

    /// Whether a member with a rack is far from a partition.
    pub(super) fn are_apart(&self, member: &Text, partition: &TopicPartition) -> bool {
        self.of_members.contains_key(member) && !self.are_near(member, partition)
    }

    /// Whether a member with a rack is near a partition.
    pub(super) fn are_near(&self, member: &Text, partition: &TopicPartition) -> bool {
        let racks = self.of_partitions.get(partition);
        self.of_members
            .get(member)
            .is_some_and(|rack| racks.is_some_and(|racks| racks.contains(rack)))
    }

    /// Puts partitions first that few members are near to.
    pub(super) fn sort(&self, partitions: &mut [TopicPartition]) {
        if !self.near.is_empty() {
            partitions.sort_by_key(|one| self.near.get(one).copied().unwrap_or(0));
        }
    }

    /// The first member from `from` on, around the list, that is near.
    pub(super) fn next_near(
        &self,
        partition: &TopicPartition,
        list: &[Text],
        from: usize,
    ) -> Option<usize> {
        let places = (0..list.len()).map(|step| (from + step) % list.len());
        places.into_iter().find(|place| self.are_near(&list[*place], partition))
    }
}
