//! SyncGroup.

use super::{ClassicGroup, State, Timer, answer, expiry, persisted, within};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group, consumer};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::SyncGroupRequest;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// From this version on a member says which protocol it thinks was chosen (KIP-559).
const PROTOCOL_FROM: i16 = 5;

/// A member asks for its assignment; its leader brings those of all.
pub(in crate::group) fn sync(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: SyncGroupRequest,
) {
    let has_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if asking.version >= PROTOCOL_FROM && !has_protocol {
        let error = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
        return answer::refuse_sync(deciding, asking.token, error);
    }
    if request.group_id.is_empty() {
        return answer::refuse_sync(deciding, asking.token, ErrorCode::INVALID_GROUP_ID);
    }
    if let Some(Group::Consumer(group)) = deciding.hard.groups.get(&request.group_id)
        && !consumer::is_empty(group)
    {
        return consumer::sync_classic(deciding, asking, request);
    }
    let token = asking.token;
    let id = request.group_id.clone();
    let found = within(deciding, &id, |deciding, group| enter(deciding, group, asking, request));
    if found.is_none() {
        answer::refuse_sync(deciding, token, ErrorCode::UNKNOWN_MEMBER_ID);
    }
}

fn enter(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    asking: Asking,
    request: SyncGroupRequest,
) {
    if let Err(error) = check(group, &request) {
        return answer::refuse_sync(deciding, asking.token, error);
    }
    let id = request.member_id;
    if group.pending_syncs.remove(&*id) && group.pending_syncs.is_empty() {
        expiry::cancel(deciding, Timer::Sync(group.id.clone()));
    }
    match group.state() {
        State::Empty | State::PreparingRebalance => {
            answer::refuse_sync(deciding, asking.token, ErrorCode::REBALANCE_IN_PROGRESS);
        }
        State::CompletingRebalance => {
            if let Some(earlier) = group.members.park_sync(&id, asking.token) {
                answer::refuse_sync(deciding, earlier, ErrorCode::REBALANCE_IN_PROGRESS);
            }
            if group.is_leader(&id) {
                assign(deciding, group, request.assignments);
            }
        }
        State::Stable => {
            let assignment = group.members.get(&id).map(|member| member.assignment.clone());
            let answer = answer::assigned(group, assignment.unwrap_or_default());
            deciding.answer_read(asking.token, Answer::SyncGroup(answer));
        }
    }
}

fn check(group: &ClassicGroup, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
    group.check_member(&request.member_id, request.group_instance_id.as_ref())?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::ILLEGAL_GENERATION);
    }
    let differ = |theirs: &Option<Text>, ours: &Option<Text>| {
        theirs.is_some() && ours.is_some() && theirs != ours
    };
    if differ(&request.protocol_type, &group.protocol_type)
        || differ(&request.protocol_name, &group.protocol)
    {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    Ok(())
}

/// The generation has its assignments: they are written, and those who wait get theirs then. A
/// member that the leader forgot has nothing to do.
fn assign(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    assignments: Vec<SyncGroupRequestAssignment>,
) {
    let assignments = assignments.iter().map(|one| (&*one.member_id, &one.assignment));
    let assignments: BTreeMap<&str, &Bytes> = assignments.collect();
    for id in group.members.ids() {
        let assignment = assignments.get(&*id).map(|bytes| Bytes::copy_from_slice(bytes));
        group.members.set_assignment(&id, assignment.unwrap_or_default());
    }
    // Kafka's record has the time of the state before.
    deciding.write(persisted::record(group));
    group.enter(State::Stable, deciding.now);
    deciding.soft.done.classic_rebalances += 1;
    for id in group.members.ids() {
        let Some(token) = group.members.take_sync(&id) else { continue };
        let assignment = group.members.get(&id).map(|member| member.assignment.clone());
        let answer = answer::assigned(group, assignment.unwrap_or_default());
        deciding.answer_written(token, Answer::SyncGroup(answer));
        expiry::renew_session(deciding, group, &id);
    }
}
