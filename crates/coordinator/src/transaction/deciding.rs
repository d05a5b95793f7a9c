//! One decision of the transaction coordinator, as it is made.

use super::metadata::{NO_EPOCH, TransactionMetadata};
use super::record::TransactionRecord;
use super::{Answer, Command, Effect, Leadership, TransactionCoordinator, Transactions};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{After, Outcome, Token};

/// What a decision sees and what it comes to.
pub(super) struct Deciding<'a> {
    /// The log's state *before* this decision: what it writes is not in it yet.
    pub(super) hard: &'a Transactions,
    pub(super) soft: &'a mut Leadership,
    pub(super) now: Timestamp,
    outcome: Outcome<TransactionCoordinator>,
    record_bytes: usize,
}

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) token: Token,
    pub(super) version: i16,
    pub(super) fresh_producer_id: Option<i64>,
}

impl<'a> Deciding<'a> {
    pub(super) fn new(hard: &'a Transactions, soft: &'a mut Leadership, now: Timestamp) -> Self {
        Self { hard, soft, now, outcome: Outcome::nothing(), record_bytes: 0 }
    }

    /// A transactional id takes a step.
    pub(super) fn write(&mut self, id: &Text, next: &TransactionMetadata) {
        match next.times_out_at() {
            Some(at) => self.soft.timeouts.set(self.hard.own_id(id), at),
            None => self.soft.timeouts.cancel(id),
        }
        let record = next.to_record(id, self.soft.known.record_version());
        self.record_bytes += record.size_bytes();
        self.outcome.records.push(record);
    }

    /// A transactional id is forgotten.
    pub(super) fn forget(&mut self, id: &Text) {
        self.soft.last_epochs.remove(id);
        self.outcome.records.push(TransactionRecord {
            key: m::TransactionLogKey { transactional_id: id.clone() },
            value: None,
            version: 0,
        });
    }

    /// The end of a transaction goes to its partitions.
    pub(super) fn send_markers(&mut self, id: &Text, prepared: &TransactionMetadata) {
        let markers = prepared.markers(id, self.soft.known.leader_epoch);
        self.effect(Effect::WriteMarkers(markers));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.outcome.effects.push(effect);
    }

    /// Takes back the answer that another transaction is in the way, if that is what was said last.
    pub(super) fn take_back_concurrent(&mut self) -> bool {
        let concurrent = Answer::Refused(ErrorCode::CONCURRENT_TRANSACTIONS);
        let answers = &mut self.outcome.answers;
        answers.pop_if(|(_, answer, _)| *answer == concurrent).is_some()
    }

    /// This is decided next, once what is written here is applied.
    pub(super) fn again(&mut self, command: Command) {
        self.outcome.again = Some(command);
    }

    /// How many records this decision has so far.
    pub(super) fn record_count(&self) -> usize {
        self.outcome.records.len()
    }

    /// About how many bytes its steps take in the log.
    pub(super) fn record_bytes(&self) -> usize {
        self.record_bytes
    }

    /// The epoch that the producer had before it was given the present one; -1 if that is not
    /// known, and it is not after a load.
    pub(super) fn last_epoch(&self, id: &Text) -> i16 {
        self.soft.last_epochs.get(id).copied().unwrap_or(NO_EPOCH)
    }

    /// From now on [`Self::last_epoch`] is this one.
    pub(super) fn set_last_epoch(&mut self, id: &Text, epoch: i16) {
        if epoch == NO_EPOCH {
            self.soft.last_epochs.remove(id);
        } else if let Some(last) = self.soft.last_epochs.get_mut(id) {
            *last = epoch;
        } else {
            self.soft.last_epochs.insert(self.hard.own_id(id), epoch);
        }
    }

    /// Answers at once: it rests on nothing in the log.
    pub(super) fn answer_now(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, After::Now));
    }

    /// Answers once what was read of the log is committed.
    pub(super) fn answer_read(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, After::Seen(self.hard.newest)));
    }

    /// Answers once the records of this decision are committed.
    pub(super) fn answer_written(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, After::Records));
    }

    /// Refuses after a look into the log.
    pub(super) fn refuse(&mut self, token: Token, error: ErrorCode) {
        self.answer_read(token, Answer::Refused(error));
    }

    pub(super) fn finish(self) -> Outcome<TransactionCoordinator> {
        Outcome { wake_at: self.soft.wake_at(), ..self.outcome }
    }
}
