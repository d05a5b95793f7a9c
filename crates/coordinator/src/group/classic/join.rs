//! JoinGroup.

use super::member::protocols_of;
use super::{
    ClassicGroup, Member, State, Timeouts, answer, expiry, persisted, rebalance, static_member,
};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Client, Group, consumer};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::JoinGroupRequest;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;

/// From this version on a client joins with the id that it was given first (KIP-394).
const KNOWN_MEMBER_ID_FROM: i16 = 4;

/// How long a new member may wait in its first join. It cannot send heartbeats meanwhile, and if it
/// is gone nobody notices: a client that is there asks again.
const NEW_MEMBER_TIMEOUT_MS: i64 = 5 * 60 * 1000;

/// A member joins. It is answered once all have joined, or their time is up.
pub(in crate::group) fn join(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    mut request: JoinGroupRequest,
) {
    if asking.version == 0 {
        request.rebalance_timeout_ms = request.session_timeout_ms;
    }
    if let Err(error) = check(deciding, &request) {
        return answer::refuse_join(deciding, asking.token, request.member_id, error);
    }
    if deciding.hard.is_foreign(&request.group_id) {
        // Kafka does not tell the id again, as it does otherwise.
        let error = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
        return answer::refuse_join(deciding, asking.token, Text::default(), error);
    }
    let id = &request.group_id;
    let mut is_new = deciding.soft.classic.get(id).is_none() && !deciding.hard.offsets.has(id);
    if let Some(Group::Consumer(group)) = deciding.hard.groups.get(id) {
        if !consumer::is_empty(group) {
            return consumer::join_classic(deciding, asking, request);
        }
        is_new = true;
        if request.member_id.is_empty() {
            consumer::delete(deciding, id);
        }
    }
    if is_new && !request.member_id.is_empty() {
        let error = ErrorCode::UNKNOWN_MEMBER_ID;
        return answer::refuse_join(deciding, asking.token, request.member_id, error);
    }
    let entry = deciding.soft.classic.groups.remove_entry(id);
    let (id, mut group) = entry.unwrap_or_else(|| {
        let id = id.detached();
        (id.clone(), Box::new(ClassicGroup::new(id, deciding.now)))
    });
    enter(deciding, &mut group, asking, request);
    if is_new {
        // Until it has members, the log is to know that there is a group.
        deciding.write(persisted::record_of_new(&group));
    }
    deciding.soft.classic.groups.insert(id, group);
}

