//! Answers to joins and syncs, at once or when they have waited.

use super::{ClassicGroup, Member, expiry};
use crate::group::Answer;
use crate::group::deciding::Deciding;
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::join_group_response::JoinGroupResponseMember;
use dohle_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;

/// A join is refused.
pub(super) fn refuse_join(
    deciding: &mut Deciding<'_>,
    token: Token,
    member_id: Text,
    error_code: ErrorCode,
) {
    let protocol_name = None;
    let answer = JoinGroupResponse { error_code, member_id, protocol_name, ..Default::default() };
    deciding.answer_now(token, Answer::JoinGroup(answer));
}

/// A sync is refused.
pub(super) fn refuse_sync(deciding: &mut Deciding<'_>, token: Token, error_code: ErrorCode) {
    let answer = SyncGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(token, Answer::SyncGroup(answer));
}

/// What a member of the current generation is told; its leader learns of all members.
pub(super) fn joined(group: &ClassicGroup, member_id: Text) -> JoinGroupResponse {
    let is_leader = group.is_leader(&member_id);
    JoinGroupResponse {
        generation_id: group.generation,
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol.clone(),
        leader: group.leader.clone().unwrap_or_default(),
        members: if is_leader { members(group) } else { Vec::new() },
        member_id,
        ..Default::default()
    }
}

fn members(group: &ClassicGroup) -> Vec<JoinGroupResponseMember> {
    let member = |member: &Member| JoinGroupResponseMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance.clone(),
        metadata: member.metadata(group.protocol.as_ref()),
        ..Default::default()
    };
    group.members.iter().map(member).collect()
}

/// What a member is to do in the current generation.
pub(super) fn assigned(group: &ClassicGroup, assignment: Bytes) -> SyncGroupResponse {
    SyncGroupResponse {
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol.clone(),
        assignment,
        ..Default::default()
    }
}

/// Requests of a member that is none any more, or not under this id.
pub(super) fn dismiss(deciding: &mut Deciding<'_>, member: &Member, error_code: ErrorCode) {
    if let Some(token) = member.joining {
        refuse_join(deciding, token, Text::default(), error_code);
    }
    if let Some(token) = member.syncing {
        refuse_sync(deciding, token, error_code);
    }
}

/// All members who wait are to join again.
pub(super) fn dismiss_all(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    for id in group.members.ids() {
        if let Some(token) = group.members.take_join(&id) {
            refuse_join(deciding, token, id.clone(), ErrorCode::REBALANCE_IN_PROGRESS);
        }
        if let Some(token) = group.members.take_sync(&id) {
            refuse_sync(deciding, token, ErrorCode::REBALANCE_IN_PROGRESS);
        }
    }
}

/// The assignment is void: members who wait for theirs are to join again.
pub(super) fn void_assignments(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    for id in group.members.ids() {
        group.members.set_assignment(&id, Bytes::new());
        if let Some(token) = group.members.take_sync(&id) {
            refuse_sync(deciding, token, ErrorCode::REBALANCE_IN_PROGRESS);
            expiry::renew_session(deciding, group, &id);
        }
    }
}
