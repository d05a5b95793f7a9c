//! The transaction coordinator: who may write under a transactional id, and how its transactions end.
//!
//! A [`Machine`] over one partition of `__transaction_state`. The hard state is what the log says of
//! each id; the soft state knows the cluster, the timers, and the epoch before the present one.

mod adding;
mod counting;
mod deciding;
mod describing;
mod ending;
mod expiring;
mod init_producer_id;
mod metadata;
mod record;
mod request;
mod settings;
mod state;
mod waiting;

#[cfg(test)]
mod tests;

use crate::coordinated::{Coordinated, KeyValue, RecordError, Surroundings};
use crate::counts::{Counts, TransactionsDone};
use crate::timers::Timers;
use bytes::Bytes;
use deciding::{Asking, Deciding};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Outcome};
use metadata::{NO_EPOCH, TransactionMetadata};
pub use record::TransactionRecord;
pub use request::{Answer, Asked, Effect, Markers, Request, TopicPartition};
pub use settings::{Known, Settings};
pub use state::TransactionState;
use std::collections::{BTreeMap, VecDeque};
use waiting::Waiting;

/// The transaction coordinator's machine.
#[derive(Debug)]
pub enum TransactionCoordinator {}

/// What the log says.
#[derive(Debug, PartialEq)]
pub struct Transactions {
    by_id: BTreeMap<Text, TransactionMetadata>,
    /// The newest entry that was applied.
    newest: Offset,
}

impl Default for Transactions {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), newest: Offset(-1) }
    }
}

/// What only the coordinator knows, from its load on.
#[derive(Debug, Default)]
pub struct Leadership {
    /// False until [`Command::Surroundings`] has come for the first time.
    is_active: bool,
    known: Known,
    /// When open transactions have taken too long.
    timeouts: Timers<Text>,
    /// Before this time none is aborted for it: they are looked for now and then.
    next_abort_at: Timestamp,
    /// A decision about several ids was too large for the log, which takes less than one may think: from
    /// now on each is decided on alone.
    is_one_by_one: bool,
    /// When ids that nobody uses are looked for.
    next_expiry_at: Timestamp,
    /// How far that has come, if it is under way.
    expired_to: Option<Text>,
    /// By id: the epoch before the present one. The log does not have it, and Kafka forgets it at
    /// a load too: what it is for is the answer that was lost a moment ago (KIP-360).
    last_epochs: BTreeMap<Text, i16>,
    /// By id: who waits for the end of its transaction.
    waiting: BTreeMap<Text, VecDeque<Waiting>>,
    /// When they stop waiting.
    waits_end: Timers<Text>,
    /// What was done, for those who watch.
    done: TransactionsDone,
}

/// What the machine is told.
#[derive(Debug)]
pub enum Command {
    /// What the cluster looks like.
    Surroundings(Known),
    /// The time has come that was asked for.
    Wake,
    /// Somebody asks.
    Ask(Box<Asked>),
    /// The markers of an effect are all written.
    MarkersWritten(Box<Markers>),
    /// The result of [`Effect::DrawProducerId`]; no producer id if none could be had.
    ProducerIdDrawn(Text, Option<i64>),
    /// The records of the last decision, of these ids, got no place in the log.
    Refused(Vec<Text>),
    /// The transaction of this id has ended, and somebody waits for that. Its own word to itself.
    GoOn(Text),
}

impl Machine for TransactionCoordinator {
    type Hard = Transactions;
    type Soft = Leadership;
    type Command = Command;
    type Record = TransactionRecord;
    type Answer = Answer;
    type Effect = Effect;

    fn decide(
        hard: &Transactions,
        soft: &mut Leadership,
        now: Timestamp,
        command: Command,
    ) -> Outcome<Self> {
        let mut deciding = Deciding::new(hard, soft, now);
        match command {
            Command::Surroundings(known) => surround(&mut deciding, known),
            Command::Wake => wake(&mut deciding),
            Command::Ask(asked) => {
                let until = now.0.saturating_add(deciding.soft.known.settings.wait_for_end_ms);
                ask(&mut deciding, *asked, Timestamp(until));
            }
            Command::GoOn(id) => {
                if let Some((asked, until)) = waiting::take(&mut deciding, &id) {
                    ask(&mut deciding, asked, until);
                    waiting::go_on(&mut deciding, &id);
                }
            }
            Command::Refused(ids) => set_timeouts_again(&mut deciding, &ids),
            Command::MarkersWritten(markers) => ending::complete(&mut deciding, &markers),
            Command::ProducerIdDrawn(id, fresh) => ending::abort_with(&mut deciding, &id, fresh),
        }
        let outcome = deciding.finish();
        counting::count(&mut soft.done, &outcome.records);
        outcome
    }

    fn apply(hard: &mut Transactions, at: Offset, entry: &Entry<TransactionRecord>) {
        hard.newest = at;
        let Entry::Record { record, .. } = entry else { return };
        let id = &record.key.transactional_id;
        match record.value.as_ref().map(TransactionMetadata::from_record) {
            None => drop(hard.by_id.remove(id)),
            Some(None) => {}
            Some(Some(metadata)) => match hard.by_id.get_mut(id) {
                Some(known) => *known = metadata,
                None => drop(hard.by_id.insert(id.detached(), metadata)),
            },
        }
    }

    fn elected(_hard: &Transactions, _now: Timestamp) -> Outcome<Self> {
        // What is unfinished goes on when the surroundings are known: markers carry the epoch.
        Outcome::nothing()
    }

