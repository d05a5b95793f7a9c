//! A producer: records are gathered in batches, sent, tried again, and acknowledged in order.
//!
//! [`Producer::send`] puts a record into the batch of its partition and gives a [`Delivery`]; a
//! task of the producer's own sends batches. It numbers them by default, so that a retry makes
//! neither duplicates nor another order. With a `transactional.id` what is sent belongs to
//! transactions, whose records and offsets become visible together or not at all.

mod batch;
mod config;
mod coordinated;
mod partitioner;
mod queue;
mod record;
mod sender;
mod transaction;

pub use config::ProducerConfig;
pub use record::{Delivered, Delivery, Record};
pub use transaction::TransactionError;

use crate::Error;
use crate::cluster::Client;
use crate::metadata::TopicPartition;
use crate::wait::{Bell, lock};
use dohle_env::collections::HashMap;
use dohle_env::tasks::Home;
use partitioner::Partitioner;
use queue::Queue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use transaction::Transaction;

/// A producer. Cloning shares it; [`Producer::close`] ends it for all.
#[derive(Clone)]
pub struct Producer {
    shared: Arc<Shared>,
    _open: Arc<Open>,
}

struct Shared {
    client: Client,
    config: ProducerConfig,
    state: Mutex<State>,
    /// Rings when the sender has something to look at.
    work: Bell,
    /// Rings when records were settled: there is room, and a flush may be over.
    progress: Bell,
}

#[derive(Default)]
struct State {
    queues: HashMap<TopicPartition, Queue>,
    partitioner: Partitioner,
    /// What unsettled records take.
    bytes: usize,
    /// Requests that are not answered yet, by broker.
    in_flight: BTreeMap<i32, usize>,
    /// Brokers to which a request waits for its connection: what comes after it must not overtake it.
    unsent: BTreeSet<i32>,
    /// Everything is sent without lingering while somebody waits for it.
    flushes: usize,
    /// Somebody waits for room.
    is_short_of_room: bool,
    is_closed: bool,
    /// Why nothing more can be sent.
    failed: Option<Error>,
    producer: Option<(i64, i16)>,
    /// The numbers have a gap: a new id is needed once nothing is in flight.
    needs_new_id: bool,
    is_learning: bool,
    /// Only with a `transactional.id`.
    transaction: Option<Transaction>,
}

/// Ends the sender with the last handle.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.0.state).is_closed = true;
        self.0.work.ring();
    }
}

impl Producer {
    /// A producer that sends with `client`.
    #[must_use]
    pub fn new(client: Client, config: ProducerConfig) -> Self {
        let env = client.env().clone();
        let transaction = config.transactional_id.as_ref().map(|_| Transaction::new());
        let state = State { transaction, ..State::default() };
        let shared = Arc::new(Shared {
            client,
            config,
            state: Mutex::new(state),
            work: Bell::default(),
            progress: Bell::default(),
        });
        env.tasks.spawn(Home::Here, Box::pin(sender::run(shared.clone())));
        Self { _open: Arc::new(Open(shared.clone())), shared }
    }

    /// Takes a record, once there is room for it and its topic is known.
    ///
    /// # Errors
    /// When the record cannot be sent at all, or there is no room or no such topic within
    /// `max.block.ms`.
    pub async fn send(&self, record: Record) -> Result<Delivery, Error> {
        let taken = self.take_in_time(&record).await;
        self.unless_failed(taken)
    }

    /// A transaction is not committed without a record that was meant to be in it.
    fn unless_failed(&self, taken: Result<Delivery, Error>) -> Result<Delivery, Error> {
        if let Err(error) = &taken
            && let Some(transaction) = &mut lock(&self.shared.state).transaction
        {
            transaction.on_failed(error.clone());
        }
        taken
    }

    async fn take_in_time(&self, record: &Record) -> Result<Delivery, Error> {
        let client = &self.shared.client;
        let clock = client.env().clock.clone();
        let block_max = self.shared.config.block_max;
        let deadline = clock.now() + block_max;
        loop {
            let count = self.shared.progress.count();
            if let Some(result) = self.take(record) {
                return result;
            }
            if client.fresh_topic(&record.topic).is_none() {
                let mut retry = client.retry_within(block_max);
                while let Err(error) = client.topic_once(&record.topic, true, deadline).await {
                    let stopped = retry.after(error).await;
                    stopped.map_err(|error| self.unknown_topic(record, error))?;
                }
                continue;
            }
            if clock.now() >= deadline {
                return Err(Error::TimedOut(format!(
                    "Failed to allocate {} bytes within the configured max blocking time {} ms.",
                    queue::size_of(record),
                    block_max.as_millis()
                )));
            }
            self.shared.progress.after(count, &*clock, deadline).await;
        }
    }

