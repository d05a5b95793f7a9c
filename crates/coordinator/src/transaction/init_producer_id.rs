//! InitProducerId: a producer takes over a transactional id.

use super::Answer;
use super::deciding::{Asking, Deciding};
use super::ending;
use super::metadata::{NO_EPOCH, NO_TIMEOUT_MS, NONE, TransactionMetadata, is_exhausted};
use super::settings::Settings;
use super::state::TransactionState as S;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// The producer id and epoch that the asker believes to have (KIP-360).
#[derive(Clone, Copy)]
struct Expected {
    producer_id: i64,
    epoch: i16,
}

/// What a request says, once it is known to make sense.
struct Wanted {
    id: Text,
    expected: Option<Expected>,
    timeout_ms: i32,
}

/// A new producer's first call gives it an id, and each later one an epoch that fences who had the
/// one before. An open transaction is aborted first, and the asker comes back.
pub(super) fn decide(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: &m::InitProducerIdRequest,
) {
    let wanted = match checked(&deciding.soft.known.settings, request) {
        Ok(wanted) => wanted,
        Err(error) => return deciding.answer_now(asking.token, Answer::Refused(error)),
    };
    let metadata = match (deciding.hard.by_id.get(&wanted.id), asking.fresh_producer_id) {
        (Some(metadata), _) => metadata.clone(),
        (None, Some(fresh)) => TransactionMetadata::new(fresh),
        (None, None) => return deciding.answer_now(asking.token, Answer::NeedsProducerId),
    };
    if metadata.state.is_ending() {
        return deciding.refuse(asking.token, ErrorCode::CONCURRENT_TRANSACTIONS);
    }
    if wanted.expected.is_some_and(|expected| !may_be(expected, &metadata)) {
        return deciding.refuse(asking.token, ErrorCode::PRODUCER_FENCED);
    }
    if metadata.state == S::Ongoing {
        // Its own epoch is never given out: the asker comes again and gets the next one.
        let fresh = asking.fresh_producer_id;
        return if ending::fence(deciding, &wanted.id, &metadata, fresh) {
            let answer = Answer::Refused(ErrorCode::CONCURRENT_TRANSACTIONS);
            deciding.answer_written(asking.token, answer);
        } else {
            deciding.answer_now(asking.token, Answer::NeedsProducerId);
        };
    }
    begin(deciding, asking, &wanted, &metadata);
}

fn checked(settings: &Settings, request: &m::InitProducerIdRequest) -> Result<Wanted, ErrorCode> {
    let half = (request.producer_id == NONE) != (request.producer_epoch == NO_EPOCH);
    let id = request.transactional_id.clone().unwrap_or_default();
    if id.is_empty() || half {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if request.enable2_pc && !settings.two_phase_commit_enable {
        return Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    if request.keep_prepared_txn {
        // As in Kafka, which has the field and not yet what it is for.
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let asked_ms = request.transaction_timeout_ms;
    let is_allowed = 0 < asked_ms && asked_ms <= settings.transaction_max_timeout_ms;
    if !is_allowed && !request.enable2_pc {
        return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT);
    }
    let expected = (request.producer_id != NONE)
        .then_some(Expected { producer_id: request.producer_id, epoch: request.producer_epoch });
    Ok(Wanted {
        id,
        expected,
        timeout_ms: if request.enable2_pc { NO_TIMEOUT_MS } else { asked_ms },
    })
}

/// Who expects to be the producer may be: because it is new here, because it has that id, or had
/// it until its epochs were used up and has not heard of the new one.
fn may_be(expected: Expected, metadata: &TransactionMetadata) -> bool {
    metadata.epoch == NO_EPOCH
        || expected.producer_id == metadata.producer_id
        || (expected.producer_id == metadata.previous_producer_id && is_exhausted(expected.epoch))
}

fn begin(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    wanted: &Wanted,
    metadata: &TransactionMetadata,
) {
    let Wanted { id, expected, timeout_ms } = wanted;
    let is_present = expected.is_none_or(|expected| expected.epoch == metadata.epoch);
    let (producer_id, epoch, last_epoch) = if metadata.is_exhausted() && is_present {
        let Some(fresh) = asking.fresh_producer_id else {
            return deciding.answer_now(asking.token, Answer::NeedsProducerId);
        };
        (fresh, 0, if expected.is_some() { metadata.epoch } else { NO_EPOCH })
    } else if metadata.is_exhausted() {
        // Kafka gives an epoch of another time no name here.
        return deciding.refuse(asking.token, ErrorCode::UNKNOWN_SERVER_ERROR);
    } else {
        let last = deciding.last_epoch(id);
        match next_epoch(metadata.epoch, expected.map(|expected| expected.epoch), last) {
            Some((epoch, last)) => (metadata.producer_id, epoch, last),
            None => return deciding.refuse(asking.token, ErrorCode::PRODUCER_FENCED),
        }
    };
    let next = metadata.initialized(producer_id, epoch, *timeout_ms, deciding.now);
    deciding.write(id, &next);
    deciding.set_last_epoch(id, last_epoch);
    let answer =
        m::InitProducerIdResponse { producer_id, producer_epoch: epoch, ..Default::default() };
    deciding.answer_written(asking.token, Answer::InitProducerId(answer));
}

/// The epoch to give out, and the one to remember as the last; `None` fences the asker.
fn next_epoch(epoch: i16, expected: Option<i16>, last: i16) -> Option<(i16, i16)> {
    match expected {
        None => Some((epoch + 1, NO_EPOCH)),
        Some(expected) if epoch == NO_EPOCH || expected == epoch => Some((epoch + 1, epoch)),
        // The answer to the same call was lost. Nobody else came since: that would have made the
        // last epoch unknown.
        Some(expected) if expected == last => Some((epoch, last)),
        Some(_) => None,
    }
}
