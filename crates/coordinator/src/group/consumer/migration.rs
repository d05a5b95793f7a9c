//! A consumer group where there was none, or one of the classic protocol.

use super::refusal::Refusal;
use super::state::ConsumerGroup;
use crate::group::GroupRecord;
use crate::group::classic::{self, State};
use crate::group::deciding::Deciding;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;

/// The group that the first member of the consumer protocol joins. An empty classic group makes way.
pub(super) fn begin(
    deciding: &mut Deciding<'_>,
    group_id: &Text,
    records: &mut Vec<GroupRecord>,
) -> Result<ConsumerGroup, Refusal> {
    let group = ConsumerGroup { epoch: 1, ..ConsumerGroup::default() };
    let Some(live) = deciding.soft.classic.get(group_id) else { return Ok(group) };
    if live.state() != State::Empty {
        let message = format!("{group_id} is a classic group with members");
        return Err(Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message));
    }
    classic::forget(deciding, group_id);
    records.push(classic::tombstone(group_id));
    Ok(group)
}
