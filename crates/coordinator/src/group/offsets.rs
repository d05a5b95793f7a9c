//! Committed offsets.

use super::Answer;
use super::deciding::{Asking, Deciding};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, ProducerId};
use dohle_protocol::messages as m;
use dohle_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use dohle_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup;
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;

/// Offsets by group, topic and partition; those of open transactions by producer.
#[derive(Debug, Default)]
pub(super) struct Offsets {}

/// Who commits offsets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Committer<'a> {
    /// Empty for one that is in no group.
    pub(super) member: &'a Text,
    /// The name of a static member.
    pub(super) instance: Option<&'a Text>,
    /// Its generation or member epoch; -1 for one that is in no group.
    pub(super) epoch: i32,
    pub(super) is_transactional: bool,
    /// The version of the request.
    pub(super) version: i16,
}

impl Offsets {
    pub(super) fn apply(
        &mut self,
        _at: Offset,
        _key: &m::OffsetCommitKey,
        _value: Option<&m::OffsetCommitValue>,
        _producer: Option<ProducerIdAndEpoch>,
    ) {
    }

    pub(super) fn end_transaction(&mut self, _producer: ProducerId, _committed: bool) {}
}

pub(super) fn begin_expiry(_deciding: &mut Deciding<'_>) {}

pub(super) fn expire(_deciding: &mut Deciding<'_>) {}

pub(super) fn forget_topics(_deciding: &mut Deciding<'_>, _deleted: &[Text]) {}

pub(super) fn commit(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::OffsetCommitRequest,
) {
    deciding.answer_now(asking.token, Answer::OffsetCommit(m::OffsetCommitResponse::default()));
}

pub(super) fn commit_in_transaction(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::TxnOffsetCommitRequest,
) {
    let answer = m::TxnOffsetCommitResponse::default();
    deciding.answer_now(asking.token, Answer::TxnOffsetCommit(answer));
}

pub(super) fn fetch(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: OffsetFetchRequestGroup,
    _require_stable: bool,
) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let group_id = request.group_id;
    let answer = OffsetFetchResponseGroup { group_id, error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::OffsetFetch(answer));
}

pub(super) fn delete(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    _request: m::OffsetDeleteRequest,
) {
    let error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let answer = m::OffsetDeleteResponse { error_code, ..Default::default() };
    deciding.answer_now(asking.token, Answer::OffsetDelete(answer));
}
