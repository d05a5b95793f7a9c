//! Who comes while a transaction ends waits a little for that, before being told to come again.
//!
//! The end takes a moment and asking again costs more: the next transaction of a producer begins
//! right after the answer to the end of the one before. Kafka asks again for the client on behalf
//! of newer producers; here nobody has to.

use super::deciding::Deciding;
use super::request::{Answer, Asked, Request};
use super::state::TransactionState as S;
use super::{Command, Transactions};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;

/// So many wait for one id; more come again.
const WAITING_MAX: usize = 16;

/// A request that waits for the end of a transaction.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) asked: Box<Asked>,
    until: Timestamp,
}

/// The id whose transaction may be in the way of this request, now or by what it does.
pub(super) fn in_the_way<'a>(hard: &Transactions, request: &'a Request) -> Option<&'a Text> {
    let (id, aborts) = match request {
        Request::InitProducerId(request) => (request.transactional_id.as_ref()?, true),
        Request::AddPartitions { verify_only: true, .. } => return None,
        Request::AddPartitions { transactional_id, .. } => (transactional_id, false),
        Request::EndTxn(request) => (&request.transactional_id, false),
        Request::Describe(_) | Request::List(_) => return None,
    };
    let state = hard.by_id.get(id)?.state;
    (state.is_ending() || (aborts && state == S::Ongoing)).then_some(id)
}

/// The request is decided when the transaction of `id` has ended, or refused when that takes long.
pub(super) fn wait(deciding: &mut Deciding<'_>, id: &Text, mut asked: Asked, until: Timestamp) {
    // It may have found its use by now.
    asked.fresh_producer_id = None;
    let id = deciding.hard.own_id(id);
    let waiting = deciding.soft.waiting.entry(id.clone()).or_default();
    if waiting.len() >= WAITING_MAX || until <= deciding.now {
        let answer = Answer::Refused(ErrorCode::CONCURRENT_TRANSACTIONS);
        return deciding.answer_written(asked.token, answer);
    }
    waiting.push_back(Waiting { asked: Box::new(asked), until });
    watch(deciding, &id);
}

/// Whoever waits for the end of this id's transaction is next.
pub(super) fn go_on(deciding: &mut Deciding<'_>, id: &Text) {
    if deciding.soft.waiting.contains_key(id) {
        deciding.again(Command::GoOn(id.clone()));
    }
}

/// The one who has waited longest, and until when it would wait; nobody if the next transaction of
/// the id ends already.
pub(super) fn take(deciding: &mut Deciding<'_>, id: &Text) -> Option<(Asked, Timestamp)> {
    if deciding.hard.by_id.get(id).is_some_and(|metadata| metadata.state.is_ending()) {
        return None;
    }
    let waiting = deciding.soft.waiting.get_mut(id)?.pop_front();
    watch(deciding, id);
    waiting.map(|waiting| (*waiting.asked, waiting.until))
}

/// Those who have waited too long are told to come again.
pub(super) fn give_up(deciding: &mut Deciding<'_>) {
    while let Some(id) = deciding.soft.waits_end.take_due(deciding.now) {
        let Some(waiting) = deciding.soft.waiting.remove(&id) else { continue };
        let (over, still) = waiting.into_iter().partition(|it| it.until <= deciding.now);
        let over: Vec<Waiting> = over;
        deciding.soft.waiting.insert(id.clone(), still.into());
        for waiting in over {
            deciding.refuse(waiting.asked.token, ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        watch(deciding, &id);
    }
}

/// Sets the time to give up to the earliest of those who wait.
fn watch(deciding: &mut Deciding<'_>, id: &Text) {
    let waiting = deciding.soft.waiting.get(id);
    match waiting.and_then(|waiting| waiting.iter().map(|it| it.until).min()) {
        Some(until) => deciding.soft.waits_end.set(id.clone(), until),
        None => {
            deciding.soft.waiting.remove(id);
            deciding.soft.waits_end.cancel(id);
        }
    }
}
