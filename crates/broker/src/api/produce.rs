//! Produce: batches are checked here, on the connection, and appended by their partitions.
//!
//! The checks run before a batch is submitted; the request's batches then go to their partitions'
//! strands, and one gather waits for all of them. The connection goes on with its next request.

use super::transactions::batches::{self, Held};
use super::transactions::verification::Transaction;
use crate::dispatch::{Handled, Reply};
use crate::partition::Partition;
use crate::partition::command::{Acks, Append, Appended, Command};
use crate::request::Context;
use crate::topic::Topic;
use bytes::Bytes;
use dohle_coordinator::transaction::TopicPartition;
use dohle_env::clock::Instant;
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages::produce_request::{
    PartitionProduceData, ProduceRequest, TopicProduceData,
};
use dohle_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use dohle_protocol::record::batch::{AnyBatch, BatchError, Batches};
use dohle_protocol::record::check::{self, CheckError, CheckedBatch, Scratch};
use dohle_protocol::wire::{Few, Records, Text};
use dohle_replication::machine::ProducerIdAndEpoch;
use std::cell::RefCell;
use std::sync::Arc;
use std::task::{self, Poll};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Answers tell where a partition's log begins from this version on.
const VERSION_LOG_START: i16 = 5;

/// The time for the leader's own append, which Kafka's timeout does not count: it is for the replicas.
const APPEND_MS_MIN: i32 = 1_000;

/// The client id with which Kafka's tools may write to internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// A produce whose batches are with their partitions.
pub(crate) struct Waiting {
    context: Context,
    response: ProduceResponse,
    /// Its slots belong to the partitions of the response that are [`unanswered`], in order.
    gather: Option<Gather<Appended>>,
    deadline: Instant,
    acks: i16,
    /// Batches that have their slots, and wait for their transaction.
    held: Vec<Held>,
}

/// Why a partition's data is not appended.
#[derive(Default)]
struct Refusal {
    error: ErrorCode,
    message: Option<String>,
    records: Vec<BatchIndexAndErrorMessage>,
    /// The partition that is to say where its log begins.
    partition: Option<Arc<Strand<Partition>>>,
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Self { error, ..Self::default() }
    }
}

impl From<CheckError> for Refusal {
    fn from(error: CheckError) -> Self {
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
        }
    }
}

