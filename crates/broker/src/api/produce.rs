//! Produce: batches are checked on the connection, or on the cpu lane where that takes long, and
//! appended by their partitions.
//!
//! Once all batches of a request are checked they go to their partitions' strands, and one gather
//! waits for all of them. The connection then goes on with its next request, not before: what a
//! client sends one after the other to a partition is appended in this order.

use super::produce_check::{Check, Found, Outcome, Refusal};
use super::transactions::batches::{self, Held};
use super::transactions::verification::Transaction;
use crate::dispatch::{Handled, Reply};
use crate::metrics::refusals;
use crate::partition::command::{Acks, Append, Appended, Command};
use crate::partition::submit_counts;
use crate::quotas::Kind;
use crate::request::Context;
use dohle_coordinator::transaction::TopicPartition;
use dohle_env::clock::Instant;
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::tasks::Lane;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages::produce_request::{ProduceRequest, TopicProduceData};
use dohle_protocol::messages::produce_response::{
    LeaderIdAndEpoch, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use dohle_protocol::record::batch::{AnyBatch, BatchError, Batches};
use dohle_protocol::wire::{Few, Records, Text};
use dohle_replication::machine::ProducerIdAndEpoch;
use std::task::{self, Poll};

/// The time for the leader's own append, which Kafka's timeout does not count: it is for the replicas.
const APPEND_MS_MIN: i32 = 1_000;

/// A produce whose batches are with their partitions.
pub(crate) struct Waiting {
    context: Context,
    response: ProduceResponse,
    /// Its slots belong to the partitions of the response that are [`unanswered`], in order.
    gather: Option<Gather<Appended>>,
    deadline: Instant,
    acks: i16,
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
        context,
    };
    let view = waiting.context.view();
    let partitions = request.topic_data.iter().map(|topic| topic.partition_data.len()).sum();
    let mut checks = Few::with_capacity(partitions);
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
            waiting.add(unanswered(partition.index));
            let check = topic
                .map_err(Refusal::from)
                .and_then(|topic| Check::new(&waiting.context, request.acks, topic, partition));
            checks.push(check.map_or_else(Outcome::Refused, Check::run_quickly));
        }
    }
    if checks.iter().any(|outcome| matches!(outcome, Outcome::Long(_))) {
        return Handled::before(async move {
            check_on_lane(&waiting.context, &mut checks).await;
            waiting.append(checks, transaction)
        });
    }
    waiting.append(checks, transaction)
}

/// Does the checks that take long where nobody waits for the thread.
async fn check_on_lane(context: &Context, checks: &mut [Outcome]) {
    let gather = Gather::with_capacity(1);
    let mut away = Few::new();
    for outcome in checks {
        // What stays where the lane is full, or the node stops: the client comes again.
        let refused = Outcome::Refused(ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
        match std::mem::replace(outcome, refused) {
            Outcome::Long(check) => {
                let slot = gather.slot();
                let job = Box::new(move || slot.fill(check.run()));
                context.node.env.tasks.client_job(&Lane::Cpu, job);
                away.push(outcome);
            }
            done @ (Outcome::Good(..) | Outcome::Refused(_)) => *outcome = done,
        }
    }
    for (outcome, answer) in away.into_iter().zip(gather.all().await) {
        if let Answer::Filled(checked) = answer {
            *outcome = checked;
        }
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

    fn reply(&mut self) -> Reply {
        let wait_ms = self.context.charge(Kind::Produce, self.context.size_bytes as f64);
        if self.acks != 0 {
            let wait_ms = wait_ms.max(self.context.charge_time());
            self.response.throttle_time_ms = wait_ms;
            return self.context.respond(&self.response).throttled(wait_ms);
        }
        let mut partitions =
            self.response.responses.iter().flat_map(|topic| &topic.partition_responses);
        // Without an answer the only way to tell the client is to end the connection.
        if partitions.any(|partition| partition.error_code != ErrorCode::NONE) {
            Reply::Close(None)
        } else {
            Reply::Nothing.throttled(wait_ms)
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

    /// Gives each batch to its partition or its transaction, each refusal to its answer.
    fn append(mut self, checks: Few<Outcome>, transaction: Option<Transaction>) -> Handled {
        let (acks, count) = (self.acks(), checks.len());
        let Self { context, response, gather, .. } = &mut self;
        let mut slot = || gather.get_or_insert_with(|| Gather::with_capacity(count)).slot();
        let mut held = Vec::new();
        let answers =
            response.responses.iter_mut().flat_map(|topic| &mut topic.partition_responses);
        for (answer, outcome) in answers.zip(checks) {
            match outcome {
                Outcome::Good(checked, batch) if batch.header().attributes.is_transactional() => {
                    let (topic, partition) = (checked.topic.name.clone(), answer.index);
                    let name = TopicPartition { topic, partition };
                    held.push(Held { partition: checked.partition, name, batch, slot: slot() });
                }
                Outcome::Good(checked, batch) => {
                    let append = Append { batch, guard: None, acks, slot: slot() };
                    checked.partition.submit(Command::Append(append));
                }
                Outcome::Refused(refusal) => {
                    if let Some(found) = &refusal.found {
                        count_refused(context, found);
                    }
                    refuse(answer, refusal, &mut slot);
                }
                // All are checked by now.
                Outcome::Long(_) => answer.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER,
            }
        }
        if self.gather.is_none() {
            return Handled::ready(self.reply());
        }
        match transaction {
            Some(transaction) if !held.is_empty() => Handled::before(async move {
                batches::append(&self.context.node, &transaction, held, acks).await;
                Handled::produce(self)
            }),
            _ => Handled::produce(self),
        }
    }

    fn acks(&self) -> Acks {
        if self.acks == -1 { Acks::All } else { Acks::Leader }
    }
}

/// Counts a batch that its check has refused.
fn count_refused(context: &Context, found: &Found) {
    context.node.metrics.refusals.count(&found.error);
    if let Some(counts) = refusals::of_topic(&found.error, found.size_bytes) {
        submit_counts(&found.partition, counts);
    }
}

/// Answers a refused batch, or has its partition do so where that is to say where its log begins.
fn refuse(
    answer: &mut PartitionProduceResponse,
    refusal: Refusal,
    slot: &mut impl FnMut() -> Slot<Appended>,
) {
    let Refusal { error, message, records, partition, found: _ } = refusal;
    answer.record_errors = records;
    match partition {
        None => {
            answer.error_code = error;
            answer.error_message = message.map(Text::from);
        }
        Some(partition) => {
            let slot = slot();
            partition.submit(Command::Ask(Box::new(move |partition, _| {
                slot.fill(Appended { message, ..partition.refused(error) });
            })));
        }
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
