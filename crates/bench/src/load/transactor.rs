//! A transactional producer that commits one record after the other, each in a transaction.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Records, Text};

use super::crowd::Member;
use super::{Answer, Line, broken};

const INIT_VERSION: i16 = 5;
const ADD_VERSION: i16 = 3;
const TRANSACTION_TIMEOUT_MS: i32 = 60_000;
const RECORD_BYTES: usize = 100;
/// `retry.backoff.ms` of the Java client.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);
/// The Java client's, for the first partition of a transaction.
const ADD_BACKOFF: Duration = Duration::from_millis(20);

/// Which requests make a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TransactionVersion {
    /// The partition is added first, the epoch stays: what clients before 4.0 send.
    V1,
    /// The produce adds the partition, and each end begins a new epoch (KIP-890).
    V2,
}

impl TransactionVersion {
    const fn produce(self) -> i16 {
        match self {
            Self::V1 => 11,
            Self::V2 => 12,
        }
    }

    const fn end(self) -> i16 {
        match self {
            Self::V1 => 4,
            Self::V2 => 5,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Init,
    Add,
    Produce,
    End,
}

/// One producer with one partition.
pub(crate) struct Transactor {
    line: Line,
    version: TransactionVersion,
    id: Text,
    topic: Text,
    partition: i32,
    producer_id: i64,
    epoch: i16,
    sequence: i32,
    stage: Stage,
    due: Option<Instant>,
    /// Transactions that were committed.
    pub(crate) committed: u64,
    /// Requests that were sent again, as the transaction before was not done yet.
    pub(crate) retries: u64,
    /// What it was last answered, if that passes.
    last_error: Option<ErrorCode>,
}

impl Transactor {
    /// A producer of that transactional id, which has yet to begin.
    pub(crate) fn new(
        line: Line,
        version: TransactionVersion,
        id: Text,
        (topic, partition): (Text, i32),
    ) -> Self {
        Self {
            line,
            version,
            id,
            topic,
            partition,
            producer_id: -1,
            epoch: -1,
            sequence: 0,
            stage: Stage::Init,
            due: None,
            committed: 0,
            retries: 0,
            last_error: None,
        }
    }

    /// Asks for its producer id; transactions follow without end.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        self.go(Stage::Init)
    }

    fn go(&mut self, stage: Stage) -> io::Result<()> {
        self.stage = stage;
        match stage {
            Stage::Init => self.line.ask(
                INIT_VERSION,
                &InitProducerIdRequest {
                    transactional_id: Some(self.id.clone()),
                    transaction_timeout_ms: TRANSACTION_TIMEOUT_MS,
                    ..InitProducerIdRequest::default()
                },
            ),
            Stage::Add => {
                let topic = AddPartitionsToTxnTopic {
                    name: self.topic.clone(),
                    partitions: vec![self.partition],
                    ..AddPartitionsToTxnTopic::default()
                };
                let request = AddPartitionsToTxnRequest {
                    v3_and_below_transactional_id: self.id.clone(),
                    v3_and_below_producer_id: self.producer_id,
                    v3_and_below_producer_epoch: self.epoch,
                    v3_and_below_topics: vec![topic],
                    ..AddPartitionsToTxnRequest::default()
                };
                self.line.ask(ADD_VERSION, &request)
            }
            Stage::Produce => self.produce(),
            Stage::End => self.line.ask(
                self.version.end(),
                &EndTxnRequest {
                    transactional_id: self.id.clone(),
                    producer_id: self.producer_id,
                    producer_epoch: self.epoch,
                    committed: true,
                    ..EndTxnRequest::default()
                },
            ),
        }
    }

    fn produce(&mut self) -> io::Result<()> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let value = [b'x'; RECORD_BYTES];
        let record = NewRecord {
            timestamp: since.as_millis() as i64,
            value: Some(&value),
            ..NewRecord::default()
        };
        let mut builder = BatchBuilder::new(0)
            .producer(self.producer_id, self.epoch, self.sequence)
            .transactional();
        builder.append(&record).expect("offsets rise and the time is positive");
        let batch = builder.build().expect("it is not compressed");
        let data = PartitionProduceData {
            index: self.partition,
            records: Some(Records::Bytes(batch)),
            ..PartitionProduceData::default()
        };
        let topic = TopicProduceData {
            name: self.topic.clone(),
            partition_data: vec![data].into(),
            ..TopicProduceData::default()
        };
        let request = ProduceRequest {
            transactional_id: Some(self.id.clone()),
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![topic].into(),
            ..ProduceRequest::default()
        };
        self.line.ask(self.version.produce(), &request)
    }

