//! Whether a member may commit or fetch offsets.

use super::member::Member;
use super::state::ConsumerGroup;
use crate::group::offsets::Committer;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;

/// Members of the consumer protocol commit by this version, the first that knows their errors.
const COMMITS_SINCE: i16 = 9;

/// Whether who commits may do so at all.
pub(in super::super) fn check_committer(
    group: &ConsumerGroup,
    by: &Committer<'_>,
) -> Result<(), ErrorCode> {
    if is_outside(group, by) {
        return Ok(());
    }
    let member = group.members.get(by.member).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if !by.is_transactional && member.classic().is_none() && by.version < COMMITS_SINCE {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    if by.epoch > member.epoch { Err(stale(member)) } else { Ok(()) }
}

/// Whether who commits may do so for this partition; asked after [`check_committer`].
///
/// An older epoch is good for what the member has had since then (KIP-1251).
pub(in super::super) fn check_commit(
    group: &ConsumerGroup,
    by: &Committer<'_>,
    topic: Uuid,
    partition: i32,
) -> Result<(), ErrorCode> {
    if is_outside(group, by) {
        return Ok(());
    }
    let member = group.members.get(by.member).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if by.epoch == member.epoch {
        return Ok(());
    }
    let owned = [&member.assigned, &member.revoking];
    let since = owned.into_iter().find_map(|owned| owned.get(&topic)?.get(&partition));
    if since.is_some_and(|since| by.epoch >= *since) { Ok(()) } else { Err(stale(member)) }
}

/// Whether the member may fetch offsets; without a member anybody may.
pub(in super::super) fn check_fetch(
    group: &ConsumerGroup,
    member: Option<&Text>,
    epoch: i32,
) -> Result<(), ErrorCode> {
    let Some(member_id) = member else {
        return if epoch < 0 { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) };
    };
    let member = group.members.get(member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if epoch == member.epoch { Ok(()) } else { Err(stale(member)) }
}

/// Tools may set the offsets of a group that is empty; producers that name no member, of any.
fn is_outside(group: &ConsumerGroup, by: &Committer<'_>) -> bool {
    let names_nobody = by.member.is_empty() && by.instance.is_none();
    by.epoch < 0 && group.is_empty() || by.is_transactional && by.epoch == -1 && names_nobody
}

fn stale(member: &Member) -> ErrorCode {
    if member.classic().is_some() {
        ErrorCode::ILLEGAL_GENERATION
    } else {
        ErrorCode::STALE_MEMBER_EPOCH
    }
}
