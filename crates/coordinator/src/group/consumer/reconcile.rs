//! A member's way from what it has to what it is to have.

use super::member::{Member, MemberState, Owned};
use crate::assign::Partitions;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use std::collections::BTreeSet;

/// What a member's next step depends on.
pub(super) struct Surroundings<'a> {
    /// The topics that the member wants now.
    pub(super) wanted: &'a [Uuid],
    pub(super) target_epoch: i32,
    pub(super) target: &'a Partitions,
    /// What the member says that it owns; none if it does not say.
    pub(super) reported: Option<&'a [TopicPartitions]>,
    /// Whether another member owns a partition, or may still own it.
    pub(super) is_taken: &'a dyn Fn(&Uuid, i32) -> bool,
    /// What the member wants has changed: what it no longer wants is taken from it at once.
    pub(super) has_changed_subscription: bool,
}

/// The member is in a state that is not known here: it has to give up everything and to begin anew.
#[derive(Debug)]
pub(super) struct MustRejoin;

/// Takes the next step if there is one.
pub(super) fn reconcile(
    member: &mut Member,
    surroundings: &Surroundings<'_>,
) -> Result<(), MustRejoin> {
    let Surroundings { target_epoch, has_changed_subscription, .. } = *surroundings;
    match member.state {
        MemberState::Stable if member.epoch != target_epoch => {
            surroundings.step(member, member.epoch);
        }
        MemberState::Stable => {
            if has_changed_subscription {
                surroundings.drop_unwanted(member);
            }
        }
        MemberState::UnrevokedPartitions => {
            if !surroundings.may_own_any(&member.revoking) {
                surroundings.step(member, member.epoch);
            } else if has_changed_subscription {
                surroundings.drop_unwanted(member);
            }
        }
        MemberState::UnreleasedPartitions => surroundings.step(member, member.epoch),
        MemberState::Unknown(_) => {
            if surroundings.reported.is_none_or(|reported| !reported.is_empty()) {
                return Err(MustRejoin);
            }
            surroundings.step(member, target_epoch);
        }
    }
    Ok(())
}

impl Surroundings<'_> {
    /// Whether the member may own one of these. It may if it does not say what it owns.
    fn may_own_any(&self, owned: &Owned) -> bool {
        let Some(reported) = self.reported else { return true };
        reported.iter().any(|topic| {
            let Some(owned) = owned.get(&topic.topic_id) else { return false };
            topic.partitions.iter().any(|partition| owned.contains_key(partition))
        })
    }

    /// Assigned becomes what is assigned and targeted. If something of the rest may still be owned,
    /// the member gives that up first and stays in its epoch. Otherwise it moves to the target's
    /// epoch, and gets what of the target is free.
    fn step(&self, member: &mut Member, epoch: i32) {
        let mut assigned = Owned::new();
        let mut revoking = Owned::new();
        let mut free = Vec::new();
        let mut is_waiting = false;
        let topics: BTreeSet<&Uuid> = self.target.keys().chain(member.assigned.keys()).collect();
        for topic in topics {
            let is_wanted = self.wanted.binary_search(topic).is_ok();
            let target = self.target.get(topic).filter(|_| is_wanted);
            let target = target.map(Vec::as_slice).unwrap_or_default();
            let current = member.assigned.get(topic);
            for (partition, epoch) in current.into_iter().flatten() {
                let is_kept = target.binary_search(partition).is_ok();
                let into = if is_kept { &mut assigned } else { &mut revoking };
                into.entry(*topic).or_default().insert(*partition, *epoch);
            }
            let has = |owned: &Owned, partition| {
                owned.get(topic).is_some_and(|partitions| partitions.contains_key(partition))
            };
            for partition in target {
                if has(&member.assigned, partition) {
                    continue;
                }
                if (self.is_taken)(topic, *partition) && !has(&member.revoking, partition) {
                    is_waiting = true;
                } else {
                    free.push((*topic, *partition));
                }
            }
        }
        if !revoking.is_empty() && self.may_own_any(&revoking) {
            member.state = MemberState::UnrevokedPartitions;
            member.advance(epoch);
            member.revoking = revoking;
        } else {
            for (topic, partition) in free {
                assigned.entry(topic).or_default().insert(partition, self.target_epoch);
            }
            member.state =
                if is_waiting { MemberState::UnreleasedPartitions } else { MemberState::Stable };
            member.advance(self.target_epoch);
            member.revoking = Owned::new();
        }
        member.assigned = assigned;
    }

    /// Takes from the member the topics that it no longer wants.
    fn drop_unwanted(&self, member: &mut Member) {
        let is_wanted = |topic: &Uuid| self.wanted.binary_search(topic).is_ok();
        if member.assigned.keys().all(is_wanted) {
            return;
        }
        let (kept, dropped): (Owned, Owned) =
            std::mem::take(&mut member.assigned).into_iter().partition(|(id, _)| is_wanted(id));
        let mut revoking = member.revoking.clone();
        for (topic, partitions) in dropped {
            revoking.entry(topic).or_default().extend(partitions);
        }
        member.assigned = kept;
        if self.may_own_any(&revoking) {
            member.state = MemberState::UnrevokedPartitions;
            member.revoking = revoking;
        }
        member.advance(member.epoch);
    }
}
