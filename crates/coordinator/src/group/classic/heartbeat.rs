//! Heartbeat.

use super::{ClassicGroup, State, keep_alive};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group, consumer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

/// A member is there, and learns whether it is to join again.
pub(in crate::group) fn heartbeat(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: HeartbeatRequest,
) {
    if let Some(Group::Consumer(_)) = deciding.hard.groups.get(&request.group_id) {
        return consumer::heartbeat_classic(deciding, asking, request);
    }
    let checked = match deciding.soft.classic.get(&request.group_id) {
        _ if request.group_id.is_empty() => Err(ErrorCode::INVALID_GROUP_ID),
        Some(group) => check(group, &request),
        None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
    };
    let error_code = match checked {
        Ok(state) => {
            keep_alive(deciding, &request.group_id, &request.member_id);
            match state {
                State::PreparingRebalance => ErrorCode::REBALANCE_IN_PROGRESS,
                State::Empty | State::CompletingRebalance | State::Stable => ErrorCode::NONE,
            }
        }
        Err(error) => error,
    };
    let answer = Answer::Heartbeat(HeartbeatResponse { error_code, ..Default::default() });
    if error_code.is_error() {
        deciding.answer_now(asking.token, answer);
    } else {
        deciding.answer_read(asking.token, answer);
    }
}

fn check(group: &ClassicGroup, request: &HeartbeatRequest) -> Result<State, ErrorCode> {
    group.check_member(&request.member_id, request.group_instance_id.as_ref())?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::ILLEGAL_GENERATION);
    }
    Ok(group.state())
}
