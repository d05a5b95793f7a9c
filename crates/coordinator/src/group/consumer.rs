//! Groups of the consumer protocol (KIP-848).

use super::deciding::{Asking, Deciding};
use super::{Answer, Group, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_describe_response::DescribedGroup;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// A consumer group as the log has it.
#[derive(Debug)]
pub(super) struct ConsumerGroup {}

/// Sessions and rebalance timeouts of members.
#[derive(Debug, Default)]
pub(super) struct Sessions {}

/// What a consumer group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {}

pub(super) fn apply(_groups: &mut BTreeMap<Text, Group>, _record: &GroupRecord) {}

pub(super) fn begin_sessions(_deciding: &mut Deciding<'_>) {}

pub(super) fn on_metadata(_deciding: &mut Deciding<'_>) {}

pub(super) fn on_timer(_deciding: &mut Deciding<'_>, timer: Timer) {
    match timer {}
}

pub(super) fn heartbeat(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::ConsumerGroupHeartbeatRequest,
) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::ConsumerGroupHeartbeatResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::ConsumerGroupHeartbeat(answer));
}

pub(super) fn describe(deciding: &mut Deciding<'_>, asking: Asking, group_id: Text) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = DescribedGroup { group_id, error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::ConsumerGroupDescribe(answer));
}

// What classic groups, offsets and the overview ask.

/// Whether nobody is in the group.
pub(super) fn is_empty(_group: &ConsumerGroup) -> bool {
    true
}

/// Whether a member reads the topic.
pub(super) fn is_subscribed_to(_group: &ConsumerGroup, _topic: &str) -> bool {
    false
}

/// Whether who commits may do so at all.
pub(super) fn check_committer(
    _group: &ConsumerGroup,
    _by: &super::offsets::Committer<'_>,
) -> Result<(), ErrorCode> {
    Ok(())
}

/// Whether who commits may do so for this partition; asked after [`check_committer`].
pub(super) fn check_commit(
    _group: &ConsumerGroup,
    _by: &super::offsets::Committer<'_>,
    _topic: dohle_protocol::ids::Uuid,
    _partition: i32,
) -> Result<(), ErrorCode> {
    Ok(())
}

/// Whether the member may fetch offsets; without a member anybody may.
pub(super) fn check_fetch(
    _group: &ConsumerGroup,
    _member: Option<&Text>,
    _epoch: i32,
) -> Result<(), ErrorCode> {
    Ok(())
}

/// As ListGroups has it.
pub(super) fn listed(
    group_id: &Text,
    _group: &ConsumerGroup,
) -> m::list_groups_response::ListedGroup {
    let group_type = Text::from_static("consumer");
    m::list_groups_response::ListedGroup {
        group_id: group_id.clone(),
        group_type,
        ..Default::default()
    }
}

/// Writes the tombstones of all that the log has of the group, and forgets its timers.
pub(super) fn delete(_deciding: &mut Deciding<'_>, _group_id: &Text) {}

/// A member of the classic protocol joins a group that is not empty.
pub(super) fn join_classic(
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
pub(super) fn sync_classic(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::SyncGroupRequest,
) {
    let error_code = ErrorCode::UNKNOWN_MEMBER_ID;
    let answer = m::SyncGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::SyncGroup(answer));
}

/// A member of the classic protocol is there.
pub(super) fn heartbeat_classic(
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
pub(super) fn leave_classic(
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
