//! Members that leave, or have to.

use super::heartbeat::Decided;
use super::member::{LEFT_STATIC_EPOCH, Member, Owned};
use super::pace::Pace;
use super::refusal::Refusal;
use super::state::ConsumerGroup;
use super::subscription::Subscriptions;
use super::{Timer, entrance, migration, records};
use crate::group::deciding::Deciding;
use crate::group::{Group, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// A member says that it leaves: for good, or as a static member for a while.
pub(super) fn leave(
    deciding: &mut Deciding<'_>,
    request: &m::ConsumerGroupHeartbeatRequest,
) -> Result<Decided, Refusal> {
    let Some((group_id, Group::Consumer(group))) =
        deciding.hard.groups.get_key_value(&request.group_id)
    else {
        return Err(Refusal::no_group(&request.group_id));
    };
    let (member_id, member) = find(group_id, group, request)?;
    let records = if request.member_epoch == LEFT_STATIC_EPOCH {
        // Its session goes on: if nobody comes in its place, it ends like any other.
        let mut left =
            Member { epoch: LEFT_STATIC_EPOCH, revoking: Owned::new(), ..member.clone() };
        left.reset_epochs();
        let rebalance = Timer::Rebalance(group_id.clone(), member_id.clone());
        deciding.soft.timers.cancel(&crate::group::Timer::Consumer(rebalance));
        vec![records::current(group_id, member_id, Some(&left))]
    } else {
        fence(deciding, group_id, group, &[(member_id, member)])
    };
    let answer = m::ConsumerGroupHeartbeatResponse {
        member_id: Some(member_id.clone()),
        member_epoch: request.member_epoch,
        ..Default::default()
    };
    Ok((answer, records))
}

fn find<'a>(
    group_id: &Text,
    group: &'a ConsumerGroup,
    request: &m::ConsumerGroupHeartbeatRequest,
) -> Result<(&'a Text, &'a Member), Refusal> {
    let member_id = &request.member_id;
    let Some(instance_id) = &request.instance_id else {
        let found = group.member(member_id);
        return found.ok_or_else(|| Refusal::unknown_member(group_id, member_id));
    };
    let Some(found) = group.static_member(instance_id) else {
        let message = format!("there is no instance {instance_id} in the group");
        return Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message));
    };
    entrance::check_instance(instance_id, found.0, member_id)?;
    Ok(found)
}

/// Takes members out of the group. Those that stay get a new target, or are a classic group again.
pub(super) fn fence(
    deciding: &mut Deciding<'_>,
    group_id: &Text,
    group: &ConsumerGroup,
    members: &[(&Text, &Member)],
) -> Vec<GroupRecord> {
    if let Some(records) = migration::downgrade(deciding, group_id, group, members) {
        return records;
    }
    let mut records = Vec::new();
    let mut subscriptions = Subscriptions::of(group);
    for (member_id, member) in members {
        records.extend([
            records::current(group_id, member_id, None),
            records::target(group_id, member_id, None),
            records::member(group_id, member_id, None),
        ]);
        subscriptions.remove(member);
        super::forget_member(deciding.soft, group_id, member_id);
    }
    let still: Vec<&Text> = subscriptions.regexes().collect();
    let gone = group.regex_counts.keys().filter(|regex| !still.contains(regex));
    records.extend(gone.map(|regex| records::regex(group_id, regex, None)));

    let soft = &mut *deciding.soft;
    let hash = subscriptions.metadata_hash(&mut soft.consumer.hashes, &soft.image, &group.resolved);
    records.push(records::epoch(group_id, group.epoch.saturating_add(1), hash));
    if group.members.len() > members.len() {
        let pace = Pace::of(group_id, &soft.image, &soft.settings);
        let at = pace.next_target_at(group, deciding.now).max(deciding.now);
        let timer = Timer::Assign(group_id.clone());
        soft.timers.set(crate::group::Timer::Consumer(timer), at);
    }
    records
}

/// The records that make the log forget a group.
pub(super) fn tombstones(group_id: &Text, group: &ConsumerGroup) -> Vec<GroupRecord> {
    let mut all = Vec::new();
    let members = || group.members.keys();
    all.extend(members().map(|id| records::current(group_id, id, None)));
    all.extend(members().map(|id| records::target(group_id, id, None)));
    all.push(records::target_epoch(group_id, None));
    all.extend(members().map(|id| records::member(group_id, id, None)));
    all.extend(group.resolved.keys().map(|regex| records::regex(group_id, regex, None)));
    if group.has_partition_metadata {
        all.push(records::no_partition_metadata(group_id));
    }
    all.push(records::no_group(group_id));
    all
}
