//! What a partition's data in a produce is held to before it is appended.

use crate::partition::Partition;
use crate::request::Context;
use crate::topic::Topic;
use bytes::Bytes;
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::produce_request::PartitionProduceData;
use dohle_protocol::messages::produce_response::BatchIndexAndErrorMessage;
use dohle_protocol::record::check::{self, CheckError, CheckedBatch, Scratch};
use dohle_protocol::wire::Records;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Answers tell where a partition's log begins from this version on.
const VERSION_LOG_START: i16 = 5;

/// The client id with which Kafka's tools may write to internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// One partition's records, to be held to its topic's rules. Owns all it needs.
pub(super) struct Check {
    topic: Arc<Topic>,
    partition: Arc<Strand<Partition>>,
    index: i32,
    records: Bytes,
    /// The time that timestamps are compared with.
    now: i64,
    produce_version: i16,
}

/// How a check ended.
pub(super) enum Outcome {
    /// To be appended.
    Good(Checked, CheckedBatch),
    /// To be answered with an error.
    Refused(Refusal),
    /// It takes too long for a reactor, and is still to be done.
    Long(Check),
}

/// Where a good batch goes.
pub(super) struct Checked {
    pub(super) topic: Arc<Topic>,
    pub(super) partition: Arc<Strand<Partition>>,
}

/// Why a partition's data is not appended.
#[derive(Default)]
pub(super) struct Refusal {
    pub(super) error: ErrorCode,
    pub(super) message: Option<String>,
    pub(super) records: Vec<BatchIndexAndErrorMessage>,
    /// The partition that is to say where its log begins.
    pub(super) partition: Option<Arc<Strand<Partition>>>,
    /// What the check has found, if there was one.
    pub(super) found: Option<Box<Found>>,
}

/// What a check has found, to be counted.
pub(super) struct Found {
    pub(super) partition: Arc<Strand<Partition>>,
    pub(super) error: CheckError,
    pub(super) size_bytes: usize,
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Self { error, ..Self::default() }
    }
}

impl From<&CheckError> for Refusal {
    fn from(error: &CheckError) -> Self {
        let records = error.rejections().iter().map(|rejection| BatchIndexAndErrorMessage {
            batch_index: rejection.batch_index,
            batch_index_error_message: Some(rejection.message.as_str().into()),
            ..BatchIndexAndErrorMessage::default()
        });
        Self {
            records: records.collect(),
            message: error.answer_message(),
            error: error.error_code(),
            partition: None,
            found: None,
        }
    }
}

impl Check {
    /// Finds the partition, and looks whether the client may write to it.
    pub(super) fn new(
        context: &Context,
        acks: i16,
        topic: &Arc<Topic>,
        data: PartitionProduceData,
    ) -> Result<Self, Refusal> {
        let partition = topic.find(data.index)?;
        if !(-1..=1).contains(&acks) {
            return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
        }
        if topic.is_internal && context.client_id.as_str() != ADMIN_CLIENT_ID {
            return Err(Refusal {
                message: Some(format!("Cannot append to internal topic {}", topic.name)),
                ..ErrorCode::INVALID_TOPIC_EXCEPTION.into()
            });
        }
        Ok(Self {
            topic: topic.clone(),
            partition: partition.clone(),
            index: data.index,
            records: match data.records {
                Some(Records::Bytes(bytes)) => bytes,
                Some(Records::Elsewhere { .. }) | None => Bytes::new(),
            },
            now: context.node.env.clock.timestamp(),
            produce_version: context.version,
        })
    }

    /// The check, if it takes no more than half a millisecond.
    pub(super) fn run_quickly(self) -> Outcome {
        let rules = self.topic.check_rules(self.index, self.now, self.produce_version);
        let quick = |scratch: &mut _| check::check_quickly(&self.records, &rules, scratch);
        match SCRATCH.with_borrow_mut(quick) {
            Some(checked) => self.outcome(checked),
            None => Outcome::Long(self),
        }
    }

    /// The check, however long it takes.
    pub(super) fn run(self) -> Outcome {
        let rules = self.topic.check_rules(self.index, self.now, self.produce_version);
        let checked =
            SCRATCH.with_borrow_mut(|scratch| check::check(&self.records, &rules, scratch));
        self.outcome(checked)
    }

    fn outcome(self, checked: Result<CheckedBatch, CheckError>) -> Outcome {
        match checked {
            Ok(batch) => {
                let Self { topic, partition, .. } = self;
                Outcome::Good(Checked { topic, partition }, batch)
            }
            Err(error) => {
                let asked = error.tells_log_start() && VERSION_LOG_START <= self.produce_version;
                let refusal = Refusal::from(&error);
                let partition = asked.then(|| self.partition.clone());
                let size_bytes = self.records.len();
                let found = Found { partition: self.partition, error, size_bytes };
                Outcome::Refused(Refusal { partition, found: Some(Box::new(found)), ..refusal })
            }
        }
    }
}
