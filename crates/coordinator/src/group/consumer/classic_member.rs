//! Members of the classic protocol in a consumer group.
//!
//! A join is a heartbeat that tells everything, and is answered at once: the epoch is the
//! generation. The assignment comes with the sync. A heartbeat says when to join again.

use super::beat::{Beat, Place};
use super::entrance::check_instance;
use super::member::{Member, MemberState};
use super::refusal::Refusal;
use super::state::ConsumerGroup;
use super::{Timer, embedded, leave, migration};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ClassicProtocol,
};
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::leave_group_response::MemberResponse;
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;

/// From this version on a client joins with the id that it was given first (KIP-394).
const KNOWN_MEMBER_ID_FROM: i16 = 4;
/// The protocol type of consumers.
const CONSUMER: Text = Text::from_static("consumer");

/// A member of the classic protocol joins a group that is not empty.
pub(in super::super) fn join_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::JoinGroupRequest,
) {
    let (token, member_id) = (asking.token, request.member_id.clone());
    match join(deciding, asking, request) {
        Ok((answer, records)) => {
            for record in records {
                deciding.write(record);
            }
            deciding.answer_written(token, Answer::JoinGroup(answer));
        }
        Err(Refused { error_code, given_id }) => {
            let member_id = given_id.unwrap_or(member_id);
            let protocol_name = None;
            let answer =
                m::JoinGroupResponse { error_code, member_id, protocol_name, ..Default::default() };
            deciding.answer_now(token, Answer::JoinGroup(answer));
        }
    }
}

/// Why somebody may not join.
struct Refused {
    error_code: ErrorCode,
    /// The id to come back with.
    given_id: Option<Text>,
}

impl From<ErrorCode> for Refused {
    fn from(error_code: ErrorCode) -> Self {
        Self { error_code, given_id: None }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        refusal.error.into()
    }
}

fn join(
    deciding: &mut Deciding<'_>,
    mut asking: Asking,
    request: m::JoinGroupRequest,
) -> Result<(m::JoinGroupResponse, Vec<GroupRecord>), Refused> {
    let (group_id, group) = group(deciding, &request.group_id)?;
    if deciding.soft.settings.consumer_migration_policy == "disabled" {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL.into());
    }
    check_protocols(group, &request)?;
    let is_new = request.member_id.is_empty();
    let member_id =
        if is_new { Text::from(asking.seed.uuid().to_string()) } else { request.member_id.clone() };
    let has_instance = request.group_instance_id.is_some();
    if is_new && !has_instance && asking.version >= KNOWN_MEMBER_ID_FROM {
        let (error_code, given_id) = (ErrorCode::MEMBER_ID_REQUIRED, Some(member_id));
        return Err(Refused { error_code, given_id });
    }
    let metadata = request.protocols.first().map(|protocol| &protocol.metadata);
    let subscription = metadata.and_then(embedded::subscription);
    let subscription = subscription.ok_or(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)?;
    let owned = subscription.owned_partitions.iter();
    let owned = owned.map(|topic| (&topic.topic, &topic.partitions));
    let beat = m::ConsumerGroupHeartbeatRequest {
        group_id: request.group_id.clone(),
        member_id,
        // A static member that names its id is to be there; all others may be new.
        member_epoch: if is_new || !has_instance { 0 } else { 1 },
        instance_id: request.group_instance_id.clone(),
        topic_partitions: Some(embedded::by_id(owned, &deciding.soft.image)),
        rack_id: subscription.rack_id,
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        subscribed_topic_names: Some(subscription.topics),
        subscribed_topic_regex: Some(Text::default()),
        server_assignor: None,
        ..Default::default()
    };
    let last = last_of_its_protocol(group, request.group_instance_id.as_ref());
    let place = Place { group_id, group, records: Vec::new(), former: None };
    let mut beat = Beat::begin(deciding, place, asking.client, beat, Some(said(&request)))?;
    let mut answer = m::JoinGroupResponse {
        protocol_type: Some(CONSUMER),
        protocol_name: request.protocols.first().map(|protocol| protocol.name.clone()),
        member_id: beat.member_id.clone(),
        ..Default::default()
    };
    if let Some(last) = last
        && migration::may_downgrade(&beat.deciding.soft.settings, group.members.len())
    {
        let has_changed = beat.learn()?;
        let is_behind = beat.standing.target_epoch < beat.standing.epoch;
        if !is_behind {
            beat.reconcile(&group.target_of(last, None), has_changed)?;
        }
        if let Some((protocol, records)) = migration::downgrade_by(&mut beat, last, is_behind) {
            answer.generation_id = beat.member.epoch;
            answer.protocol_name = Some(protocol);
            return Ok((answer, records));
        }
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL.into());
    }
    beat.take_steps()?;
    answer.generation_id = beat.member.epoch;
    Ok((answer, beat.records))
}

