//! A classic group as the log has it: who was in its last generation, with what assignment.

use super::members::Members;
use super::{ClassicGroup, Member, Protocol, State, Timeouts, expiry, rebalance, subscription};
use crate::group::deciding::Deciding;
use crate::group::{Client, Group, GroupRecord};
use bytes::Bytes;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages::group_metadata_value::MemberMetadata;
use dohle_protocol::messages::{GroupMetadataKey, GroupMetadataValue};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// The group's newest record.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::group) struct Persisted {
    pub(in crate::group) metadata: GroupMetadataValue,
}

/// Takes the record into the hard state.
pub(in crate::group) fn apply(
    groups: &mut BTreeMap<Text, Group>,
    key: &GroupMetadataKey,
    value: Option<&GroupMetadataValue>,
) {
    match value {
        Some(metadata) => {
            let group = Group::Classic(Persisted { metadata: metadata.clone() });
            groups.insert(key.group.clone(), group);
        }
        None => {
            groups.remove(&key.group);
        }
    }
}

/// After a load: the groups are as the log says, and members have their session time to be heard of.
pub(in crate::group) fn begin_sessions(deciding: &mut Deciding<'_>) {
    let size_max = deciding.soft.settings.group_max_size.max(0).unsigned_abs() as usize;
    for (id, group) in &deciding.hard.groups {
        let Group::Classic(persisted) = group else { continue };
        let mut group = in_session(deciding, id, &persisted.metadata);
        if group.members.len() > size_max {
            rebalance::prepare(deciding, &mut group);
        }
        deciding.soft.classic.groups.insert(id.clone(), Box::new(group));
    }
}

/// What was decided last of this group got no place in the log: the group is as the log has it again,
/// and its members are to join anew, as Kafka's are. Whoever waits in it is answered.
pub(in crate::group) fn reload(deciding: &mut Deciding<'_>, id: &Text) {
    super::forget(deciding, id);
    let Some(Group::Classic(persisted)) = deciding.hard.groups.get(id) else { return };
    let mut group = in_session(deciding, id, &persisted.metadata);
    if !group.members.is_empty() {
        rebalance::prepare(deciding, &mut group);
    }
    deciding.soft.classic.groups.insert(id.clone(), Box::new(group));
}

/// The group that a load would make of what is in the log.
#[cfg(test)]
pub(in crate::group) fn as_loaded(
    groups: &BTreeMap<Text, Group>,
    id: &str,
) -> Option<ClassicGroup> {
    match groups.get_key_value(id)? {
        (id, Group::Classic(persisted)) => Some(loaded(id, &persisted.metadata)),
        (_, Group::Consumer(_)) => None,
    }
}

/// A group of the consumer protocol is a classic one from now on; its members are to join again if it
/// is not settled. Gives the record of it.
pub(in crate::group) fn adopt(
    deciding: &mut Deciding<'_>,
    id: &Text,
    value: GroupMetadataValue,
    is_to_rebalance: bool,
) -> GroupRecord {
    let mut group = in_session(deciding, id, &value);
    if is_to_rebalance {
        rebalance::prepare(deciding, &mut group);
    }
    deciding.soft.classic.groups.insert(id.clone(), Box::new(group));
    GroupRecord::GroupMetadata(key(id), Some(value))
}

/// The group with the sessions of its members, which begin now.
fn in_session(deciding: &mut Deciding<'_>, id: &Text, value: &GroupMetadataValue) -> ClassicGroup {
    let group = loaded(id, value);
    for member in group.members.ids() {
        expiry::renew_session(deciding, &group, &member);
    }
    group
}

fn loaded(id: &Text, value: &GroupMetadataValue) -> ClassicGroup {
    let mut members = Members::default();
    for member in &value.members {
        // A log is not ours alone: what stands in it twice counts once.
        let instance = member.group_instance_id.as_ref();
        let is_taken = instance.is_some_and(|instance| members.of_instance(instance).is_some());
        if !is_taken && !members.contains(&member.member_id) {
            members.insert(loaded_member(value, member));
        }
    }
    let state = if members.is_empty() { State::Empty } else { State::Stable };
    let mut group = ClassicGroup {
        generation: value.generation,
        protocol_type: Some(value.protocol_type.clone()).filter(|kind| !kind.is_empty()),
        protocol: value.protocol.clone(),
        leader: value.leader.clone(),
        since: Some(Timestamp(value.current_state_timestamp)).filter(|since| since.0 != -1),
        state,
        previous: state,
        members,
        ..ClassicGroup::new(id.clone(), Timestamp(0))
    };
    group.subscribed = subscription::topics(&group);
    group
}

fn loaded_member(value: &GroupMetadataValue, member: &MemberMetadata) -> Member {
    let session_ms = member.session_timeout;
    let rebalance_ms = Some(member.rebalance_timeout).filter(|timeout| *timeout != -1);
    let name = value.protocol.clone().unwrap_or_default();
    Member {
        id: member.member_id.clone(),
        instance: member.group_instance_id.clone(),
        client: Client { id: member.client_id.clone(), host: member.client_host.clone() },
        timeouts: Timeouts { session_ms, rebalance_ms: rebalance_ms.unwrap_or(session_ms) },
        protocols: vec![Protocol { name, metadata: member.subscription.clone() }],
        assignment: member.assignment.clone(),
        is_new: false,
        joining: None,
        syncing: None,
    }
}

/// The record of the group as it is.
pub(super) fn record(group: &ClassicGroup) -> GroupRecord {
    let member = |member: &Member| MemberMetadata {
        member_id: member.id.clone(),
        group_instance_id: member.instance.clone(),
        client_id: member.client.id.clone(),
        client_host: member.client.host.clone(),
        rebalance_timeout: member.timeouts.rebalance_ms,
        session_timeout: member.timeouts.session_ms,
        subscription: member.metadata(group.protocol.as_ref()),
        assignment: Bytes::clone(&member.assignment),
        ..Default::default()
    };
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        generation: group.generation,
        protocol: group.protocol.clone(),
        leader: group.leader.clone(),
        current_state_timestamp: group.since.map_or(-1, |since| since.0),
        members: group.members.iter().map(member).collect(),
        ..Default::default()
    };
    GroupRecord::GroupMetadata(key(&group.id), Some(value))
}

/// The record of a group that nobody has been in yet.
pub(super) fn record_of_new(group: &ClassicGroup) -> GroupRecord {
    let value = GroupMetadataValue {
        protocol: None,
        leader: None,
        current_state_timestamp: group.since.map_or(-1, |since| since.0),
        ..Default::default()
    };
    GroupRecord::GroupMetadata(key(&group.id), Some(value))
}

/// The record that makes the group void.
pub(in crate::group) fn tombstone(id: &Text) -> GroupRecord {
    GroupRecord::GroupMetadata(key(id), None)
}

fn key(id: &Text) -> GroupMetadataKey {
    GroupMetadataKey { group: id.clone() }
}
