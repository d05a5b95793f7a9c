//! Groups of the classic protocol.

use super::deciding::{Asking, Deciding};
use super::{Answer, Group};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// A classic group as the log has it: its last stable generation.
#[derive(Debug)]
pub(super) struct Persisted {
    pub(super) metadata: m::GroupMetadataValue,
}

/// Groups with members, as their coordinator has them.
#[derive(Debug, Default)]
pub(super) struct Sessions {}

/// What a classic group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {}

pub(super) fn apply(
    groups: &mut BTreeMap<Text, Group>,
    key: &m::GroupMetadataKey,
    value: Option<&m::GroupMetadataValue>,
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

pub(super) fn begin_sessions(_deciding: &mut Deciding<'_>) {}

pub(super) fn on_timer(_deciding: &mut Deciding<'_>, timer: Timer) {
    match timer {}
}

pub(super) fn join(deciding: &mut Deciding<'_>, asking: Asking, _request: m::JoinGroupRequest) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::JoinGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::JoinGroup(answer));
}

pub(super) fn sync(deciding: &mut Deciding<'_>, asking: Asking, _request: m::SyncGroupRequest) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::SyncGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::SyncGroup(answer));
}

pub(super) fn heartbeat(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::HeartbeatRequest,
) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::HeartbeatResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::Heartbeat(answer));
}

pub(super) fn leave(deciding: &mut Deciding<'_>, asking: Asking, _request: m::LeaveGroupRequest) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::LeaveGroupResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::LeaveGroup(answer));
}