/// The member of that instance, if it alone speaks the consumer protocol.
fn last_of_its_protocol<'a>(
    group: &'a ConsumerGroup,
    instance_id: Option<&Text>,
) -> Option<&'a Text> {
    let (id, _) = group.static_member(instance_id?)?;
    let mut others = group.members.iter().filter(|(_, member)| member.classic().is_none());
    let is_alone = others.all(|(other, _)| other == id) && group.members[id].classic().is_none();
    is_alone.then_some(id)
}

/// One of the offered protocols has to be common to all members of the classic protocol.
fn check_protocols(group: &ConsumerGroup, request: &m::JoinGroupRequest) -> Result<(), ErrorCode> {
    let offered = request.protocols.iter().map(|protocol| &*protocol.name);
    let common = common_protocols(offered, group.members.values().map(Box::as_ref));
    if request.protocol_type == CONSUMER && !common.is_empty() {
        return Ok(());
    }
    Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
}

/// Those of the protocols that all members of the classic protocol have, too. Anybody may offer a million.
pub(super) fn common_protocols<'a>(
    offered: impl Iterator<Item = &'a str>,
    members: impl Iterator<Item = &'a Member>,
) -> BTreeSet<&'a str> {
    let mut common: BTreeSet<&str> = offered.collect();
    for member in members.filter_map(Member::classic) {
        let known = member.supported_protocols.iter();
        common = known.filter_map(|known| common.take(&*known.name)).collect();
    }
    common
}

fn said(request: &m::JoinGroupRequest) -> ClassicMemberMetadata {
    let protocols = request.protocols.iter().map(|protocol| ClassicProtocol {
        name: protocol.name.detached(),
        metadata: bytes::Bytes::copy_from_slice(&protocol.metadata),
        ..Default::default()
    });
    ClassicMemberMetadata {
        session_timeout_ms: request.session_timeout_ms,
        supported_protocols: protocols.collect(),
        ..Default::default()
    }
}

/// A member of the classic protocol asks for its assignment.
pub(in super::super) fn sync_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::SyncGroupRequest,
) {
    let answer = sync(deciding, &request)
        .unwrap_or_else(|error_code| m::SyncGroupResponse { error_code, ..Default::default() });
    deciding.answer_read(asking.token, Answer::SyncGroup(answer));
}

fn sync(
    deciding: &mut Deciding<'_>,
    request: &m::SyncGroupRequest,
) -> Result<m::SyncGroupResponse, ErrorCode> {
    let (group_id, group) = group(deciding, &request.group_id)?;
    let (id, member) = find(group, &request.member_id, request.group_instance_id.as_ref())?;
    let classic = member.classic().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if request.generation_id != member.epoch {
        return Err(ErrorCode::ILLEGAL_GENERATION);
    }
    let protocol = classic.supported_protocols.first();
    let protocol = protocol.ok_or(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)?;
    let is_type = request.protocol_type.as_ref().is_none_or(|kind| *kind == CONSUMER);
    let is_name = request.protocol_name.as_ref().is_none_or(|name| *name == protocol.name);
    if !is_type || !is_name {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    if group.target.epoch > member.epoch && member.state != MemberState::UnrevokedPartitions {
        wait_for_join(deciding, &group_id, id, member);
        return Err(ErrorCode::REBALANCE_IN_PROGRESS);
    }
    let sync = Timer::Sync(group_id.clone(), id.clone());
    deciding.soft.timers.cancel(&crate::group::Timer::Consumer(sync));
    let session_ms = i64::from(classic.session_timeout_ms);
    super::set_session(&mut deciding.soft.timers, (&group_id, id), deciding.now, session_ms);
    let image = &deciding.soft.image;
    let assigned = member.assigned.iter();
    let assigned = assigned.map(|(topic, owned)| (topic, owned.keys().copied().collect()));
    Ok(m::SyncGroupResponse {
        protocol_type: Some(CONSUMER),
        protocol_name: Some(protocol.name.clone()),
        assignment: embedded::encode_assignment(assigned, image, &protocol.metadata),
        ..Default::default()
    })
}

/// A member of the classic protocol is there.
pub(in super::super) fn heartbeat_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::HeartbeatRequest,
) {
    let error_code = heartbeat(deciding, &request).err().unwrap_or(ErrorCode::NONE);
    let answer = m::HeartbeatResponse { error_code, ..Default::default() };
    deciding.answer_read(asking.token, Answer::Heartbeat(answer));
}

