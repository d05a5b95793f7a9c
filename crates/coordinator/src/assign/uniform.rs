//! Uniform, where all members want the same topics.

use super::{Partitions, Subscriber};
use dohle_protocol::ids::Uuid;
use std::collections::BTreeMap;

/// Members keep what they have up to their share; what is free or above a share fills those below.
///
/// Where it does not divide evenly, a member gets one more if it already has that many, else only
/// if so few members are left that each of them must.
pub(super) fn assign(
    members: &[Subscriber<'_>],
    counts: &BTreeMap<Uuid, usize>,
) -> Vec<Partitions> {
    let Some(first) = members.first() else { return Vec::new() };
    let topics: BTreeMap<Uuid, usize> =
        first.topics.iter().filter_map(|id| Some((*id, *counts.get(id)?))).collect();
    let total: usize = topics.values().sum();
    let (share, mut extra) = (total / members.len(), total % members.len());

    let mut free = unassigned(members, &topics);
    let mut assigned = Vec::with_capacity(members.len());
    let mut below = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let mut may_have_more = extra > 0;
        let mut quota = share + usize::from(may_have_more);
        assigned.push(keep(member.current, &topics, &mut quota, &mut free));
        if quota > 0 && may_have_more && members.len() - index > extra {
            quota -= 1;
            may_have_more = false;
        }
        extra -= usize::from(may_have_more);
        if quota > 0 {
            below.push((index, quota));
        }
    }
    let mut free = free.into_iter();
    for (index, quota) in below {
        for (topic, partition) in free.by_ref().take(quota) {
            assigned[index].entry(topic).or_default().push(partition);
        }
        for partitions in assigned[index].values_mut() {
            partitions.sort_unstable();
        }
    }
    assigned
}

/// What no member has, by topic and partition.
fn unassigned(members: &[Subscriber<'_>], topics: &BTreeMap<Uuid, usize>) -> Vec<(Uuid, i32)> {
    let mut is_assigned: BTreeMap<&Uuid, Vec<bool>> =
        topics.iter().map(|(topic, count)| (topic, vec![false; *count])).collect();
    for (topic, partitions) in members.iter().flat_map(|member| member.current) {
        let Some(flags) = is_assigned.get_mut(topic) else { continue };
        for partition in partitions {
            if let Some(flag) = usize::try_from(*partition).ok().and_then(|at| flags.get_mut(at)) {
                *flag = true;
            }
        }
    }
    let free = is_assigned.into_iter().flat_map(|(topic, flags)| {
        (0_i32..).zip(flags).filter(|(_, flag)| !flag).map(|(partition, _)| (*topic, partition))
    });
    free.collect()
}

/// What a member keeps of what it has, up to its quota. The rest becomes free.
fn keep(
    current: &Partitions,
    topics: &BTreeMap<Uuid, usize>,
    quota: &mut usize,
    free: &mut Vec<(Uuid, i32)>,
) -> Partitions {
    let mut kept = Partitions::new();
    for (topic, partitions) in current {
        let Some(count) = topics.get(topic) else { continue };
        let exists = |partition: &&i32| usize::try_from(**partition).is_ok_and(|at| at < *count);
        let mut partitions = partitions.iter().filter(exists).copied();
        let keeps: Vec<i32> = partitions.by_ref().take(*quota).collect();
        *quota -= keeps.len();
        free.extend(partitions.map(|partition| (*topic, partition)));
        if !keeps.is_empty() {
            kept.insert(*topic, keeps);
        }
    }
    kept
}
