//! A consumer group where there was none, or one of the classic protocol.

use super::refusal::Refusal;
use super::state::ConsumerGroup;
use crate::group::deciding::Deciding;
use crate::group::{Group, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// A group that nobody was in so far.
pub(super) fn fresh() -> ConsumerGroup {
    ConsumerGroup { epoch: 1, ..ConsumerGroup::default() }
}

/// A member of the consumer protocol joins a classic group. An empty one makes way.
pub(super) fn upgrade(
    deciding: &Deciding<'_>,
    group_id: &Text,
    records: &mut Vec<GroupRecord>,
) -> Result<ConsumerGroup, Refusal> {
    let is_empty = match deciding.hard.groups.get(group_id) {
        Some(Group::Classic(group)) => group.metadata.members.is_empty(),
        Some(Group::Consumer(_)) | None => true,
    };
    if !is_empty {
        let message = format!("{group_id} is a classic group with members");
        return Err(Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message));
    }
    let key = m::GroupMetadataKey { group: group_id.clone(), ..Default::default() };
    records.push(GroupRecord::GroupMetadata(key, None));
    Ok(fresh())
}
