//! What all groups have: they are listed, described and deleted.

use super::Answer;
use super::deciding::{Asking, Deciding};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::describe_groups_response::DescribedGroup;
use dohle_protocol::wire::Text;

pub(super) fn list(deciding: &mut Deciding<'_>, asking: Asking, _filters: m::ListGroupsRequest) {
    deciding.answer_now(asking.token, Answer::ListGroups(Vec::new()));
}

pub(super) fn describe(deciding: &mut Deciding<'_>, asking: Asking, group_id: Text) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = DescribedGroup { group_id, error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::DescribeGroup(answer));
}

pub(super) fn delete(deciding: &mut Deciding<'_>, asking: Asking, _group_id: Text) {
    let error = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    deciding.answer_now(asking.token, Answer::DeleteGroup(error));
}
