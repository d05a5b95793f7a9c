//! The task that sends a producer's batches and deals with their answers.

use super::batch::Batch;
use super::queue::Queue;
use super::record::Fate;
use super::transaction::Transaction;
use super::{Shared, State};
use crate::Error;
use crate::cluster::{Client, To, Topics};
use crate::connection::Connection;
use crate::metadata::{Topic, TopicPartition};
use crate::wait::lock;
use dohle_env::clock::{Instant, sleep};
use dohle_env::tasks::Home;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::produce_response::PartitionProduceResponse;
use dohle_protocol::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use dohle_protocol::record::batch::increment_sequence;
use dohle_protocol::wire::{Records, Text};
use dohle_protocol::{ApiKey, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The last version of Produce that names topics.
const LAST_WITH_NAMES: i16 = 12;

/// The last version of Produce that adds nothing to a transaction (KIP-890).
const LAST_OF_V1: i16 = 11;

/// What one look at the queues found to do.
#[derive(Default)]
struct Round {
    /// Batches by the broker that leads their partitions.
    requests: BTreeMap<i32, Vec<Batch>>,
    /// Topics of which it is not known who leads them.
    unknown: BTreeSet<Text>,
    /// Partitions that are to be added to the transaction first.
    unadded: BTreeSet<TopicPartition>,
    /// When to look again if nothing happens before.
    next: Option<Instant>,
}

impl Round {
    fn look_at(&mut self, when: Instant) {
        self.next = Some(self.next.map_or(when, |next| next.min(when)));
    }
}

/// Sends until the producer is closed and everything is settled.
pub(super) async fn run(shared: Arc<Shared>) {
    let clock = shared.client.env().clock.clone();
    loop {
        let count = shared.work.count();
        if needs_id(&shared) {
            init_id(&shared).await;
        }
        let round = look(&shared, clock.now());
        for (broker, batches) in round.requests {
            let task = send(shared.clone(), broker, batches);
            shared.client.env().tasks.spawn(Home::Here, Box::pin(task));
        }
        if !round.unknown.is_empty() {
            learn(&shared, round.unknown);
        }
        if !round.unadded.is_empty() {
            shared.add_partitions(round.unadded).await;
            continue;
        }
        let is_over = {
            let state = lock(&shared.state);
            state.is_closed && state.queues.values().all(Queue::is_idle)
        };
        if is_over {
            return;
        }
        shared.work.after(count, &*clock, round.next.unwrap_or(Instant::NEVER)).await;
    }
}

fn needs_id(shared: &Shared) -> bool {
    let mut state = lock(&shared.state);
    let is_quiet = state.in_flight.values().all(|count| *count == 0);
    if !shared.config.idempotence || !is_quiet || state.failed.is_some() {
        return false;
    }
    if state.transaction.is_some() {
        // Its coordinator gives it one.
        return false;
    }
    if state.needs_new_id {
        state.needs_new_id = false;
        state.producer = None;
        let freed: usize = state.queues.values_mut().map(Queue::renumber).sum();
        state.bytes = state.bytes.saturating_sub(freed);
        shared.progress.ring();
    }
    state.producer.is_none() && state.queues.values().any(|queue| !queue.is_idle())
}

async fn init_id(shared: &Shared) {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: i32::MAX,
        ..InitProducerIdRequest::default()
    };
    let mut retry = shared.client.retry_within(shared.config.delivery_timeout);
    loop {
        let answer = shared.client.ask_once(i16::MAX, &To::Any, &request, retry.deadline).await;
        let answer = answer.and_then(|answer| {
            Error::check(answer.error_code, None)?;
            Ok((answer.producer_id, answer.producer_epoch))
        });
        let error = match answer {
            Ok(producer) => {
                lock(&shared.state).producer = Some(producer);
                return;
            }
            Err(error) => error,
        };
        if let Err(error) = retry.after(error).await {
            fail_all(shared, &error);
            return;
        }
    }
}

/// What waits cannot be sent; nor can anything else, unless another try may mend it.
fn fail_all(shared: &Shared, error: &Error) {
    let mut state = lock(&shared.state);
    let state = &mut *state;
    let may_pass = error.is_retriable() || matches!(error, Error::TimedOut(_));
    if !may_pass {
        state.failed = Some(error.clone());
    }
    let mut freed = 0;
    for queue in state.queues.values_mut() {
        queue.close();
        freed += settle_given_up(queue, state.transaction.as_mut());
        for batch in queue.waiting.drain(..) {
            freed += batch.size_bytes;
            batch.settle(Err(error.clone()));
        }
    }
    state.bytes = state.bytes.saturating_sub(freed);
    shared.progress.ring();
}

