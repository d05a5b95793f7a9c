//! Who wants what, and who gets what.

use super::Subscription;
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A member of a group, as an assignor sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// What it calls itself if it is static.
    pub instance_id: Option<Text>,
    /// What it wants and has.
    pub subscription: Subscription,
}

/// The partitions of a topic, as an assignor sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPartitions {
    /// How many there are.
    pub count: i32,
    /// The racks that have replicas of each partition; empty where that is not known.
    pub racks: Vec<BTreeSet<Text>>,
}

impl TopicPartitions {
    /// The racks that have replicas of a partition.
    pub(super) fn racks_of(&self, partition: i32) -> Option<&BTreeSet<Text>> {
        self.racks.get(usize::try_from(partition).ok()?)
    }
}

/// What each member gets, in order.
pub type Shares = BTreeMap<Text, Vec<TopicPartition>>;

/// The ids of members in the order in which assignors serve them: static members first, by what
/// they call themselves, then the others by id.
pub(super) fn in_order(members: &BTreeMap<Text, Member>) -> Vec<&Text> {
    let mut ids: Vec<_> = members.iter().collect();
    ids.sort_by(|(id, member), (other_id, other)| {
        match (&member.instance_id, &other.instance_id) {
            (Some(one), Some(two)) => one.cmp(two),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => id.cmp(other_id),
        }
    });
    ids.into_iter().map(|(id, _)| id).collect()
}

/// The rack of a member, if it says one.
pub(super) fn rack_of(member: &Member) -> Option<&Text> {
    member.subscription.rack.as_ref().filter(|rack| !rack.is_empty())
}

/// Whether racks matter: members and replicas share some, and not every partition is everywhere.
pub(super) fn racks_matter<'r>(
    of_members: &BTreeSet<&Text>,
    of_partitions: impl Iterator<Item = &'r BTreeSet<Text>> + Clone,
) -> bool {
    let all: BTreeSet<&Text> = of_partitions.clone().flatten().collect();
    if of_members.is_empty() || of_members.is_disjoint(&all) {
        return false;
    }
    let mut of_partitions = of_partitions;
    of_partitions.any(|racks| racks.len() != all.len())
}
