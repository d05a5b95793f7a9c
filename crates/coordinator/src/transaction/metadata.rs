//! What the log says of one transactional id, and the steps that it takes.
//!
//! Each step gives the metadata after it; that of before stays as it was until the step's record is
//! applied.

use super::record::TransactionRecord;
use super::request::{Markers, TopicPartition};
use super::state::TransactionState as S;
use dohle_protocol::ids::{ProducerEpoch, ProducerId, Timestamp};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;
use std::collections::BTreeSet;

/// No producer, or no epoch.
pub(super) const NONE: i64 = -1;
/// No epoch.
pub(super) const NO_EPOCH: i16 = -1;
/// A transaction with this timeout belongs to an outside coordinator (KIP-939): it has none.
pub(super) const NO_TIMEOUT_MS: i32 = i32::MAX;

/// A transactional id's producer and its newest transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionMetadata {
    /// The id of the producer.
    pub(super) producer_id: i64,
    /// Its epoch; -1 only before the first record.
    pub(super) epoch: i16,
    /// The producer's id before the last step.
    pub(super) previous_producer_id: i64,
    /// The producer's id once the transaction has ended; -1 if it stays the same.
    pub(super) next_producer_id: i64,
    pub(super) timeout_ms: i32,
    pub(super) state: S,
    /// Where the transaction has written, or may have.
    pub(super) partitions: BTreeSet<TopicPartition>,
    /// When the first partition was added, -1 before.
    pub(super) started_at: i64,
    /// When the last step was taken.
    pub(super) updated_at: i64,
    /// The version of transactions that the client speaks: 0 or 2 (KIP-890).
    pub(super) client_version: i16,
}

