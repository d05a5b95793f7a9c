//! A transactional producer: writes lines with its transaction's name to some partitions, sometimes
//! with an offset of a group, and commits, aborts or forgets it. A rival may have its id, and what is
//! no transaction is written beside.

use super::reading::creation;
use crate::checker::ledger::{Fate, Identity, Ledger, Name, Session, Writer};
use crate::checker::{History, Moment, Times};
use crate::client::{Client, NoAnswer, To};
use bytes::Bytes;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Records, Request, Text};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Where transactions write. Each transactor sees to it that it is there.
pub const TOPIC: &str = "ledger";
pub(super) const PARTITIONS: i32 = 5;
/// The group whose offsets transactions commit: each transactor those of the partition of its number.
pub(super) const GROUP: &str = "ledger-readers";
/// What a plain record's name has in place of its producer's number: this and the number.
const PLAIN: u32 = 100;
/// Tries of one thing after which the transaction is given up.
const TRIES_MAX: u32 = 30;
const TIMEOUT: Duration = Duration::from_secs(20);

/// What kind of transactor it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its number among the transactors.
    pub number: u32,
    /// The number in its transactional id: another transactor's, if it is a rival.
    pub id: u32,
    /// Transactions of KIP-890: partitions join by being written to, each end has a new epoch.
    pub is_new: bool,
}

