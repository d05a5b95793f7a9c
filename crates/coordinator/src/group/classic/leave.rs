//! LeaveGroup.

use super::{ClassicGroup, State, answer, expiry, rebalance, within};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group, consumer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::leave_group_response::MemberResponse;
use dohle_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use dohle_protocol::wire::Text;

/// From this version on several members may leave at once, each with an answer of its own.
const SEVERAL_FROM: i16 = 3;

/// Members leave, or are removed by an administrator.
pub(in crate::group) fn leave(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    mut request: LeaveGroupRequest,
) {
    if asking.version < SEVERAL_FROM {
        let member_id = std::mem::take(&mut request.member_id);
        request.members = vec![MemberIdentity { member_id, ..Default::default() }];
    }
    if request.group_id.is_empty() {
        let error_code = ErrorCode::INVALID_GROUP_ID;
        let answer = LeaveGroupResponse { error_code, ..Default::default() };
        return deciding.answer_now(asking.token, Answer::LeaveGroup(answer));
    }
    let LeaveGroupRequest { group_id, members, .. } = request;
    let left = if let Some(Group::Consumer(_)) = deciding.hard.groups.get(&group_id) {
        consumer::leave_classic(deciding, &group_id, &members)
    } else {
        leave_from(deciding, &group_id, &members)
    };
    let mut answer = LeaveGroupResponse::default();
    if asking.version < SEVERAL_FROM {
        answer.error_code = left.first().map_or(ErrorCode::NONE, |member| member.error_code);
    } else {
        answer.members = left;
    }
    deciding.answer_written(asking.token, Answer::LeaveGroup(answer));
}

fn leave_from(
    deciding: &mut Deciding<'_>,
    id: &Text,
    members: &[MemberIdentity],
) -> Vec<MemberResponse> {
    let left = within(deciding, id, |deciding, group| leave_all(deciding, group, members));
    left.unwrap_or_else(|| {
        let unknown = |identity| response(identity, ErrorCode::UNKNOWN_MEMBER_ID);
        members.iter().map(unknown).collect()
    })
}

fn leave_all(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    members: &[MemberIdentity],
) -> Vec<MemberResponse> {
    let mut answers = Vec::with_capacity(members.len());
    let mut has_left = false;
    for identity in members {
        let error = match leaving(group, identity) {
            Ok(id) => {
                remove(deciding, group, &id);
                has_left = true;
                ErrorCode::NONE
            }
            Err(error) => error,
        };
        answers.push(response(identity, error));
    }
    match group.state() {
        _ if !has_left => {}
        State::Stable | State::CompletingRebalance => rebalance::prepare(deciding, group),
        State::PreparingRebalance => rebalance::complete_unless_initial(deciding, group),
        State::Empty => {}
    }
    answers
}

fn response(identity: &MemberIdentity, error_code: ErrorCode) -> MemberResponse {
    MemberResponse {
        member_id: identity.member_id.clone(),
        group_instance_id: identity.group_instance_id.clone(),
        error_code,
        ..Default::default()
    }
}

/// Who is meant: a member, an id that was given out, or whoever has the instance's name.
fn leaving(group: &ClassicGroup, identity: &MemberIdentity) -> Result<Text, ErrorCode> {
    let MemberIdentity { member_id, group_instance_id, .. } = identity;
    if member_id.is_empty() {
        let instance = group_instance_id.as_ref();
        let current = instance.and_then(|instance| group.members.of_instance(instance));
        return current.cloned().ok_or(ErrorCode::UNKNOWN_MEMBER_ID);
    }
    if !group.pending_joins.contains(&**member_id) {
        group.check_member(member_id, group_instance_id.as_ref())?;
    }
    Ok(member_id.clone())
}

/// Removes a member, or an id that was given out. If it waits it is told: if it is still there,
/// it joins as a new member.
pub(super) fn remove(deciding: &mut Deciding<'_>, group: &mut ClassicGroup, id: &Text) {
    if let Some(member) = group.remove(id) {
        answer::dismiss(deciding, &member, ErrorCode::UNKNOWN_MEMBER_ID);
    }
    expiry::cancel_session(deciding, group, id);
}
