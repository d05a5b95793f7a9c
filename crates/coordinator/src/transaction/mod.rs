//! The transaction coordinator: who may write under a transactional id, and how its transactions end.
//!
//! A [`Machine`] over one partition of `__transaction_state`. Everything is hard state; the soft
//! state knows the cluster and the timers.

mod record;
mod request;

use crate::coordinated::{Coordinated, KeyValue, RecordError, Surroundings};
use bytes::Bytes;
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Outcome};
pub use record::TransactionRecord;
pub use request::{Answer, Asked, Effect, Markers, Request, TopicPartition};
use std::collections::BTreeMap;

/// The transaction coordinator's machine.
#[derive(Debug)]
pub enum TransactionCoordinator {}

/// What the log says.
#[derive(Debug, Default)]
pub struct Transactions {
    by_id: BTreeMap<Text, m::TransactionLogValue>,
    newest: Offset,
}

/// What only the coordinator knows.
#[derive(Debug, Default)]
pub struct Leadership {
    image: Image,
}

/// What the machine is told.
#[derive(Debug)]
pub enum Command {
    /// What the cluster looks like.
    Surroundings(Box<Image>),
    /// The time has come that was asked for.
    Wake,
    /// Somebody asks.
    Ask(Box<Asked>),
    /// The markers of an effect are all written.
    MarkersWritten(Box<Markers>),
}

impl Machine for TransactionCoordinator {
    type Hard = Transactions;
    type Soft = Leadership;
    type Command = Command;
    type Record = TransactionRecord;
    type Answer = Answer;
    type Effect = Effect;

    fn decide(
        _hard: &Transactions,
        soft: &mut Leadership,
        _now: Timestamp,
        command: Command,
    ) -> Outcome<Self> {
        match command {
            Command::Surroundings(image) => {
                soft.image = *image;
                Outcome::nothing()
            }
            Command::Wake | Command::MarkersWritten(_) => Outcome::nothing(),
            Command::Ask(asked) => {
                let answer = Answer::Refused(ErrorCode::COORDINATOR_NOT_AVAILABLE);
                Outcome::written(asked.token, answer, Vec::new())
            }
        }
    }

    fn apply(hard: &mut Transactions, at: Offset, entry: &Entry<TransactionRecord>) {
        hard.newest = at;
        let Entry::Record { record, .. } = entry else { return };
        let id = record.key.transactional_id.clone();
        match &record.value {
            Some(value) => hard.by_id.insert(id, value.clone()),
            None => hard.by_id.remove(&id),
        };
    }

    fn elected(_hard: &Transactions, _now: Timestamp) -> Outcome<Self> {
        Outcome::nothing()
    }

    fn woken() -> Command {
        Command::Wake
    }
}

impl Coordinated for TransactionCoordinator {
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

    fn surroundings(surroundings: Surroundings<'_>) -> Command {
        Command::Surroundings(Box::new(surroundings.image.clone()))
    }
}
