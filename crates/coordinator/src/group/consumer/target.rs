//! Who is to have what: a new target for a group.

use super::member::Member;
use super::state::{ConsumerGroup, Resolved};
use super::{records, subscription};
use crate::assign::{Assignor, Partitions, Subscriber};
use crate::group::GroupRecord;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Timestamp, Uuid};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A member that is about to be written: the group has it as it was, or not at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Updated<'a> {
    pub(super) member_id: &'a Text,
    pub(super) member: &'a Member,
    /// The static member whose place it takes.
    pub(super) replaced: Option<&'a Text>,
}

/// What a target is computed from.
pub(super) struct Basis<'a> {
    pub(super) group_id: &'a Text,
    pub(super) group: &'a ConsumerGroup,
    /// What regular expressions stand for, with what this decision found.
    pub(super) resolved: &'a BTreeMap<Text, Resolved>,
    pub(super) updated: Option<Updated<'a>>,
    pub(super) image: &'a Image,
    /// The assignor of a group whose members ask for none.
    pub(super) default_assignor: Assignor,
}

impl<'a> Basis<'a> {
    /// Writes the target of that epoch, and gives what the updated member is to have.
    pub(super) fn compute(
        &self,
        epoch: i32,
        now: Timestamp,
        records: &mut Vec<GroupRecord>,
    ) -> Arc<Partitions> {
        let members = self.members();
        let nothing = Partitions::new();
        let mut topics = subscription::TopicIds::new(self.image, self.resolved);
        let subscribers: Vec<Subscriber<'_>> = members
            .iter()
            .map(|(id, (member, current))| Subscriber {
                id,
                instance_id: member.instance_id(),
                topics: topics.of(member),
                current: current.unwrap_or(&nothing),
            })
            .collect();
        let mut counts: BTreeMap<Uuid, usize> = BTreeMap::new();
        for id in subscribers.iter().flat_map(|subscriber| subscriber.topics.iter()) {
            counts.entry(*id).or_insert_with(|| {
                self.image.topics.by_id(id).map_or(0, |topic| topic.partitions.len())
            });
        }
        let given = self.assignor().assign(&subscribers, &counts);
        let mut own = Arc::default();
        for (subscriber, partitions) in subscribers.iter().zip(given) {
            let old = self.group.target.members.get(subscriber.id);
            if old.is_none_or(|old| **old != partitions) {
                records.push(records::target(self.group_id, subscriber.id, Some(&partitions)));
            }
            if self.updated.is_some_and(|updated| updated.member_id == subscriber.id) {
                own = Arc::new(partitions);
            }
        }
        records.push(records::target_epoch(self.group_id, Some((epoch, now))));
        own
    }

    /// All members as they will be, by id, with what each was to have.
    fn members(&self) -> BTreeMap<&'a Text, (&'a Member, Option<&'a Partitions>)> {
        let target = |id| self.group.target.members.get(id).map(|target| &**target);
        let mut members: BTreeMap<_, _> =
            self.group.members.iter().map(|(id, member)| (id, (&**member, target(id)))).collect();
        if let Some(Updated { member_id, member, replaced }) = self.updated {
            let current = replaced.map_or_else(|| target(member_id), target);
            if let Some(replaced) = replaced {
                members.remove(replaced);
            }
            members.insert(member_id, (member, current));
        }
        members
    }

    /// The one that most members ask for.
    fn assignor(&self) -> Assignor {
        let mut counts = self.group.assignor_counts.clone();
        if let Some(Updated { member_id, member, replaced }) = self.updated {
            let old = self.group.members.get(replaced.unwrap_or(member_id));
            let old = old.and_then(|old| old.metadata.server_assignor.as_ref());
            if let Some(count) = old.and_then(|name| counts.get_mut(name)) {
                *count -= 1;
            }
            if let Some(name) = &member.metadata.server_assignor {
                *counts.entry(name.clone()).or_insert(0) += 1;
            }
        }
        preferred(&counts).unwrap_or(self.default_assignor)
    }
}

/// The assignor that most ask for; among several, the first by name.
pub(super) fn preferred(counts: &BTreeMap<Text, usize>) -> Option<Assignor> {
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let mut best: Option<(&Text, usize)> = None;
    for (name, count) in counts {
        if best.is_none_or(|(_, most)| *count > most) {
            best = Some((name, *count));
        }
    }
    Assignor::by_name(best?.0)
}