    fn woken() -> Command {
        Command::Wake
    }
}

impl Coordinated for TransactionCoordinator {
    type Known = Known;

    const TOPIC: &'static str = "__transaction_state";

    fn encode(record: &TransactionRecord) -> KeyValue {
        record.encode()
    }

    fn decode(
        key: Option<Bytes>,
        value: Option<Bytes>,
    ) -> Result<Option<TransactionRecord>, RecordError> {
        TransactionRecord::decode(key, value)
    }

    fn refused(records: &[TransactionRecord]) -> Option<Command> {
        let ids = records.iter().map(|record| record.key.transactional_id.clone());
        Some(Command::Refused(ids.collect()))
    }

    fn known(surroundings: Surroundings<'_>) -> Known {
        Known::of(surroundings)
    }

    fn surround(known: Known, leader_epoch: i32) -> Command {
        Command::Surroundings(Known { leader_epoch, ..known })
    }

    fn counts(hard: &Transactions, soft: &Leadership) -> Counts {
        Counts::Transactions(counting::counts(hard, soft))
    }
}

impl Transactions {
    /// The id in a buffer that no frame is held by.
    fn own_id(&self, id: &Text) -> Text {
        match self.by_id.get_key_value(id) {
            Some((id, _)) => id.clone(),
            None => id.detached(),
        }
    }
}

/// A decision that is about many ids writes about so many bytes at most: they are one batch.
const RECORDS_BYTES_MAX: usize = 256 * 1024;

impl Leadership {
    /// How many bytes a decision that is about many ids may write, beside its first record.
    fn record_bytes_max(&self) -> usize {
        if self.is_one_by_one { 0 } else { RECORDS_BYTES_MAX }
    }

    fn wake_at(&self) -> Option<Timestamp> {
        let abort_at = self.timeouts.next().map(|due| due.max(self.next_abort_at));
        let expiry_at = self.is_active.then_some(self.next_expiry_at);
        abort_at.into_iter().chain(expiry_at).chain(self.waits_end.next()).min()
    }
}

/// The first time, and when the log has a new epoch, what is unfinished goes on.
fn surround(deciding: &mut Deciding<'_>, known: Known) {
    let was_active = std::mem::replace(&mut deciding.soft.is_active, true);
    let goes_on = was_active && deciding.soft.known.leader_epoch == known.leader_epoch;
    if !was_active {
        let interval = known.settings.remove_expired_interval_ms;
        deciding.soft.next_expiry_at.0 = deciding.now.0.saturating_add(interval);
    }
    deciding.soft.known = known;
    if goes_on {
        return;
    }
    for (id, metadata) in &deciding.hard.by_id {
        if metadata.state.is_ending() {
            deciding.send_markers(id, metadata);
        } else if let Some(due) = metadata.times_out_at() {
            deciding.soft.timeouts.set(id.clone(), due);
        }
    }
}

/// What was decided of these ids does not hold: their transactions are as the log has them. Those whose time
/// is over, and ends that cannot be written as complete, are tried again later.
fn set_timeouts_again(deciding: &mut Deciding<'_>, ids: &[Text]) {
    deciding.soft.is_one_by_one |= ids.len() > 1;
    for id in ids {
        // The epoch that it had before is not known, as after a load.
        deciding.set_last_epoch(id, NO_EPOCH);
        let metadata = deciding.hard.by_id.get(id);
        let is_ending = metadata.is_some_and(|metadata| metadata.state.is_ending());
        match metadata.and_then(TransactionMetadata::times_out_at) {
            _ if is_ending => ending::try_later(deciding, id),
            Some(due) if due <= deciding.now => ending::try_later(deciding, id),
            Some(due) => deciding.soft.timeouts.set(id.detached(), due),
            None => deciding.soft.timeouts.cancel(id),
        }
    }
}

fn wake(deciding: &mut Deciding<'_>) {
    waiting::give_up(deciding);
    ending::abort_timed_out(deciding);
    // Not of one id twice in a decision: an aborted one is not forgotten in the same.
    if deciding.soft.is_active && deciding.record_count() == 0 {
        expiring::expire(deciding);
    }
}

/// Decides, unless the end of another transaction is in the way: then later, but before `until`.
fn ask(deciding: &mut Deciding<'_>, asked: Asked, until: Timestamp) {
    if !deciding.soft.is_active {
        let error = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        return deciding.answer_now(asked.token, Answer::Refused(error));
    }
    let id = waiting::in_the_way(deciding.hard, &asked.request);
    let kept = id.map(|id| (id.clone(), asked.clone()));
    decide_now(deciding, asked);
    if let Some((id, asked)) = kept
        && deciding.take_back_concurrent()
    {
        waiting::wait(deciding, &id, asked, until);
    }
}

fn decide_now(deciding: &mut Deciding<'_>, asked: Asked) {
    let Asked { token, version, fresh_producer_id, request } = asked;
    let asking = Asking { token, version, fresh_producer_id };
    match request {
        Request::InitProducerId(request) => init_producer_id::decide(deciding, asking, &request),
        Request::AddPartitions { transactional_id, producer, partitions, verify_only } => {
            if verify_only {
                adding::verify(deciding, asking, &transactional_id, producer, &partitions);
            } else {
                adding::add(deciding, asking, &transactional_id, producer, partitions);
            }
        }
        Request::EndTxn(request) => ending::decide(deciding, asking, &request),
        Request::Describe(id) => describing::describe(deciding, asking, &id),
        Request::List(request) => describing::list(deciding, asking, &request),
    }
}