/// Checks the batches and hands them to their partitions.
pub(crate) fn begin(context: Context, request: ProduceRequest) -> Handled {
    let now = context.node.env.clock.now();
    let mut waiting = Waiting {
        deadline: match request.acks {
            // Nobody waits for the offsets, but the connection has to end if the append fails.
            0 | 1 => Instant::NEVER,
            _ => now.after_ms(i64::from(request.timeout_ms.max(APPEND_MS_MIN))),
        },
        response: ProduceResponse {
            responses: Few::with_capacity(request.topic_data.len()),
            ..ProduceResponse::default()
        },
        gather: None,
        acks: request.acks,
        held: Vec::new(),
        context,
    };
    let view = waiting.context.view();
    let transaction = match transaction(&waiting.context, &request) {
        Ok(transaction) => transaction,
        Err(refusal) => return Handled::ready(waiting.refuse_all(request.topic_data, &refusal)),
    };
    for data in request.topic_data {
        let topic = if waiting.context.version < 13 {
            view.topic(&data.name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        } else {
            view.topic_by_id(data.topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
        };
        waiting.begin_topic(&data);
        for partition in data.partition_data {
            waiting.submit(topic, partition);
        }
    }
    if waiting.gather.is_none() {
        return Handled::ready(waiting.reply());
    }
    match transaction {
        Some(transaction) if !waiting.held.is_empty() => Handled::before(async move {
            let (held, acks) = (std::mem::take(&mut waiting.held), waiting.acks());
            batches::append(&waiting.context.node, &transaction, held, acks).await;
            Handled::produce(waiting)
        }),
        _ => Handled::produce(waiting),
    }
}

/// The transaction that batches belong to, if any does; or why Kafka refuses the whole request when
/// it looks for them, which it does before anything else: there is one without a transactional id,
/// a batch cannot be read before one is found, or they are of several producers.
fn transaction(
    context: &Context,
    request: &ProduceRequest,
) -> Result<Option<Transaction>, Refusal> {
    let mut found: Option<Transaction> = None;
    for data in request.topic_data.iter().flat_map(|topic| &topic.partition_data) {
        let Some(Records::Bytes(bytes)) = &data.records else { continue };
        match Batches::new(bytes).next() {
            Some(Ok(AnyBatch::V2(batch))) if batch.header.attributes.is_transactional() => {
                let id = request.transactional_id.clone();
                let id = id.ok_or(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)?;
                let producer = ProducerIdAndEpoch {
                    id: ProducerId(batch.header.producer_id),
                    epoch: ProducerEpoch(batch.header.producer_epoch),
                };
                if found.as_ref().is_some_and(|found| found.producer != producer) {
                    return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING.into());
                }
                let knowledge = batches::knowledge(context.version);
                found = Some(Transaction { id, producer, knowledge });
            }
            Some(Err(
                error @ (BatchError::LengthTooSmall { .. } | BatchError::InvalidMagic { .. }),
            )) if found.is_none() => {
                let message = Some(error.to_string());
                return Err(Refusal { message, ..ErrorCode::CORRUPT_MESSAGE.into() });
            }
            Some(_) | None => {}
        }
    }
    Ok(found)
}

impl Waiting {
    /// When the client is told that it took too long.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The response, once every batch is answered or the time is up.
    pub(crate) fn poll_reply(&mut self, cx: &mut task::Context<'_>, now: Instant) -> Poll<Reply> {
        if let Some(gather) = &mut self.gather
            && gather.poll_complete(cx).is_pending()
            && now < self.deadline
        {
            return Poll::Pending;
        }
        let answers = self.gather.take().map(Gather::take).unwrap_or_default();
        let partitions =
            self.response.responses.iter_mut().flat_map(|topic| &mut topic.partition_responses);
        let open = partitions.filter(|partition| partition.error_code == ErrorCode::NONE);
        for (into, answer) in open.zip(answers) {
            put_answer(into, answer, self.context.node.id);
        }
        Poll::Ready(self.reply())
    }

    fn reply(&self) -> Reply {
        if self.acks != 0 {
            return self.context.respond(&self.response);
        }
        let mut partitions =
            self.response.responses.iter().flat_map(|topic| &topic.partition_responses);
        // Without an answer the only way to tell the client is to end the connection.
        if partitions.any(|partition| partition.error_code != ErrorCode::NONE) {
            Reply::Close(None)
        } else {
            Reply::Nothing
        }
    }

    fn begin_topic(&mut self, data: &TopicProduceData) {
        self.response.responses.push(TopicProduceResponse {
            name: data.name.clone(),
            topic_id: data.topic_id,
            partition_responses: Few::with_capacity(data.partition_data.len()),
            ..TopicProduceResponse::default()
        });
    }

    fn add(&mut self, answer: PartitionProduceResponse) {
        let topic = self.response.responses.last_mut().expect("its topic was begun before");
        topic.partition_responses.push(answer);
    }

    fn refuse_all(mut self, topics: Few<TopicProduceData>, refusal: &Refusal) -> Reply {
        for topic in topics {
            self.begin_topic(&topic);
            for partition in topic.partition_data {
                self.add(PartitionProduceResponse {
                    error_code: refusal.error,
                    error_message: refusal.message.as_deref().map(Text::from),
                    ..unanswered(partition.index)
                });
            }
        }
        self.reply()
    }

    fn submit(&mut self, topic: Result<&Arc<Topic>, ErrorCode>, data: PartitionProduceData) {
        let index = data.index;
        let checked = topic.map_err(Refusal::from).and_then(|topic| self.check(topic, data));
        match checked {
            Ok((topic, partition, batch)) => {
                let slot = self.slot();
                self.add(unanswered(index));
                if batch.header().attributes.is_transactional() {
                    let name = TopicPartition { topic: topic.name.clone(), partition: index };
                    self.held.push(Held { partition: partition.clone(), name, batch, slot });
                } else {
                    let append = Append { batch, guard: None, acks: self.acks(), slot };
                    partition.submit(Command::Append(append));
                }
            }
            Err(Refusal { error, message, records, partition: None }) => {
                self.add(PartitionProduceResponse {
                    error_code: error,
                    error_message: message.map(Text::from),
                    record_errors: records,
                    ..unanswered(index)
                });
            }
            Err(Refusal { error, message, records, partition: Some(partition) }) => {
                let slot = self.slot();
                partition.submit(Command::Ask(Box::new(move |partition, _| {
                    slot.fill(Appended { message, ..partition.refused(error) });
                })));
                self.add(PartitionProduceResponse { record_errors: records, ..unanswered(index) });
            }
        }
    }

    fn acks(&self) -> Acks {
        if self.acks == -1 { Acks::All } else { Acks::Leader }
    }

    fn slot(&mut self) -> Slot<Appended> {
        self.gather.get_or_insert_with(|| Gather::with_capacity(1)).slot()
    }

    /// Finds the partition and holds the batch to the topic's rules.
    fn check<'a>(
        &self,
        topic: &'a Arc<Topic>,
        data: PartitionProduceData,
    ) -> Result<(&'a Topic, &'a Arc<Strand<Partition>>, CheckedBatch), Refusal> {
        let partition = topic.find(data.index)?;
        if !(-1..=1).contains(&self.acks) {
            return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
        }
        if topic.is_internal && self.context.client_id.as_str() != ADMIN_CLIENT_ID {
            return Err(Refusal {
                message: Some(format!("Cannot append to internal topic {}", topic.name)),
                ..ErrorCode::INVALID_TOPIC_EXCEPTION.into()
            });
        }
        let records = match data.records {
            Some(Records::Bytes(bytes)) => bytes,
            Some(Records::Elsewhere { .. }) | None => Bytes::new(),
        };
        let now = self.context.node.env.clock.timestamp();
        let rules = topic.check_rules(data.index, now, self.context.version);
        let checked = SCRATCH.with_borrow_mut(|scratch| check::check(&records, &rules, scratch));
        let batch = checked.map_err(|error| {
            let asked = error.tells_log_start() && VERSION_LOG_START <= self.context.version;
            Refusal { partition: asked.then(|| partition.clone()), ..error.into() }
        })?;
        Ok((topic, partition, batch))
    }
}

/// Without an error so far: with one, the partition has its answer.
fn unanswered(index: i32) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        ..PartitionProduceResponse::default()
    }
}

fn put_answer(into: &mut PartitionProduceResponse, answer: Answer<Appended>, node_id: i32) {
    match answer {
        Answer::Filled(appended) => {
            into.error_code = appended.error;
            into.error_message = appended.message.map(Text::from);
            into.base_offset = appended.base_offset;
            into.log_append_time_ms = appended.log_append_time;
            into.log_start_offset = appended.log_start_offset;
            if appended.error == ErrorCode::NOT_LEADER_OR_FOLLOWER {
                into.current_leader = LeaderIdAndEpoch {
                    leader_id: node_id,
                    leader_epoch: appended.leader_epoch,
                    ..LeaderIdAndEpoch::default()
                };
            }
        }
        Answer::Gone => into.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER,
        Answer::Missing => into.error_code = ErrorCode::REQUEST_TIMED_OUT,
    }
}