fn check(deciding: &Deciding<'_>, request: &JoinGroupRequest) -> Result<(), ErrorCode> {
    let settings = &deciding.soft.settings;
    let sessions = settings.group_min_session_timeout_ms..=settings.group_max_session_timeout_ms;
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    if !sessions.contains(&request.session_timeout_ms) {
        return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    Ok(())
}

fn enter(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    asking: Asking,
    request: JoinGroupRequest,
) {
    let Asking { token, .. } = asking;
    if !has_room(deciding, group, &request.member_id) {
        if let Some(member) = group.remove(&request.member_id) {
            // Kafka lets the others wait for the end of their time.
            expiry::cancel_session(deciding, group, &member.id);
            rebalance::complete_unless_initial(deciding, group);
        }
        let error = ErrorCode::GROUP_MAX_SIZE_REACHED;
        return answer::refuse_join(deciding, token, Text::default(), error);
    }
    let mut names = request.protocols.iter().map(|protocol| &protocol.name);
    if !group.supports(&request.protocol_type, &mut names) {
        let error = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
        return answer::refuse_join(deciding, token, request.member_id, error);
    }
    if request.member_id.is_empty() {
        enter_unknown(deciding, group, asking, request);
    } else if group.pending_joins.contains(&*request.member_id) {
        enter_expected(deciding, group, asking, request);
    } else {
        enter_again(deciding, group, token, request);
    }
}

/// Whether the group's size allows the member. Who waits already has its place; while a group
/// prepares, places are given to those who come first, so that a group over a lowered limit shrinks.
fn has_room(deciding: &Deciding<'_>, group: &ClassicGroup, member_id: &str) -> bool {
    let size_max = deciding.soft.settings.group_max_size.max(0).unsigned_abs() as usize;
    let member = group.members.get(member_id);
    match group.state() {
        State::Empty => true,
        State::PreparingRebalance => {
            member.is_some_and(|member| member.joining.is_some())
                || group.members.joining() < size_max
        }
        State::CompletingRebalance | State::Stable => {
            member.is_some() || group.members.len() < size_max
        }
    }
}

/// One who has no id yet.
fn enter_unknown(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    mut asking: Asking,
    request: JoinGroupRequest,
) {
    let name = request.group_instance_id.as_ref().unwrap_or(&asking.client.id);
    let id = Text::from(format!("{name}-{}", hyphenated(asking.seed.uuid().0)));
    if let Some(instance) = &request.group_instance_id {
        if let Some(old) = group.members.of_instance(instance).cloned() {
            let replacement = static_member::Replacement { old, new: id };
            return static_member::replace(deciding, group, &asking, replacement, &request);
        }
    } else if asking.version >= KNOWN_MEMBER_ID_FROM {
        group.pending_joins.insert(id.clone());
        let session_ms = i64::from(request.session_timeout_ms);
        expiry::begin_session(deciding, group.id.clone(), id.clone(), session_ms);
        let error = ErrorCode::MEMBER_ID_REQUIRED;
        return answer::refuse_join(deciding, asking.token, id, error);
    }
    add(deciding, group, new_member(id, asking.token, asking.client, &request), &request);
}

/// A UUID as Java writes it.
fn hyphenated(id: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in id.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// One who comes with the id that it was given.
fn enter_expected(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    asking: Asking,
    request: JoinGroupRequest,
) {
    if request.group_instance_id.is_some() {
        // No id is given out to static members first.
        let error = ErrorCode::UNKNOWN_SERVER_ERROR;
        return answer::refuse_join(deciding, asking.token, request.member_id, error);
    }
    let id = request.member_id.detached();
    add(deciding, group, new_member(id, asking.token, asking.client, &request), &request);
}

fn new_member(id: Text, token: Token, client: Client, request: &JoinGroupRequest) -> Member {
    Member {
        id,
        instance: request.group_instance_id.as_ref().map(Text::detached),
        client: Client { id: client.id.detached(), host: client.host.detached() },
        timeouts: timeouts_of(request),
        protocols: protocols_of(&request.protocols),
        assignment: Bytes::new(),
        is_new: true,
        joining: Some(token),
        syncing: None,
    }
}

pub(super) fn timeouts_of(request: &JoinGroupRequest) -> Timeouts {
    Timeouts { session_ms: request.session_timeout_ms, rebalance_ms: request.rebalance_timeout_ms }
}

fn add(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    member: Member,
    request: &JoinGroupRequest,
) {
    if let Some(wait) = &mut group.initial {
        wait.has_grown = true;
    }
    let id = member.id.clone();
    group.add(member, request.protocol_type.detached());
    expiry::begin_session(deciding, group.id.clone(), id, NEW_MEMBER_TIMEOUT_MS);
    rebalance::prepare_or_complete(deciding, group);
}

/// A member joins again. If it says what it said before, there may be nothing to do.
fn enter_again(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    token: Token,
    request: JoinGroupRequest,
) {
    let id = &request.member_id;
    if let Err(error_code) = group.check_member(id, request.group_instance_id.as_ref()) {
        return answer::refuse_join(deciding, token, request.member_id, error_code);
    }
    let protocols = protocols_of(&request.protocols);
    let is_same = group.members.get(id).is_some_and(|member| member.protocols == protocols);
    let is_repeated = match group.state() {
        State::Empty | State::PreparingRebalance => false,
        State::CompletingRebalance => is_same,
        // Its leader joins again when there is something to assign anew.
        State::Stable => is_same && !group.is_leader(id),
    };
    if is_repeated {
        let mut answer = answer::joined(group, id.detached());
        if group.state() == State::Stable {
            answer.members.clear();
        }
        return deciding.answer_read(token, Answer::JoinGroup(answer));
    }
    update(deciding, group, id, token, &request);
    rebalance::prepare_or_complete(deciding, group);
}

/// The member says something new, and waits.
pub(super) fn update(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    id: &Text,
    token: Token,
    request: &JoinGroupRequest,
) {
    group.members.update(id, protocols_of(&request.protocols), timeouts_of(request));
    if let Some(earlier) = group.members.park_join(id, token) {
        // It asks twice: who asked first has gone, or learns that it is to ask again.
        let error = ErrorCode::REBALANCE_IN_PROGRESS;
        answer::refuse_join(deciding, earlier, id.clone(), error);
    }
}