/// Takes what can be sent now, and settles what is too old.
fn look(shared: &Shared, now: Instant) -> Round {
    let mut state = lock(&shared.state);
    let state = &mut *state;
    let config = &shared.config;
    let mut round = Round::default();
    let mut freed = discard(state);
    let hurry = state.flushes > 0 || state.is_closed || state.is_short_of_room;
    if config.idempotence && (state.producer.is_none() || state.needs_new_id) {
        // The id comes first; its task rings when it is there.
        return round;
    }
    for (partition, queue) in &mut state.queues {
        if let Some(due) = queue.close_at(config.linger, hurry, now) {
            round.look_at(due);
        }
        freed += settle_given_up(queue, state.transaction.as_mut());
        freed += expire(queue, now, shared, (&mut state.needs_new_id, &mut state.transaction));
        if queue.in_flight == 0 {
            queue.is_recovering = false;
        }
        let Some(batch) = queue.waiting.front() else { continue };
        round.look_at(batch.expires_at(config.delivery_timeout));
        if queue.is_recovering || queue.in_flight >= config.in_flight_max {
            continue;
        }
        if batch.not_before > now {
            round.look_at(batch.not_before);
            continue;
        }
        let Some(leader) = leader(shared, partition) else {
            round.unknown.insert(partition.topic.clone());
            continue;
        };
        if state.in_flight.get(&leader).copied().unwrap_or(0) >= config.in_flight_max
            || state.unsent.contains(&leader)
        {
            continue;
        }
        if let Some(transaction) = &mut state.transaction {
            if !transaction.takes(partition) {
                round.unadded.insert(partition.clone());
                continue;
            }
            transaction.on_begun();
        }
        let request = round.requests.entry(leader).or_default();
        let size: usize = request.iter().map(Batch::wire_bytes).sum();
        if size > 0 && size + batch.wire_bytes() > config.request_bytes_max {
            round.look_at(now);
            continue;
        }
        let Some(mut batch) = queue.waiting.pop_front() else { continue };
        if config.idempotence && batch.base_sequence.is_none() {
            batch.base_sequence = Some(queue.next_sequence);
            queue.next_sequence = increment_sequence(queue.next_sequence, batch.record_count());
        }
        queue.in_flight += 1;
        request.push(batch);
        if !queue.waiting.is_empty() {
            round.look_at(now);
        }
    }
    for leader in round.requests.keys() {
        *state.in_flight.entry(*leader).or_default() += 1;
        state.unsent.insert(*leader);
    }
    if freed > 0 {
        state.bytes = state.bytes.saturating_sub(freed);
        shared.progress.ring();
    }
    round
}

/// Who leads a partition, as far as is known.
fn leader(shared: &Shared, partition: &TopicPartition) -> Option<i32> {
    shared.client.fresh_topic(&partition.topic)?.partition(partition.partition)?.leader
}

/// Settles what a transaction does not send any more; what that took.
fn discard(state: &mut State) -> usize {
    let Some(transaction) = &mut state.transaction else { return 0 };
    let Some(error) = transaction.drops() else { return 0 };
    let mut freed = 0;
    for queue in state.queues.values_mut() {
        let (bytes, has_gap) = queue.discard(&error);
        freed += bytes;
        freed += settle_given_up(queue, Some(transaction));
        if has_gap {
            transaction.on_gap();
        }
    }
    freed
}

/// Deals with batches that could not be packed: no transaction is committed without their records. What they took.
pub(super) fn settle_given_up(
    queue: &mut Queue,
    mut transaction: Option<&mut Transaction>,
) -> usize {
    let mut freed = 0;
    for (size_bytes, error) in queue.take_given_up() {
        freed += size_bytes;
        if let Some(transaction) = &mut transaction {
            transaction.on_failed(error);
        }
    }
    freed
}

/// Settles batches that are too old; what they took.
fn expire(
    queue: &mut Queue,
    now: Instant,
    shared: &Shared,
    (needs_new_id, transaction): (&mut bool, &mut Option<Transaction>),
) -> usize {
    let mut freed = 0;
    let timeout = shared.config.delivery_timeout;
    while let Some(batch) = queue.waiting.pop_front_if(|batch| batch.is_expired(now, timeout)) {
        freed += batch.size_bytes;
        let has_number = batch.base_sequence.is_some();
        queue.has_gap |= has_number;
        let text = format!(
            "Expiring {} record(s) for {}:{} ms has passed since batch creation",
            batch.record_count(),
            batch.partition(),
            batch.age_ms(now)
        );
        let error = Error::TimedOut(text);
        match transaction {
            Some(transaction) => {
                if has_number {
                    transaction.on_gap();
                }
                transaction.on_failed(error.clone());
            }
            None => *needs_new_id |= has_number,
        }
        batch.settle(Err(error));
    }
    freed
}

