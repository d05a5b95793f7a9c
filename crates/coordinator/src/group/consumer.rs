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
