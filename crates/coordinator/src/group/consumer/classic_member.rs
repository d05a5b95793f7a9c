//! Members of the classic protocol in a consumer group.

use crate::group::Answer;
use crate::group::deciding::{Asking, Deciding};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// A member of the classic protocol joins a group that is not empty.
pub(in super::super) fn join_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::JoinGroupRequest,
) {
    let error_code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
    let member_id = request.member_id;
    let answer = m::JoinGroupResponse { error_code, member_id, ..Default::default() };
    deciding.answer_now(asking.token, Answer::JoinGroup(answer));
}

/// A member of the classic protocol asks for its assignment.
pub(in super::super) fn sync_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::SyncGroupRequest,
) {
    let error_code = ErrorCode::UNKNOWN_MEMBER_ID;
    let answer = m::SyncGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::SyncGroup(answer));
}

/// A member of the classic protocol is there.
pub(in super::super) fn heartbeat_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::HeartbeatRequest,
) {
    let error_code = ErrorCode::UNKNOWN_MEMBER_ID;
    let answer = m::HeartbeatResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::Heartbeat(answer));
}

/// Members of any protocol leave by the classic request. Until version 2 the request's only member
/// is put into `members` before, and its answer is taken out again.
pub(in super::super) fn leave_classic(
    deciding: &mut Deciding<'_>,
    _group_id: &Text,
    members: &[m::leave_group_request::MemberIdentity],
) -> Vec<m::leave_group_response::MemberResponse> {
    let _ = deciding;
    let unknown =
        |member: &m::leave_group_request::MemberIdentity| m::leave_group_response::MemberResponse {
            member_id: member.member_id.clone(),
            group_instance_id: member.group_instance_id.clone(),
            error_code: ErrorCode::UNKNOWN_MEMBER_ID,
            ..Default::default()
        };
    members.iter().map(unknown).collect()
}