    /// The next transaction.
    fn start(&mut self) -> io::Result<()> {
        match self.version {
            TransactionVersion::V1 => self.go(Stage::Add),
            TransactionVersion::V2 => self.go(Stage::Produce),
        }
    }

    /// The error of an answer; what it tells is taken over where there is none.
    fn take(&mut self, answer: Answer) -> io::Result<ErrorCode> {
        let empty = || broken("an answer without a partition");
        match self.stage {
            Stage::Init => {
                let answer = answer.read::<InitProducerIdRequest>()?;
                if answer.error_code == ErrorCode::NONE {
                    (self.producer_id, self.epoch) = (answer.producer_id, answer.producer_epoch);
                }
                Ok(answer.error_code)
            }
            Stage::Add => {
                let answer = answer.read::<AddPartitionsToTxnRequest>()?;
                let mut topics = answer.results_by_topic_v3_and_below.iter();
                let partition = topics.next().and_then(|topic| topic.results_by_partition.first());
                Ok(partition.ok_or_else(empty)?.partition_error_code)
            }
            Stage::Produce => {
                let answer = answer.read::<ProduceRequest>()?;
                let partition =
                    answer.responses.first().and_then(|topic| topic.partition_responses.first());
                Ok(partition.ok_or_else(empty)?.error_code)
            }
            Stage::End => {
                let answer = answer.read::<EndTxnRequest>()?;
                let done = answer.error_code == ErrorCode::NONE;
                if done && self.version == TransactionVersion::V2 {
                    (self.producer_id, self.epoch) = (answer.producer_id, answer.producer_epoch);
                    self.sequence = -1;
                }
                Ok(answer.error_code)
            }
        }
    }
}

impl Member for Transactor {
    fn line(&self) -> &Line {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Line {
        &mut self.line
    }

    fn rest(&mut self) {
        self.due = None;
    }

    fn state(&self) -> String {
        match self.last_error {
            Some(code) => format!("{:?} after {code:?}", self.stage),
            None => format!("{:?} after {} transactions", self.stage, self.committed),
        }
    }

    fn hear(&mut self, answer: Answer, now: Instant) -> io::Result<()> {
        let code = self.take(answer)?;
        self.last_error = (code != ErrorCode::NONE).then_some(code);
        match code {
            ErrorCode::NONE => {}
            ErrorCode::CONCURRENT_TRANSACTIONS => {
                self.retries += 1;
                let adds = self.stage == Stage::Add;
                self.due = Some(now + if adds { ADD_BACKOFF } else { RETRY_BACKOFF });
                return Ok(());
            }
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::NOT_LEADER_OR_FOLLOWER => {
                self.due = Some(now + RETRY_BACKOFF);
                return Ok(());
            }
            code => {
                let stage = self.stage;
                return Err(broken(format!("{stage:?} of {} was answered with {code:?}", self.id)));
            }
        }
        match self.stage {
            Stage::Init => self.start(),
            Stage::Add => self.go(Stage::Produce),
            Stage::Produce => self.go(Stage::End),
            Stage::End => {
                self.committed += 1;
                self.sequence += 1;
                self.start()
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    fn speak(&mut self) -> io::Result<()> {
        self.due = None;
        self.go(self.stage)
    }
}
