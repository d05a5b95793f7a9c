//! A transactional producer: writes its transaction's name to some partitions, and commits, aborts
//! or forgets it.

use super::reading::creation;
use crate::checker::History;
use crate::checker::ledger::{Fate, Ledger, Name};
use crate::client::{Client, NoAnswer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Records, Request, Text};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where transactions write. Each transactor sees to it that it is there.
pub const TOPIC: &str = "ledger";
pub(super) const PARTITIONS: i32 = 5;
/// Tries of one thing after which the transaction is given up.
const TRIES_MAX: u32 = 30;

/// What kind of transactor it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its number among the transactors.
    pub number: u32,
    /// Transactions of KIP-890: partitions join by being written to, each end has a new epoch.
    pub is_new: bool,
}

struct Transactor {
    kind: Kind,
    name: String,
    client: Client,
    history: History,
    /// (id, epoch), once it is known.
    identity: Option<(i64, i16)>,
    /// The next sequence by partition, in this epoch.
    sequences: BTreeMap<i32, i32>,
    next: u64,
}

/// The transaction cannot go on.
struct GivenUp;

/// Writes transactions until the history ends.
pub async fn run(kind: Kind, client: Client, history: History) {
    let name = format!("transactor {}", kind.number);
    let sequences = BTreeMap::new();
    let mut transactor =
        Transactor { kind, name, client, history, identity: None, sequences, next: 0 };
    loop {
        let (is_closed, is_ending) = {
            let known = transactor.history.known();
            (known.is_closed, known.is_ending)
        };
        if is_ending && transactor.identity.is_some() {
            break;
        }
        if !is_closed && transactor.round(is_ending).await.is_err() {
            transactor.identity = None;
        }
        transactor.pause(100).await;
    }
    transactor.history.set_pending(&transactor.name, None);
}

impl Transactor {
    async fn pause(&mut self, milliseconds: u64) {
        let pause = 1 + self.client.env().random.below(milliseconds);
        self.client.pause(Duration::from_millis(pause)).await;
    }

    fn below(&self, bound: u64) -> u64 {
        self.client.env().random.below(bound)
    }

    fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.history.known().ledger)
    }

    fn transactional_id(&self) -> Text {
        self.name.as_str().into()
    }

    /// Asks until there is an answer that is not one to wait for.
    async fn ask<R: Request>(
        &mut self,
        version: i16,
        request: &R,
        error_of: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<(ErrorCode, R::Response), GivenUp> {
        for _ in 0..TRIES_MAX {
            match self.client.ask(version, request).await {
                Ok(answer) => {
                    let error = error_of(&answer);
                    let passes = error.is_retriable()
                        || error == ErrorCode::CONCURRENT_TRANSACTIONS
                        || error == ErrorCode::KAFKA_STORAGE_ERROR;
                    if !passes {
                        return Ok((error, answer));
                    }
                }
                Err(NoAnswer::Wrong(what)) => {
                    self.history.violate(format!("{} got a wrong answer: {what}", self.name));
                    return Err(GivenUp);
                }
                Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
            }
            self.pause(300).await;
        }
        Err(GivenUp)
    }

    async fn round(&mut self, is_ending: bool) -> Result<(), GivenUp> {
        let Some(identity) = self.identity else { return self.introduce().await };
        if is_ending {
            return Ok(());
        }
        let name = (self.kind.number, self.next);
        self.next += 1;
        match self.write_all(name, identity).await {
            Ok(()) => {}
            Err(GivenUp) => {
                // Nobody has asked for a commit, and nobody will.
                self.ledger(|ledger| ledger.on_end(name, Fate::Aborted));
                return Err(GivenUp);
            }
        }
        match self.below(8) {
            0 => {
                self.history.trace().sometimes("a transaction was forgotten");
                self.ledger(|ledger| ledger.on_end(name, Fate::Aborted));
                Err(GivenUp)
            }
            1 | 2 => self.end(name, identity, false).await,
            _ => self.end(name, identity, true).await,
        }
    }

    async fn introduce(&mut self) -> Result<(), GivenUp> {
        let mut creation = creation(TOPIC, PARTITIONS);
        if self.history.known().ledger_is_compacted {
            creation.topics[0].configs = compaction();
        }
        self.ask(5, &creation, |answer| {
            answer.topics.first().map_or(ErrorCode::NONE, |topic| topic.error_code)
        })
        .await?;
        let request = m::FindCoordinatorRequest {
            key: self.transactional_id(),
            key_type: 1,
            ..Default::default()
        };
        self.ask(3, &request, |answer| answer.error_code).await?;
        let request = m::InitProducerIdRequest {
            transactional_id: Some(self.transactional_id()),
            transaction_timeout_ms: 20_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let version = if self.kind.is_new { 5 } else { 4 };
        let (error, answer) = self.ask(version, &request, |answer| answer.error_code).await?;
        if error != ErrorCode::NONE {
            self.history.violate(format!("{}: InitProducerId is answered {error}", self.name));
            return Err(GivenUp);
        }
        self.identity = Some((answer.producer_id, answer.producer_epoch));
        self.sequences.clear();
        Ok(())
    }

    async fn write_all(&mut self, name: Name, identity: (i64, i16)) -> Result<(), GivenUp> {
        let first = i32::try_from(self.below(5)).unwrap_or(0);
        let count = 1 + i32::try_from(self.below(3)).unwrap_or(0);
        for partition in (first..first + count).map(|at| at % PARTITIONS) {
            if !self.kind.is_new {
                self.add(identity, partition).await?;
            }
            self.ledger(|ledger| ledger.on_write(name, partition));
            self.write(name, identity, partition).await?;
        }
        Ok(())
    }

    async fn add(&mut self, identity: (i64, i16), partition: i32) -> Result<(), GivenUp> {
        let topic = m::add_partitions_to_txn_request::AddPartitionsToTxnTopic {
            name: TOPIC.into(),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = m::AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.transactional_id(),
            v3_and_below_producer_id: identity.0,
            v3_and_below_producer_epoch: identity.1,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        let error_of = |answer: &m::AddPartitionsToTxnResponse| {
            let topic = answer.results_by_topic_v3_and_below.first();
            let row = topic.and_then(|topic| topic.results_by_partition.first());
            row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.partition_error_code)
        };
        let (error, _) = self.ask(3, &request, error_of).await?;
        self.judge("AddPartitionsToTxn", error)
    }

    async fn write(
        &mut self,
        name: Name,
        identity: (i64, i16),
        partition: i32,
    ) -> Result<(), GivenUp> {
        let sequence = self.sequences.get(&partition).copied().unwrap_or(0);
        let timestamp = self.client.env().clock.timestamp();
        let mut builder =
            BatchBuilder::new(0).producer(identity.0, identity.1, sequence).transactional();
        let value = format!("{}:{}", name.0, name.1);
        // No two have one key: compaction takes what was aborted, and nothing else.
        let bytes = Some(value.as_bytes());
        let record = NewRecord { timestamp, key: bytes, value: bytes, ..NewRecord::default() };
        builder.append(&record).expect("one record fits");
        let bytes = builder.build().expect("nothing is packed");
        let data = m::produce_request::PartitionProduceData {
            index: partition,
            records: Some(Records::Bytes(bytes)),
            ..Default::default()
        };
        let topic = m::produce_request::TopicProduceData {
            name: TOPIC.into(),
            partition_data: vec![data].into(),
            ..Default::default()
        };
        let request = m::ProduceRequest {
            transactional_id: Some(self.transactional_id()),
            acks: -1,
            timeout_ms: 2_000,
            topic_data: vec![topic].into(),
            ..Default::default()
        };
        let error_of = |answer: &m::ProduceResponse| {
            let topic = answer.responses.first();
            let row = topic.and_then(|topic| topic.partition_responses.first());
            row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.error_code)
        };
        let version = if self.kind.is_new { 12 } else { 11 };
        let (error, _) = self.ask(version, &request, error_of).await?;
        self.judge("Produce", error)?;
        self.sequences.insert(partition, sequence + 1);
        Ok(())
    }

    /// Commits or aborts, and asks until it is told which it came to.
    async fn end(
        &mut self,
        name: Name,
        identity: (i64, i16),
        committed: bool,
    ) -> Result<(), GivenUp> {
        let request = m::EndTxnRequest {
            transactional_id: self.transactional_id(),
            producer_id: identity.0,
            producer_epoch: identity.1,
            committed,
            ..Default::default()
        };
        let version = if self.kind.is_new { 5 } else { 3 };
        if !committed {
            self.ledger(|ledger| ledger.on_end(name, Fate::Aborted));
        }
        let (error, answer) = self.ask(version, &request, |answer| answer.error_code).await?;
        self.judge("EndTxn", error)?;
        if committed {
            self.history.trace().sometimes("a transaction was committed");
            self.ledger(|ledger| ledger.on_end(name, Fate::Committed));
        }
        if self.kind.is_new {
            self.identity = Some((answer.producer_id, answer.producer_epoch));
            self.sequences.clear();
        }
        Ok(())
    }

    /// Errors that end a transaction: a timeout, a restart after a power loss. Others must not be.
    fn judge(&self, what: &str, error: ErrorCode) -> Result<(), GivenUp> {
        match error {
            ErrorCode::NONE => Ok(()),
            ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::PRODUCER_FENCED
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
            | ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::TRANSACTION_ABORTABLE => {
                self.history.trace().sometimes("a transaction was refused");
                Err(GivenUp)
            }
            other => {
                self.history.violate(format!("{}: {what} is answered {other}", self.name));
                Err(GivenUp)
            }
        }
    }
}

/// Of a ledger that is compacted as soon as there is something to compact.
fn compaction() -> Vec<m::create_topics_request::CreatableTopicConfig> {
    let configs = [
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "1000"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", "200"),
    ];
    let config = |(name, value): (&str, &str)| m::create_topics_request::CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    configs.into_iter().map(config).collect()
}