fn heartbeat(deciding: &mut Deciding<'_>, request: &m::HeartbeatRequest) -> Result<(), ErrorCode> {
    let (group_id, group) = group(deciding, &request.group_id)?;
    let (id, member) = find(group, &request.member_id, request.group_instance_id.as_ref())?;
    let classic = member.classic().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if request.generation_id != member.epoch {
        return Err(ErrorCode::ILLEGAL_GENERATION);
    }
    let session_ms = i64::from(classic.session_timeout_ms);
    super::set_session(&mut deciding.soft.timers, (&group_id, id), deciding.now, session_ms);
    let is_to_join = member.epoch < group.target.epoch
        || match member.state {
            MemberState::UnrevokedPartitions => true,
            MemberState::UnreleasedPartitions => !waits_for_others(group, id, member),
            MemberState::Stable | MemberState::Unknown(_) => false,
        };
    if is_to_join {
        wait_for_join(deciding, &group_id, id, member);
        return Err(ErrorCode::REBALANCE_IN_PROGRESS);
    }
    Ok(())
}

/// Whether something of its target is still owned by another member.
fn waits_for_others(group: &ConsumerGroup, id: &Text, member: &Member) -> bool {
    let target = group.target_of(id, None);
    target.iter().any(|(topic, partitions)| {
        let assigned = member.assigned.get(topic);
        partitions.iter().any(|partition| {
            assigned.is_none_or(|assigned| !assigned.contains_key(partition))
                && group.owner_of(topic, *partition).is_some()
        })
    })
}

/// The member has its rebalance timeout to join again, from when it was told first.
fn wait_for_join(deciding: &mut Deciding<'_>, group_id: &Text, id: &Text, member: &Member) {
    let timer = crate::group::Timer::Consumer(Timer::Join(group_id.clone(), id.clone()));
    if !deciding.soft.timers.is_set(&timer) {
        let timeout_ms = i64::from(member.metadata.rebalance_timeout_ms);
        deciding.soft.timers.set(timer, Timestamp(deciding.now.0.saturating_add(timeout_ms)));
    }
}

/// Members of any protocol leave by the classic request. Until version 2 the request's only member
/// is put into `members` before, and its answer is taken out again.
pub(in super::super) fn leave_classic(
    deciding: &mut Deciding<'_>,
    group_id: &Text,
    members: &[MemberIdentity],
) -> Vec<MemberResponse> {
    let Ok((group_id, group)) = group(deciding, group_id) else {
        return members.iter().map(|member| left(member, ErrorCode::UNKNOWN_MEMBER_ID)).collect();
    };
    let mut answers = Vec::with_capacity(members.len());
    let mut leaving: Vec<(&Text, &Member)> = Vec::new();
    for identity in members {
        match find(group, &identity.member_id, identity.group_instance_id.as_ref()) {
            Ok(found) => {
                if leaving.iter().all(|(id, _)| *id != found.0) {
                    leaving.push(found);
                }
                answers.push(left(identity, ErrorCode::NONE));
            }
            Err(error_code) => answers.push(left(identity, error_code)),
        }
    }
    if !leaving.is_empty() {
        for record in leave::fence(deciding, &group_id, group, &leaving) {
            deciding.write(record);
        }
    }
    answers
}

fn left(identity: &MemberIdentity, error_code: ErrorCode) -> MemberResponse {
    MemberResponse {
        member_id: identity.member_id.clone(),
        group_instance_id: identity.group_instance_id.clone(),
        error_code,
        ..Default::default()
    }
}

fn group<'a>(
    deciding: &Deciding<'a>,
    group_id: &Text,
) -> Result<(Text, &'a ConsumerGroup), ErrorCode> {
    match deciding.hard.groups.get_key_value(group_id) {
        Some((group_id, Group::Consumer(group))) => Ok((group_id.clone(), group)),
        Some((_, Group::Classic(_))) | None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
    }
}

/// The member of that id, which has to be the one of the instance, too. An administrator may name
/// an instance alone.
fn find<'a>(
    group: &'a ConsumerGroup,
    member_id: &Text,
    instance_id: Option<&Text>,
) -> Result<(&'a Text, &'a Member), ErrorCode> {
    let Some(instance_id) = instance_id else {
        return group.member(member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID);
    };
    let found = group.static_member(instance_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if !member_id.is_empty() {
        check_instance(instance_id, found.0, member_id).map_err(|refusal| refusal.error)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test takes the time")]
    fn very_many_protocols_are_compared_in_a_moment() {
        let name = |number: usize| Text::from(number.to_string());
        let mut member = Member::default();
        let supported_protocols = (0..30_000).map(|number| ClassicProtocol {
            name: name(number),
            metadata: bytes::Bytes::new(),
            ..Default::default()
        });
        member.metadata.classic_member_metadata = Some(ClassicMemberMetadata {
            supported_protocols: supported_protocols.collect(),
            ..Default::default()
        });
        let offered: Vec<Text> = (29_999..130_000).map(name).rev().collect();
        let start = std::time::Instant::now();
        let offered = offered.iter().map(|name| &**name);
        let common = common_protocols(offered, [&member, &member].into_iter());
        assert_eq!(common, BTreeSet::from(["29999"]));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