    fn unknown_topic(&self, record: &Record, error: Error) -> Error {
        if error.is_retriable() {
            Error::TimedOut(format!(
                "Topic {} not present in metadata after {} ms.",
                record.topic,
                self.shared.config.block_max.as_millis()
            ))
        } else {
            error
        }
    }

    /// Takes a record without waiting; `None` where [`Producer::send`] would wait.
    pub fn try_send(&self, record: &Record) -> Option<Result<Delivery, Error>> {
        self.take(record).map(|taken| self.unless_failed(taken))
    }

    fn take(&self, record: &Record) -> Option<Result<Delivery, Error>> {
        let shared = &self.shared;
        let config = &shared.config;
        let size_bytes = queue::size_of(record);
        if size_bytes > config.request_bytes_max {
            return Some(Err(Error::Usage(format!(
                "The message is {size_bytes} bytes when serialized which is larger than {}, which \
                 is the value of the max.request.size configuration.",
                config.request_bytes_max
            ))));
        }
        let topic = shared.client.fresh_topic(&record.topic)?;
        let env = shared.client.env();
        let mut state = lock(&shared.state);
        let state = &mut *state;
        if let Some(error) = &state.failed {
            return Some(Err(error.clone()));
        }
        if state.is_closed {
            return Some(Err(Error::Closed));
        }
        if let Some(Err(refused)) = state.transaction.as_ref().map(Transaction::check_open) {
            return Some(Err(refused.into_error()));
        }
        if state.bytes + size_bytes > config.buffer_bytes && state.bytes > 0 {
            state.is_short_of_room = true;
            shared.work.ring();
            return None;
        }
        let limits = (config.batch_bytes, &*env.random);
        let chosen = match record.partition {
            Some(partition) => topic.partition(partition).map(|one| one.index),
            None => {
                let key = record.key.as_deref();
                state.partitioner.choose(&topic, key, size_bytes, limits)
            }
        };
        let Some(partition) = chosen else {
            return Some(Err(Error::Usage(format!(
                "Topic {} has no partition {}: it has {}",
                record.topic,
                record.partition.unwrap_or(0),
                topic.partitions.len()
            ))));
        };
        let partition = TopicPartition { topic: topic.name.clone(), partition };
        let timestamp = record.timestamp.unwrap_or_else(|| env.clock.timestamp());
        let queue = state.queues.entry(partition.clone()).or_default();
        let before = (queue.waiting.len(), queue.open_since().is_some());
        let times = (timestamp, env.clock.now());
        let limits = (config.batch_bytes, config.compression);
        let added = queue.add(&partition, record, times, limits);
        if added.is_ok() {
            state.bytes += size_bytes;
        }
        let freed = sender::settle_given_up(queue, state.transaction.as_mut());
        if freed > 0 {
            state.bytes = state.bytes.saturating_sub(freed);
            shared.progress.ring();
        }
        // The sender needs to hear of a batch when it is full, and when its time begins.
        if (queue.waiting.len(), queue.open_since().is_some()) != before {
            shared.work.ring();
        }
        Some(added)
    }

    /// Sends all that was taken so far at once, and waits until it is settled.
    pub async fn flush(&self) {
        let clock = self.shared.client.env().clock.clone();
        lock(&self.shared.state).flushes += 1;
        self.shared.work.ring();
        loop {
            let count = self.shared.progress.count();
            let is_done = lock(&self.shared.state).queues.values().all(Queue::is_idle);
            if is_done {
                break;
            }
            self.shared.progress.after(count, &*clock, dohle_env::clock::Instant::NEVER).await;
        }
        lock(&self.shared.state).flushes -= 1;
    }

    /// Takes nothing more, and waits until all is settled. A transaction that is open is aborted.
    pub async fn close(self) {
        if lock(&self.shared.state).transaction.as_ref().is_some_and(Transaction::is_open) {
            // What cannot be aborted now is by its coordinator, once its time is up.
            let _aborted = self.abort_transaction().await;
        }
        lock(&self.shared.state).is_closed = true;
        self.flush().await;
    }
}