impl TransactionMetadata {
    /// A new id. Its first epoch comes with its first step.
    pub(super) fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            epoch: NO_EPOCH,
            previous_producer_id: NONE,
            next_producer_id: NONE,
            timeout_ms: 0,
            state: S::Empty,
            partitions: BTreeSet::new(),
            started_at: -1,
            updated_at: -1,
            client_version: 0,
        }
    }

    /// What a record says; `None` if its state is not known.
    pub(super) fn from_record(value: &m::TransactionLogValue) -> Option<Self> {
        let state = S::from_number(value.transaction_status)?;
        let mut partitions = BTreeSet::new();
        for of_topic in value.transaction_partitions.iter().flatten() {
            // Its own buffer: the state outlives the frame that it came in.
            let topic = of_topic.topic.detached();
            for partition in &of_topic.partition_ids {
                partitions.insert(TopicPartition { topic: topic.clone(), partition: *partition });
            }
        }
        Some(Self {
            producer_id: value.producer_id,
            epoch: value.producer_epoch,
            previous_producer_id: value.previous_producer_id,
            next_producer_id: value.next_producer_id,
            timeout_ms: value.transaction_timeout_ms,
            state,
            partitions,
            started_at: value.transaction_start_timestamp_ms,
            updated_at: value.transaction_last_update_timestamp_ms,
            client_version: value.client_transaction_version,
        })
    }

    /// The record that says this. `version` is that of the value: what it has no field for is not
    /// in the record.
    pub(super) fn to_record(&self, id: &Text, version: i16) -> TransactionRecord {
        let mut value = m::TransactionLogValue {
            producer_id: self.producer_id,
            producer_epoch: self.epoch,
            transaction_timeout_ms: self.timeout_ms,
            transaction_status: self.state.number(),
            transaction_partitions: (self.state != S::Empty).then(|| self.by_topic()),
            transaction_last_update_timestamp_ms: self.updated_at,
            transaction_start_timestamp_ms: self.started_at,
            ..Default::default()
        };
        if version >= 1 {
            value.previous_producer_id = self.previous_producer_id;
            value.next_producer_id = self.next_producer_id;
            value.client_transaction_version = self.client_version;
        }
        let key = m::TransactionLogKey { transactional_id: id.clone() };
        TransactionRecord { key, value: Some(value), version }
    }

    fn by_topic(&self) -> Vec<m::transaction_log_value::PartitionsSchema> {
        let mut topics: Vec<m::transaction_log_value::PartitionsSchema> = Vec::new();
        for TopicPartition { topic, partition } in &self.partitions {
            match topics.last_mut() {
                Some(last) if last.topic == *topic => last.partition_ids.push(*partition),
                Some(_) | None => topics.push(m::transaction_log_value::PartitionsSchema {
                    topic: topic.clone(),
                    partition_ids: vec![*partition],
                    ..Default::default()
                }),
            }
        }
        topics
    }

    pub(super) fn producer(&self) -> ProducerIdAndEpoch {
        ProducerIdAndEpoch { id: ProducerId(self.producer_id), epoch: ProducerEpoch(self.epoch) }
    }

    /// The last epoch that a client may use is used up: the one after it only fences.
    pub(super) fn is_exhausted(&self) -> bool {
        is_exhausted(self.epoch)
    }

    /// When the transaction has taken too long; `None` if it may take forever or is none.
    pub(super) fn times_out_at(&self) -> Option<Timestamp> {
        let has_timeout = self.state == S::Ongoing && self.timeout_ms != NO_TIMEOUT_MS;
        let longest = i64::from(self.timeout_ms);
        has_timeout.then(|| Timestamp(self.started_at.saturating_add(longest).saturating_add(1)))
    }

    /// The transaction's end, on its way to its partitions.
    pub(super) fn markers(&self, id: &Text, coordinator_epoch: i32) -> Markers {
        Markers {
            transactional_id: id.clone(),
            producer: self.producer(),
            coordinator_epoch,
            committed: self.state == S::PrepareCommit,
            transaction_version: i8::try_from(self.client_version).unwrap_or(0),
            partitions: self.partitions.iter().cloned().collect(),
        }
    }

    /// The next metadata, with what every step sets.
    fn step(&self, state: S, now: Timestamp) -> Self {
        Self { state, previous_producer_id: self.producer_id, updated_at: now.0, ..self.clone() }
    }

    /// A producer begins, with an id and an epoch of its own.
    pub(super) fn initialized(
        &self,
        producer_id: i64,
        epoch: i16,
        timeout_ms: i32,
        now: Timestamp,
    ) -> Self {
        Self {
            producer_id,
            epoch,
            timeout_ms,
            partitions: BTreeSet::new(),
            started_at: -1,
            ..self.step(S::Empty, now)
        }
    }

    /// Partitions take part; the first ones begin the transaction.
    pub(super) fn with_partitions(
        &self,
        partitions: Vec<TopicPartition>,
        client_version: i16,
        now: Timestamp,
    ) -> Self {
        let mut next = self.step(S::Ongoing, now);
        if self.state.is_idle() {
            next.started_at = now.0;
        }
        next.partitions.extend(partitions);
        next.client_version = client_version;
        next
    }

    /// The end is decided. With version 2 it takes the next epoch, and the producer goes on with
    /// `next_producer_id` if that epoch is its last.
    pub(super) fn prepared(
        &self,
        committed: bool,
        client_version: i16,
        next_producer_id: i64,
        now: Timestamp,
    ) -> Self {
        let state = if committed { S::PrepareCommit } else { S::PrepareAbort };
        let mut next = self.step(state, now);
        if self.state.is_idle() {
            // Nobody knows when it began; but a transaction that ends has begun.
            next.started_at = now.0;
        }
        if client_version >= 2 {
            // At the highest there is nothing left to fence with, and an abort must still go through.
            next.epoch = self.epoch.saturating_add(1);
        }
        next.client_version = client_version;
        next.next_producer_id = next_producer_id;
        next
    }

    /// The end is decided by the coordinator, and the producer is fenced: its epoch is over.
    pub(super) fn fenced(&self, version: i16, next_producer_id: i64, now: Timestamp) -> Self {
        if version >= 2 {
            return self.prepared(false, version, next_producer_id, now);
        }
        let next = self.prepared(false, 0, NONE, now);
        Self { epoch: self.epoch.saturating_add(1), ..next }
    }

    /// Every partition knows the end.
    pub(super) fn completed(&self, now: Timestamp) -> Self {
        let committed = self.state == S::PrepareCommit;
        let state = if committed { S::CompleteCommit } else { S::CompleteAbort };
        let mut next = self.step(state, now);
        if self.client_version >= 2 && self.next_producer_id != NONE {
            next.producer_id = self.next_producer_id;
            next.epoch = 0;
        }
        next.next_producer_id = NONE;
        next.partitions.clear();
        next
    }
}

/// The highest epoch is kept back, so that whoever has the one below it can still be fenced.
pub(super) fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}
