//! The end of a transaction: asked for, or because its producer is fenced or took too long; and
//! what follows once all its partitions know.

use super::deciding::{Asking, Deciding};
use super::metadata::{NO_EPOCH, NONE, TransactionMetadata};
use super::request::Markers;
use super::state::TransactionState as S;
use super::{Answer, Effect, waiting};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// From this version on each end gives the producer its next epoch (KIP-890).
const FIRST_WITH_EPOCHS: i16 = 5;

/// At most so many transactions are aborted in one decision, and no more than its batch has room for.
const ABORTS_MAX: usize = 500;

/// What an end that is asked for comes to.
enum End {
    /// It is written down, and the markers go out.
    Prepare,
    /// It has been before.
    Again,
}

/// EndTxn.
pub(super) fn decide(deciding: &mut Deciding<'_>, asking: Asking, request: &m::EndTxnRequest) {
    let id = &request.transactional_id;
    if id.is_empty() {
        return deciding.answer_now(asking.token, Answer::Refused(ErrorCode::INVALID_REQUEST));
    }
    let Some(metadata) = deciding.hard.by_id.get(id).cloned() else {
        return deciding.refuse(asking.token, ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    };
    let has_epochs = asking.version >= FIRST_WITH_EPOCHS;
    let end = if has_epochs { end_with_epochs } else { end_without_epochs };
    match end(&metadata, request) {
        Err(error) => deciding.refuse(asking.token, error),
        Ok(End::Again) => deciding.answer_read(asking.token, ended(&metadata, has_epochs)),
        Ok(End::Prepare) => {
            let next_producer_id = match (has_epochs && metadata.is_exhausted()).then_some(()) {
                None => NONE,
                Some(()) => match asking.fresh_producer_id {
                    Some(fresh) => fresh,
                    None => return deciding.answer_now(asking.token, Answer::NeedsProducerId),
                },
            };
            let version = if has_epochs { 2 } else { 0 };
            let now = deciding.now;
            let next = metadata.prepared(request.committed, version, next_producer_id, now);
            if has_epochs {
                deciding.set_last_epoch(id, metadata.epoch);
            }
            deciding.write(id, &next);
            deciding.send_markers(id, &next);
            deciding.answer_written(asking.token, ended(&next.completed(now), has_epochs));
        }
    }
}

/// The producer goes on with what it is once the end is complete.
fn ended(metadata: &TransactionMetadata, has_epochs: bool) -> Answer {
    let (producer_id, producer_epoch) =
        if has_epochs { (metadata.producer_id, metadata.epoch) } else { (NONE, NO_EPOCH) };
    Answer::EndTxn(m::EndTxnResponse { producer_id, producer_epoch, ..Default::default() })
}

/// Without an epoch for each transaction a repeated end cannot be told from one that is too many:
/// the same one again is taken for the former.
fn end_without_epochs(
    metadata: &TransactionMetadata,
    request: &m::EndTxnRequest,
) -> Result<End, ErrorCode> {
    if metadata.producer_id != request.producer_id {
        return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    if metadata.epoch != request.producer_epoch {
        return Err(ErrorCode::PRODUCER_FENCED);
    }
    match metadata.state {
        S::Ongoing => Ok(End::Prepare),
        S::PrepareCommit | S::PrepareAbort => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
        S::CompleteCommit if request.committed => Ok(End::Again),
        S::CompleteAbort if !request.committed => Ok(End::Again),
        S::CompleteCommit | S::CompleteAbort | S::Empty | S::Dead | S::PrepareEpochFence => {
            Err(ErrorCode::INVALID_TXN_STATE)
        }
    }
}

/// With an epoch for each transaction, the epoch before says that the same end is asked again. An
/// abort of nothing is an end too: the client may not know whether anything was begun.
///
/// | state | abort, again | abort | commit, again | commit |
/// |---|---|---|---|---|
/// | Empty | PRODUCER_FENCED | ends | PRODUCER_FENCED | INVALID_TXN_STATE |
/// | CompleteAbort | as before | ends | INVALID_TXN_STATE | INVALID_TXN_STATE |
/// | CompleteCommit | INVALID_TXN_STATE | ends | as before | INVALID_TXN_STATE |
fn end_with_epochs(
    metadata: &TransactionMetadata,
    request: &m::EndTxnRequest,
) -> Result<End, ErrorCode> {
    if metadata.state.is_ending() {
        // First of all: the producer may have got an id that holds only after the end.
        return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
    }
    let is_complete = matches!(metadata.state, S::CompleteCommit | S::CompleteAbort);
    let with_old_id = metadata.previous_producer_id == request.producer_id
        && request.producer_epoch == i16::MAX - 1
        && metadata.epoch == 0;
    let with_old_epoch = request.producer_epoch.checked_add(1) == Some(metadata.epoch);
    let is_again = with_old_id || with_old_epoch;
    if metadata.producer_id != request.producer_id && !with_old_id {
        return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    if metadata.epoch != request.producer_epoch && !(is_complete && is_again) {
        return Err(ErrorCode::PRODUCER_FENCED);
    }
    match (metadata.state, request.committed) {
        (S::Ongoing, _) => Ok(End::Prepare),
        (S::CompleteCommit, true) | (S::CompleteAbort, false) if is_again => Ok(End::Again),
        (S::CompleteCommit, false) if is_again => Err(ErrorCode::INVALID_TXN_STATE),
        (S::Empty | S::CompleteCommit | S::CompleteAbort, false) => Ok(End::Prepare),
        (S::Empty | S::CompleteCommit | S::CompleteAbort, true)
        | (S::PrepareCommit | S::PrepareAbort | S::Dead | S::PrepareEpochFence, _) => {
            Err(ErrorCode::INVALID_TXN_STATE)
        }
    }
}

/// Aborts an open transaction with an epoch that its producer does not have. False if that takes a
/// producer id that is not at hand: nothing is written then.
pub(super) fn fence(
    deciding: &mut Deciding<'_>,
    id: &Text,
    metadata: &TransactionMetadata,
    fresh_producer_id: Option<i64>,
) -> bool {
    let version = deciding.soft.known.transaction_version;
    let has_epochs = version >= 2;
    let next_producer_id = match (has_epochs && metadata.is_exhausted(), fresh_producer_id) {
        (false, _) => NONE,
        (true, Some(fresh)) => fresh,
        (true, None) => return false,
    };
    let next = metadata.fenced(version, next_producer_id, deciding.now);
    deciding.set_last_epoch(id, if has_epochs { metadata.epoch } else { NO_EPOCH });
    deciding.write(id, &next);
    deciding.send_markers(id, &next);
    true
}

/// Aborts the transactions whose time is over, and sends the markers of refused ends again. Those whose time is over next wait for an interval:
/// what comes in a crowd is one batch of records.
pub(super) fn abort_timed_out(deciding: &mut Deciding<'_>) {
    if deciding.now < deciding.soft.next_abort_at {
        return;
    }
    let interval = deciding.soft.known.settings.abort_timed_out_interval_ms;
    for _ in 0..ABORTS_MAX {
        let Some(id) = deciding.soft.timeouts.take_due(deciding.now) else { return };
        let Some(metadata) = deciding.hard.by_id.get(&id) else { continue };
        if metadata.state == S::Ongoing {
            // What is written of it is about as large as what the log has of it.
            let bytes = metadata.to_record(&id, 1).size_bytes();
            let is_first = deciding.record_count() == 0;
            let bytes_max = deciding.soft.record_bytes_max();
            if !is_first && deciding.record_bytes() + bytes > bytes_max {
                // The next decision follows at once.
                return deciding.soft.timeouts.set(id, deciding.now);
            }
            if fence(deciding, &id, metadata, None) {
                deciding.soft.done.timed_out += 1;
            } else {
                // Until it has come; it does not if the rest of this decision is refused.
                try_later(deciding, &id);
                deciding.effect(Effect::DrawProducerId(id));
            }
        } else if metadata.state.is_ending() {
            deciding.send_markers(&id, metadata);
        }
        if deciding.soft.timeouts.next().is_none_or(|due| deciding.now < due) {
            deciding.soft.next_abort_at.0 = deciding.now.0.saturating_add(interval);
        }
    }
}

/// The transaction's time is over, or its end; nothing came of that, and is looked at again after an interval.
pub(super) fn try_later(deciding: &mut Deciding<'_>, id: &Text) {
    let interval = deciding.soft.known.settings.abort_timed_out_interval_ms;
    let at = Timestamp(deciding.now.0.saturating_add(interval));
    deciding.soft.timeouts.set(deciding.hard.own_id(id), at);
}

/// A transaction whose time was over waited for this producer id; without it, it waits on.
pub(super) fn abort_with(deciding: &mut Deciding<'_>, id: &Text, fresh_producer_id: Option<i64>) {
    let Some(metadata) = deciding.hard.by_id.get(id) else { return };
    let Some(due) = metadata.times_out_at() else { return };
    if deciding.now < due || !fence(deciding, id, metadata, fresh_producer_id) {
        deciding.soft.timeouts.set(id.clone(), due);
    } else {
        deciding.soft.done.timed_out += 1;
    }
}

/// Every partition knows how the transaction ended.
pub(super) fn complete(deciding: &mut Deciding<'_>, markers: &Markers) {
    let id = &markers.transactional_id;
    let Some(metadata) = deciding.hard.by_id.get(id) else { return };
    let awaited = if markers.committed { S::PrepareCommit } else { S::PrepareAbort };
    if metadata.state == awaited && metadata.producer() == markers.producer {
        let next = metadata.completed(deciding.now);
        deciding.write(id, &next);
        waiting::go_on(deciding, id);
    }
}