/// Asks who leads the partitions of topics, one question at a time, for all of them together: one that does not exist is
/// not to hold up the others.
fn learn(shared: &Arc<Shared>, topics: BTreeSet<Text>) {
    if std::mem::replace(&mut lock(&shared.state).is_learning, true) {
        return;
    }
    let shared = shared.clone();
    let client = shared.client.clone();
    let env = client.env().clone();
    let task = async move {
        let names: Vec<Text> = topics.into_iter().collect();
        let deadline = client.env().clock.now() + client.config().request_timeout;
        let asked = client.learn(Topics::Named(&names), deadline).await;
        let is_led = |name: &Text| {
            let topic = client.fresh_topic(name);
            topic.is_some_and(|topic| topic.partitions.iter().all(|one| one.leader.is_some()))
        };
        if asked.is_err() || !names.iter().all(is_led) {
            // What is led now goes on meanwhile. Whoever waits for the rest has a time limit of its own.
            shared.work.ring();
            sleep(&*client.env().clock, client.config().retry_backoff).await;
        }
        lock(&shared.state).is_learning = false;
        shared.work.ring();
    };
    env.tasks.spawn(Home::Here, Box::pin(task));
}

/// As whom batches are sent.
#[derive(Clone, Copy)]
struct Signature {
    producer: Option<(i64, i16)>,
    /// Within a transaction: whether it is one of the second kind.
    is_v2: Option<bool>,
}

/// Sends one request and deals with its answer.
async fn send(shared: Arc<Shared>, broker: i32, mut batches: Vec<Batch>) {
    let signature = {
        let state = lock(&shared.state);
        Signature {
            producer: state.producer,
            is_v2: state.transaction.as_ref().map(|transaction| transaction.is_v2),
        }
    };
    let answer = ask(&shared, broker, &mut batches, signature).await;
    let now = shared.client.env().clock.now();
    let mut told = BTreeMap::new();
    let error = match answer {
        Ok(answer) => {
            told = by_partition(&shared, answer);
            Error::Invalid("the broker did not answer for this partition".into())
        }
        Err(error) => error,
    };
    let mut state = lock(&shared.state);
    if let Some(count) = state.in_flight.get_mut(&broker) {
        *count = count.saturating_sub(1);
    }
    for batch in batches {
        let outcome = match told.remove(batch.partition()) {
            Some(outcome) => outcome,
            None if shared.config.acks == 0 && matches!(error, Error::Invalid(_)) => {
                Ok((None, None))
            }
            None => Err(error.clone()),
        };
        settle(&shared, &mut state, batch, outcome, now);
    }
    state.is_short_of_room = false;
    drop(state);
    shared.progress.ring();
    shared.work.ring();
}

async fn ask(
    shared: &Shared,
    broker: i32,
    batches: &mut [Batch],
    signature: Signature,
) -> Result<ProduceResponse, Error> {
    let client = &shared.client;
    let deadline = client.env().clock.now() + client.config().request_timeout;
    let mut topics: BTreeMap<Text, TopicProduceData> = BTreeMap::new();
    let mut has_ids = true;
    for batch in batches {
        let records = Records::Bytes(batch.signed(signature.producer, signature.is_v2.is_some()));
        let TopicPartition { topic, partition } = batch.partition().clone();
        let id =
            client.known().topics.get(&topic).map_or(Uuid::ZERO, |topic: &Arc<Topic>| topic.id);
        has_ids &= id != Uuid::ZERO;
        let data = topics.entry(topic.clone()).or_insert_with(|| TopicProduceData {
            name: topic,
            topic_id: id,
            ..TopicProduceData::default()
        });
        data.partition_data.push(PartitionProduceData {
            index: partition,
            records: Some(records),
            ..PartitionProduceData::default()
        });
    }
    let request = ProduceRequest {
        transactional_id: shared.config.transactional_id.clone(),
        acks: shared.config.acks,
        timeout_ms: i32::try_from(client.config().request_timeout.as_millis()).unwrap_or(i32::MAX),
        topic_data: topics.into_values().collect(),
        ..ProduceRequest::default()
    };
    let versions = match signature.is_v2 {
        Some(true) => (LAST_OF_V1 + 1, if has_ids { i16::MAX } else { LAST_WITH_NAMES }),
        Some(false) => (3, LAST_OF_V1),
        None => (3, if has_ids { i16::MAX } else { LAST_WITH_NAMES }),
    };
    let connected = connect(client, broker, versions, deadline).await;
    // From here on the request's place is the next one on its connection.
    lock(&shared.state).unsent.remove(&broker);
    shared.work.ring();
    let (connection, version) = connected?;
    if shared.config.acks == 0 {
        connection.tell(version, &request)?;
        return Ok(ProduceResponse::default());
    }
    connection.ask_in(version, &request, deadline).await
}