struct Transactor {
    kind: Kind,
    name: String,
    client: Client,
    history: History,
    /// (id, epoch), once it is known.
    identity: Option<Identity>,
    /// When it asked for that.
    session: Session,
    /// When its transaction began.
    begun: Moment,
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
    let (begun, next) = (history.now(), 0);
    let (identity, session) = (None, Session::default());
    let mut transactor =
        Transactor { kind, name, client, history, identity, session, begun, sequences, next };
    loop {
        let Times { is_closed, is_ending } = transactor.history.times();
        if is_ending && transactor.identity.is_some() {
            break;
        }
        if !is_closed && transactor.round(is_ending).await.is_err() {
            transactor.identity = None;
            if !is_ending && transactor.may_be_fenced() {
                // Else each would be fenced before it has written anything.
                transactor.pause(3_000).await;
            }
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

    fn id(&self) -> String {
        format!("transactor {}", self.kind.id)
    }

    fn transactional_id(&self) -> Text {
        self.id().into()
    }

    /// Whether others have asked for an identity of its id since it was given its own.
    fn may_be_fenced(&self) -> bool {
        self.ledger(|ledger| ledger.may_be_fenced(&self.id(), self.session))
    }

    fn tell(&self, verdict: Result<(), String>) {
        if let Err(what) = verdict {
            self.history.violate(format!("{}: {what}", self.name));
        }
    }

    fn end_as(&self, name: Name, fate: Fate) {
        self.tell(self.ledger(|ledger| ledger.on_end(name, fate)));
    }

    /// Asks until there is an answer that is not one to wait for.
    async fn ask<R: Request>(
        &mut self,
        to: To<'_>,
        version: i16,
        request: &R,
        error_of: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<(ErrorCode, R::Response), GivenUp> {
        for _ in 0..TRIES_MAX {
            let is_introduction = R::KEY == ApiKey::InitProducerId;
            if is_introduction {
                self.session = self.ledger(|ledger| ledger.on_introducing(&self.id()));
            }
            let answer = self.client.ask_to(to, version, request).await;
            if is_introduction {
                let is_answered = answer.is_ok();
                self.ledger(|ledger| ledger.on_introduction_over(&self.id(), is_answered));
            }
            match answer {
                Ok(answer) => {
                    let error = error_of(&answer);
                    self.client.on_error(to, error);
                    self.history.on_disk_error(&self.name, self.client.asked(), error);
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
        if self.below(3) == 0 {
            self.write_plain().await;
        }
        let name = (self.kind.number, self.next);
        self.next += 1;
        self.begun = self.history.now();
        let writer = Writer { transactional_id: self.id(), identity };
        self.ledger(|ledger| ledger.on_begin(name, writer));
        match self.write_all(name, identity).await {
            Ok(()) => {}
            Err(GivenUp) => {
                // Nobody has asked for a commit, and nobody will.
                self.end_as(name, Fate::Aborted);
                return Err(GivenUp);
            }
        }
        match self.below(8) {
            0 => {
                self.history.trace().sometimes("a transaction was forgotten");
                self.end_as(name, Fate::Aborted);
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
        self.ask(To::Any, 5, &creation, |answer| {
            answer.topics.first().map_or(ErrorCode::NONE, |topic| topic.error_code)
        })
        .await?;
        let request = m::FindCoordinatorRequest {
            key: self.transactional_id(),
            key_type: 1,
            ..Default::default()
        };
        self.ask(To::Any, 3, &request, |answer| answer.error_code).await?;
        let request = m::FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
        self.ask(To::Any, 3, &request, |answer| answer.error_code).await?;
        let request = m::InitProducerIdRequest {
            transactional_id: Some(self.transactional_id()),
            transaction_timeout_ms: i32::try_from(TIMEOUT.as_millis()).unwrap_or(i32::MAX),
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let version = if self.kind.is_new { 5 } else { 4 };
        let id = self.id();
        let to = To::Transactions(&id);
        let (error, answer) = self.ask(to, version, &request, |answer| answer.error_code).await?;
        if error != ErrorCode::NONE {
            self.history.violate(format!("{}: InitProducerId is answered {error}", self.name));
            return Err(GivenUp);
        }
        let identity = (answer.producer_id, answer.producer_epoch);
        self.identity = Some(identity);
        let writer = Writer { transactional_id: self.id(), identity };
        if self.ledger(|ledger| ledger.on_introduced(&writer)) != 0 {
            self.history.trace().sometimes("an open transaction was fenced by a rival");
        }
        self.sequences.clear();
        Ok(())
    }

    async fn write_all(&mut self, name: Name, identity: Identity) -> Result<(), GivenUp> {
        let first = i32::try_from(self.below(5)).unwrap_or(0);
        let count = 1 + i32::try_from(self.below(3)).unwrap_or(0);
        for partition in (first..first + count).map(|at| at % PARTITIONS) {
            if !self.kind.is_new {
                self.add(identity, partition).await?;
            }
            for _ in 0..=self.below(2) {
                let lines = 1 + u32::try_from(self.below(2)).unwrap_or(0);
                let first = self.ledger(|ledger| ledger.on_write(name, partition, lines));
                self.write(name, identity, partition, first..first + lines).await?;
            }
        }
        if self.below(3) == 0 {
            self.commit_offset(name, identity).await?;
        }
        Ok(())
    }

    /// Commits the transaction's number as an offset of the group.
    async fn commit_offset(&mut self, name: Name, identity: Identity) -> Result<(), GivenUp> {
        let id = self.id();
        if !self.kind.is_new {
            let request = m::AddOffsetsToTxnRequest {
                transactional_id: self.transactional_id(),
                producer_id: identity.0,
                producer_epoch: identity.1,
                group_id: GROUP.into(),
                ..Default::default()
            };
            let to = To::Transactions(&id);
            let (error, _) = self.ask(to, 3, &request, |answer| answer.error_code).await?;
            self.judge("AddOffsetsToTxn", error)?;
        }
        let row = m::txn_offset_commit_request::TxnOffsetCommitRequestPartition {
            partition_index: i32::try_from(self.kind.number).unwrap_or(0),
            committed_offset: i64::try_from(name.1).unwrap_or(i64::MAX),
            ..Default::default()
        };
        let topic = m::txn_offset_commit_request::TxnOffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: vec![row],
            ..Default::default()
        };
        let request = m::TxnOffsetCommitRequest {
            transactional_id: self.transactional_id(),
            group_id: GROUP.into(),
            producer_id: identity.0,
            producer_epoch: identity.1,
            topics: vec![topic],
            ..Default::default()
        };
        let error_of = |answer: &m::TxnOffsetCommitResponse| {
            let row = answer.topics.first().and_then(|topic| topic.partitions.first());
            row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.error_code)
        };
        self.ledger(|ledger| ledger.on_offset(name));
        let version = if self.kind.is_new { 5 } else { 3 };
        let (error, _) = self.ask(To::Group(GROUP), version, &request, error_of).await?;
        self.judge("TxnOffsetCommit", error)?;
        self.history.trace().sometimes("a transaction committed an offset");
        Ok(())
    }

    /// A record that is in no transaction, sent once: it may be there or not if nobody says.
    async fn write_plain(&mut self) {
        let name = (PLAIN + self.kind.number, self.next);
        let partition = i32::try_from(self.below(5)).unwrap_or(0);
        let writer = Writer { transactional_id: String::new(), identity: (-1, -1) };
        let first = self.ledger(|ledger| {
            ledger.on_begin(name, writer);
            ledger.on_write(name, partition, 1)
        });
        let timestamp = self.client.env().clock.timestamp();
        let batch = batch(BatchBuilder::new(0), name, first..first + 1, timestamp);
        let request = produce(None, partition, batch);
        let to = To::Leader(TOPIC, partition);
        let Ok(answer) = self.client.ask_to(to, 11, &request).await else { return };
        if error_of_produce(&answer) == ErrorCode::NONE {
            self.history.trace().sometimes("a plain record was written among transactions");
            self.end_as(name, Fate::Committed);
        }
    }

    async fn add(&mut self, identity: Identity, partition: i32) -> Result<(), GivenUp> {
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
        let id = self.id();
        let (error, _) = self.ask(To::Transactions(&id), 3, &request, error_of).await?;
        self.judge("AddPartitionsToTxn", error)
    }

    async fn write(
        &mut self,
        name: Name,
        identity: Identity,
        partition: i32,
        lines: Range<u32>,
    ) -> Result<(), GivenUp> {
        let sequence = self.sequences.get(&partition).copied().unwrap_or(0);
        let timestamp = self.client.env().clock.timestamp();
        let builder =
            BatchBuilder::new(0).producer(identity.0, identity.1, sequence).transactional();
        let count = i32::try_from(lines.len()).unwrap_or(0);
        let batch = batch(builder, name, lines, timestamp);
        let request = produce(Some(self.transactional_id()), partition, batch);
        let version = if self.kind.is_new { 12 } else { 11 };
        let to = To::Leader(TOPIC, partition);
        let (error, _) = self.ask(to, version, &request, error_of_produce).await?;
        self.judge("Produce", error)?;
        self.sequences.insert(partition, sequence + count);
        Ok(())
    }

    /// Commits or aborts, and asks until it is told which it came to.
    async fn end(
        &mut self,
        name: Name,
        identity: Identity,
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
        if committed {
            self.ledger(|ledger| ledger.on_committing(name));
        } else {
            self.end_as(name, Fate::Aborted);
        }
        let id = self.id();
        let to = To::Transactions(&id);
        let (error, answer) = self.ask(to, version, &request, |answer| answer.error_code).await?;
        self.judge("EndTxn", error)?;
        if committed {
            self.history.trace().sometimes("a transaction was committed");
            self.end_as(name, Fate::Committed);
        }
        if self.kind.is_new {
            self.identity = Some((answer.producer_id, answer.producer_epoch));
            self.sequences.clear();
        }
        Ok(())
    }

    /// Why a transaction may be refused: somebody else has its id, or asked for it, or it took longer
    /// than it may. Nothing else may end it.
    fn judge(&self, what: &str, error: ErrorCode) -> Result<(), GivenUp> {
        if error == ErrorCode::NONE {
            return Ok(());
        }
        let is_end = matches!(
            error,
            ErrorCode::INVALID_PRODUCER_EPOCH
                | ErrorCode::PRODUCER_FENCED
                | ErrorCode::INVALID_TXN_STATE
                | ErrorCode::TRANSACTION_ABORTABLE
        );
        if is_end && self.may_be_fenced() {
            self.history.trace().sometimes("a transaction was refused: its producer was fenced");
        } else if is_end && self.may_be_late() {
            self.history.trace().sometimes("a transaction was refused: it took too long");
        } else {
            self.history.violate(format!("{}: {what} is answered {error}", self.name));
        }
        Err(GivenUp)
    }

    /// Whether the coordinator may have seen the transaction's time out. Its clock follows jumps of the
    /// wall clock only where it is loaded anew, which may be long after them: all jumps count.
    fn may_be_late(&self) -> bool {
        let now = self.history.now();
        let jumped = u64::try_from(now.jumped_ms).unwrap_or(0);
        let passed = now.at.0.saturating_sub(self.begun.at.0) / 1_000_000;
        TIMEOUT <= Duration::from_millis(passed + jumped)
    }
}

/// A batch of lines, each under a key of its own: compaction takes what was aborted, and nothing else.
fn batch(mut builder: BatchBuilder, name: Name, lines: Range<u32>, timestamp: i64) -> Bytes {
    for line in lines {
        let value = format!("{}:{}:{line}", name.0, name.1);
        let bytes = Some(value.as_bytes());
        let record = NewRecord { timestamp, key: bytes, value: bytes, ..NewRecord::default() };
        builder.append(&record).expect("a few short records fit");
    }
    builder.build().expect("nothing is packed")
}

fn produce(transactional_id: Option<Text>, partition: i32, batch: Bytes) -> m::ProduceRequest {
    let data = m::produce_request::PartitionProduceData {
        index: partition,
        records: Some(Records::Bytes(batch)),
        ..Default::default()
    };
    let topic = m::produce_request::TopicProduceData {
        name: TOPIC.into(),
        partition_data: vec![data].into(),
        ..Default::default()
    };
    m::ProduceRequest {
        transactional_id,
        acks: -1,
        timeout_ms: 2_000,
        topic_data: vec![topic].into(),
        ..Default::default()
    }
}

fn error_of_produce(answer: &m::ProduceResponse) -> ErrorCode {
    let row = answer.responses.first().and_then(|topic| topic.partition_responses.first());
    row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.error_code)
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
