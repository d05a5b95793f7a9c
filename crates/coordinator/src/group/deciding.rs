//! One decision of the group coordinator, as it is made.

use super::{Answer, Client, Command, GroupCoordinator, GroupRecord, Groups, Leadership};
use dohle_metadata::controller::Seed;
use dohle_protocol::ids::Timestamp;
use dohle_replication::machine::{After, Outcome, ProducerIdAndEpoch, Token};

/// What a decision sees and what it comes to.
pub(super) struct Deciding<'a> {
    /// The log's state *before* this decision: what it writes is not in it yet.
    pub(super) hard: &'a Groups,
    pub(super) soft: &'a mut Leadership,
    pub(super) now: Timestamp,
    outcome: Outcome<GroupCoordinator>,
}

/// Who asks, and how.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) token: Token,
    pub(super) version: i16,
    pub(super) seed: Seed,
    pub(super) client: Client,
}

impl<'a> Deciding<'a> {
    pub(super) fn new(hard: &'a Groups, soft: &'a mut Leadership, now: Timestamp) -> Self {
        Self { hard, soft, now, outcome: Outcome::nothing() }
    }

    /// One more record of this decision's atomic batch.
    pub(super) fn write(&mut self, record: GroupRecord) {
        self.outcome.records.push(record);
    }

    /// Whether anything is written so far.
    pub(super) fn has_written(&self) -> bool {
        !self.outcome.records.is_empty()
    }

    /// This is decided next, once what is written here is applied.
    pub(super) fn again(&mut self, command: Command) {
        self.outcome.again = Some(command);
    }

    /// The batch belongs to this producer's transaction.
    pub(super) fn in_transaction_of(&mut self, producer: ProducerIdAndEpoch) {
        self.outcome.producer = Some(producer);
    }

    /// Answers at once: a refusal, or what rests on nothing in the log.
    pub(super) fn answer_now(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, After::Now));
    }

    /// Answers once what was read of the log is committed.
    pub(super) fn answer_read(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, self.hard.seen()));
    }

    /// Answers once the records of this decision are committed; if there are none, once what was
    /// read is.
    pub(super) fn answer_written(&mut self, token: Token, answer: Answer) {
        self.outcome.answers.push((token, answer, After::Records));
    }

    pub(super) fn finish(mut self) -> Outcome<GroupCoordinator> {
        if self.outcome.records.is_empty() {
            for (.., after) in &mut self.outcome.answers {
                if *after == After::Records {
                    *after = self.hard.seen();
                }
            }
        }
        Outcome { wake_at: self.soft.timers.next(), ..self.outcome }
    }
}
