//! What stands around a measurement of coordinators: one that is there, groups that are looked at,
//! groups that are left.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use dohle_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, DescribeGroupsRequest,
    FindCoordinatorRequest, LeaveGroupRequest, OffsetFetchRequest,
};
use dohle_protocol::wire::Text;

use super::Protocol;
use crate::admin::{Admin, refused};

/// A first group waits until its log's topic is made.
const READY_TIME_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
const FIND_VERSION: i16 = 4;
const OFFSET_FETCH_VERSION: i16 = 8;
const DESCRIBE_VERSION: i16 = 5;
const CONSUMER_DESCRIBE_VERSION: i16 = 1;
const HEARTBEAT_VERSION: i16 = 1;
const LEAVE_VERSION: i16 = 5;
const LEAVES: i32 = -1;
/// What FindCoordinator looks for.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Waits until the coordinator of that group is there and has read its log.
///
/// # Errors
/// When it is not, for long.
pub(super) fn await_group(admin: &mut Admin, group: &str) -> io::Result<()> {
    let begin = Instant::now();
    find(admin, GROUP, group)?;
    let asked = OffsetFetchRequestGroup {
        group_id: group.into(),
        topics: None,
        ..OffsetFetchRequestGroup::default()
    };
    let request = OffsetFetchRequest { groups: vec![asked], ..OffsetFetchRequest::default() };
    loop {
        let answer = admin.call(OFFSET_FETCH_VERSION, &request)?;
        match answer
            .groups
            .first()
            .map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |group| group.error_code)
        {
            ErrorCode::NONE => return Ok(()),
            code if begin.elapsed() > READY_TIME_MAX => return Err(refused("OffsetFetch", code)),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Waits until the coordinator of that transactional id is known.
///
/// # Errors
/// When it is not, for long.
pub(super) fn await_transactions(admin: &mut Admin, id: &str) -> io::Result<()> {
    find(admin, TRANSACTION, id)
}

fn find(admin: &mut Admin, key_type: i8, key: &str) -> io::Result<()> {
    let begin = Instant::now();
    let request = FindCoordinatorRequest {
        key_type,
        coordinator_keys: vec![key.into()],
        ..FindCoordinatorRequest::default()
    };
    loop {
        let answer = admin.call(FIND_VERSION, &request)?;
        let found = answer.coordinators.first();
        match found.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |found| found.error_code) {
            ErrorCode::NONE => return Ok(()),
            code if begin.elapsed() > READY_TIME_MAX => {
                return Err(refused("FindCoordinator", code));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Checks that the server too calls the group stable, with so many members.
///
/// # Errors
/// When it does not.
pub(super) fn check_stable(
    admin: &mut Admin,
    protocol: Protocol,
    group: &str,
    members: usize,
) -> io::Result<()> {
    let groups = vec![group.into()];
    let (code, state, count) = match protocol {
        Protocol::Classic => {
            let request = DescribeGroupsRequest { groups, ..DescribeGroupsRequest::default() };
            let mut answer = admin.call(DESCRIBE_VERSION, &request)?;
            let group = answer.groups.pop().unwrap_or_default();
            (group.error_code, group.group_state, group.members.len())
        }
        Protocol::Consumer => {
            let request = ConsumerGroupDescribeRequest {
                group_ids: groups,
                ..ConsumerGroupDescribeRequest::default()
            };
            let mut answer = admin.call(CONSUMER_DESCRIBE_VERSION, &request)?;
            let group = answer.groups.pop().unwrap_or_default();
            (group.error_code, group.group_state, group.members.len())
        }
    };
    if code == ErrorCode::NONE && state == "Stable" && count == members {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "group {group} should be stable with {members} members; it is {state:?} with {count}, {code:?}"
    )))
}

/// Ends the membership of all these, so that the group weighs on nothing that follows.
///
/// # Errors
/// When that is refused.
pub(super) fn leave(
    admin: &mut Admin,
    protocol: Protocol,
    group: &str,
    members: &[Text],
) -> io::Result<()> {
    match protocol {
        Protocol::Classic => {
            let identity =
                |id: &Text| MemberIdentity { member_id: id.clone(), ..MemberIdentity::default() };
            let request = LeaveGroupRequest {
                group_id: group.into(),
                members: members.iter().map(identity).collect(),
                ..LeaveGroupRequest::default()
            };
            accepted("LeaveGroup", admin.call(LEAVE_VERSION, &request)?.error_code)
        }
        Protocol::Consumer => {
            for id in members {
                let request = ConsumerGroupHeartbeatRequest {
                    group_id: group.into(),
                    member_id: id.clone(),
                    member_epoch: LEAVES,
                    ..ConsumerGroupHeartbeatRequest::default()
                };
                let answer = admin.call(HEARTBEAT_VERSION, &request)?;
                accepted("ConsumerGroupHeartbeat", answer.error_code)?;
            }
            Ok(())
        }
    }
}

fn accepted(what: &str, code: ErrorCode) -> io::Result<()> {
    if code == ErrorCode::NONE { Ok(()) } else { Err(refused(what, code)) }
}