/// The connection to a broker, and the version of Produce that it is asked in.
async fn connect(
    client: &Client,
    broker: i32,
    (lowest, highest): (i16, i16),
    deadline: Instant,
) -> Result<(Connection, i16), Error> {
    let connection = client.connection(&To::Broker(broker), deadline).await?;
    let versions = connection.ready(deadline).await?;
    let version = versions.usable::<ProduceRequest>(highest)?;
    if version < lowest {
        let api = ApiKey::Produce;
        return Err(Error::UnsupportedVersion { api, offered: versions.offered(api) });
    }
    Ok((connection, version))
}

/// What the broker says of each partition: offset and time, or an error.
type Outcome = Result<(Option<i64>, Option<i64>), Error>;

fn by_partition(shared: &Shared, answer: ProduceResponse) -> BTreeMap<TopicPartition, Outcome> {
    let known = shared.client.known();
    let mut told = BTreeMap::new();
    for topic in answer.responses {
        let name = if topic.name.is_empty() {
            let found = known.topics.values().find(|one| one.id == topic.topic_id);
            found.map(|one| one.name.clone()).unwrap_or_default()
        } else {
            topic.name.detached()
        };
        for one in topic.partition_responses {
            let partition = TopicPartition { topic: name.clone(), partition: one.index };
            told.insert(partition, outcome(one));
        }
    }
    told
}

fn outcome(told: PartitionProduceResponse) -> Outcome {
    // The broker has the batch already: an earlier try arrived, and its answer did not.
    if told.error_code == ErrorCode::DUPLICATE_SEQUENCE_NUMBER {
        return Ok((None, None));
    }
    Error::check(told.error_code, told.error_message)?;
    let time = (told.log_append_time_ms >= 0).then_some(told.log_append_time_ms);
    Ok(((told.base_offset >= 0).then_some(told.base_offset), time))
}

/// Whether a batch may be in the log although this is what its sender was told.
fn may_have_arrived(error: &Error) -> bool {
    match error {
        // A leader that steps down or stops says so to all who wait, what it has of them or not.
        Error::Refused { code, .. } => matches!(
            *code,
            ErrorCode::REQUEST_TIMED_OUT
                | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
                | ErrorCode::NOT_LEADER_OR_FOLLOWER
                | ErrorCode::KAFKA_STORAGE_ERROR
                | ErrorCode::UNKNOWN_SERVER_ERROR
        ),
        Error::Disconnected(_) | Error::TimedOut(_) | Error::Invalid(_) | Error::Closed => true,
        // Nothing was sent.
        Error::Bootstrap(_)
        | Error::Tls(_)
        | Error::UnsupportedVersion { .. }
        | Error::Usage(_) => false,
    }
}

/// Deals with what became of one batch.
fn settle(shared: &Shared, state: &mut State, mut batch: Batch, outcome: Outcome, now: Instant) {
    let config = &shared.config;
    let Some(queue) = state.queues.get_mut(batch.partition()) else { return };
    queue.in_flight -= 1;
    let error = match outcome {
        Ok((base_offset, log_append_time)) => {
            state.bytes = state.bytes.saturating_sub(batch.size_bytes);
            batch.settle(Ok(Fate { base_offset, log_append_time, at: now }));
            return;
        }
        Err(error) => error,
    };
    if error.is_stale_metadata() {
        shared.client.forget_topic(&batch.partition().topic);
    }
    let code = error.code();
    if code == Some(ErrorCode::MESSAGE_TOO_LARGE) {
        match batch.split(config.compression) {
            Ok(parts) => return queue.put_parts_back(parts),
            Err(whole) => batch = *whole,
        }
    }
    let is_order = code == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let is_identity =
        matches!(code, Some(ErrorCode::UNKNOWN_PRODUCER_ID | ErrorCode::INVALID_PRODUCER_EPOCH));
    let can_renew = config.idempotence && state.transaction.is_none();
    // One in front of it came back, so this one could not fit: it will, behind that one.
    let may_retry = error.is_retriable()
        || config.idempotence && is_order && queue.is_recovering
        || can_renew && (is_identity || is_order && queue.has_gap);
    let is_timely = !batch.is_expired(now, config.delivery_timeout);
    if may_retry && is_timely && batch.tries < config.retries {
        batch.tries += 1;
        batch.may_be_there |= may_have_arrived(&error);
        let backoff = shared.client.config().retry_backoff;
        batch.not_before = now + backoff;
        state.needs_new_id |= is_identity;
        queue.put_back(batch);
        return;
    }
    queue.has_gap |= config.idempotence;
    state.needs_new_id |= can_renew;
    if let Some(transaction) = &mut state.transaction {
        transaction.on_gap();
        transaction.on_batch_failed(error.clone());
    }
    state.bytes = state.bytes.saturating_sub(batch.size_bytes);
    batch.settle(Err(error));
}
