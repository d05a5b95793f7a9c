//! What a log knows of idempotent and transactional producers: sequences, epochs, open
//! transactions.
//!
//! The same on every replica, for it follows from the batches alone. Kept in `<offset>.snapshot`
//! files, from which it is rebuilt together with the batches that follow.

mod snapshot;
mod verification;

use crate::limits::BATCHES_PER_PRODUCER;
use crate::new_batch::Marker;
use crate::transaction_index::{Aborted, AbortedTransaction};
use dohle_protocol::record::NO_PRODUCER_EPOCH;
use dohle_protocol::record::batch::BatchHeader;
pub use snapshot::CorruptSnapshot;
use std::collections::BTreeMap;
pub(crate) use verification::Verifications;
pub use verification::{FirstBatch, Guard, Verification};

/// A batch that was appended, as far as duplicates are concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeenBatch {
    /// Its last sequence.
    pub last_sequence: i32,
    /// Its last offset.
    pub last_offset: i64,
    /// Last offset minus first.
    pub offset_delta: i32,
    /// Its maximum timestamp.
    pub timestamp: i64,
}

impl SeenBatch {
    /// Its first sequence.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        let first = self.last_sequence.wrapping_sub(self.offset_delta);
        // Sequences go from 2^31-1 to 0.
        if self.offset_delta > self.last_sequence {
            first.wrapping_add(i32::MAX).wrapping_add(1)
        } else {
            first
        }
    }

    /// Its first offset.
    #[must_use]
    pub fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// One producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Producer {
    /// Its epoch.
    pub epoch: i16,
    /// The epoch of the coordinator that wrote its last marker, or -1.
    pub coordinator_epoch: i32,
    /// The timestamp of its last batch or marker.
    pub last_timestamp: i64,
    /// Where its open transaction begins in this partition.
    pub transaction_first_offset: Option<i64>,
    batches: [SeenBatch; BATCHES_PER_PRODUCER],
    batch_count: u8,
}

impl Producer {
    fn unknown() -> Self {
        Self {
            epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction_first_offset: None,
            batches: [SeenBatch::default(); BATCHES_PER_PRODUCER],
            batch_count: 0,
        }
    }

    /// The batches remembered, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[SeenBatch] {
        &self.batches[..usize::from(self.batch_count)]
    }

    /// The sequence of its last record, or -1.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        self.batches().last().map_or(-1, |batch| batch.last_sequence)
    }

    /// The offset of its last record, or -1.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.batches().last().map_or(-1, |batch| batch.last_offset)
    }

    fn set_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batch_count = 0;
        }
    }

    fn push(&mut self, batch: SeenBatch) {
        if usize::from(self.batch_count) == BATCHES_PER_PRODUCER {
            self.batches.rotate_left(1);
            self.batch_count -= 1;
        }
        self.batches[usize::from(self.batch_count)] = batch;
        self.batch_count += 1;
    }
}

/// Who appends, as far as producers are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A client: everything is checked.
    Client {
        /// Whether the transaction's coordinator confirmed it, or none needed to.
        verified: bool,
        /// The verification that is under way.
        verification: Option<Verification>,
    },
    /// A coordinator, in the transaction of a client: sequences are not checked.
    OnBehalf {
        /// As above.
        verified: bool,
    },
    /// A coordinator: sequences are not checked. The version of transactions that the marker
    /// follows.
    Coordinator {
        /// From 2 on a marker's epoch must be above the producer's.
        transaction_version: i16,
    },
    /// The leader's log: what is in it is right.
    Log,
}

impl Writer {
    fn is_verified(self) -> bool {
        match self {
            Self::Client { verified, .. } | Self::OnBehalf { verified } => verified,
            Self::Coordinator { .. } | Self::Log => true,
        }
    }
}

/// Why a producer's batch is refused. Numbers are (incoming, known).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProducerError {
    /// INVALID_PRODUCER_EPOCH: a newer producer of this id has written.
    InvalidEpoch {
        /// As sent.
        epoch: i16,
        /// As known.
        current: i16,
    },
    /// OUT_OF_ORDER_SEQUENCE_NUMBER.
    OutOfOrderSequence {
        /// As sent.
        first_sequence: i32,
        /// The last one known.
        last_sequence: i32,
    },
    /// INVALID_TXN_STATE: a plain write inside a transaction, or a transaction that the coordinator
    /// does not know.
    InvalidTransactionState,
    /// TRANSACTION_COORDINATOR_FENCED: a marker from a former coordinator.
    CoordinatorFenced {
        /// As sent.
        epoch: i32,
        /// As known.
        current: i32,
    },
}

/// A transaction that a marker has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Completed {
    first_offset: i64,
    last_offset: i64,
}

/// The producers of a log.
#[derive(Debug, Clone, Default)]
pub struct Producers {
    producers: BTreeMap<i64, Producer>,
    /// Open transactions by first offset; the producer's id.
    ongoing: BTreeMap<i64, i64>,
    /// Ended ones whose marker is not known to be replicated, by first offset; the marker's offset.
    unreplicated: BTreeMap<i64, i64>,
    /// The offset up to which the state knows the log.
    pub(crate) end_offset: i64,
}

impl Producers {
    /// Nobody has written; the log is known up to `end_offset`.
    #[must_use]
    pub fn starting_at(end_offset: i64) -> Self {
        Self { end_offset, ..Self::default() }
    }

    /// All producers by id.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter().map(|(id, producer)| (*id, producer))
    }

    /// One producer.
    #[must_use]
    pub fn get(&self, producer_id: i64) -> Option<&Producer> {
        self.producers.get(&producer_id)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.producers.len()
    }

    /// Whether the producer has a transaction open in this epoch.
    #[must_use]
    pub fn has_open_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        self.get(producer_id)
            .is_some_and(|p| p.epoch == epoch && p.transaction_first_offset.is_some())
    }

    /// The earlier append that a client's batch repeats.
    #[must_use]
    pub fn duplicate_of(&self, header: &BatchHeader) -> Option<SeenBatch> {
        let producer = self.get(header.producer_id).filter(|p| p.epoch == header.producer_epoch)?;
        let last_sequence = header.last_sequence();
        let same = |seen: &&SeenBatch| {
            seen.last_sequence == last_sequence && seen.first_sequence() == header.base_sequence
        };
        producer.batches().iter().find(same).copied()
    }

    /// Whether the batch may be appended; changes nothing.
    ///
    /// # Errors
    /// As Kafka refuses it.
    pub fn check(
        &self,
        header: &BatchHeader,
        marker: Option<&Marker>,
        writer: Writer,
    ) -> Result<(), ProducerError> {
        if !header.has_producer_id() || writer == Writer::Log {
            return Ok(());
        }
        let known = self.get(header.producer_id);
        let current = known.copied().unwrap_or_else(Producer::unknown);
        if let Some(marker) = marker {
            return check_marker(header, marker, &current, writer);
        }
        if header.producer_epoch < current.epoch {
            return Err(ProducerError::InvalidEpoch {
                epoch: header.producer_epoch,
                current: current.epoch,
            });
        }
        let transactional = header.attributes.is_transactional();
        let open = self.has_open_transaction(header.producer_id, header.producer_epoch);
        if transactional && !open && !writer.is_verified() {
            return Err(ProducerError::InvalidTransactionState);
        }
        if let Writer::Client { verification, .. } = writer {
            check_sequence(header, &current, verification)?;
        }
        if current.transaction_first_offset.is_some() && !transactional {
            return Err(ProducerError::InvalidTransactionState);
        }
        Ok(())
    }

    /// Takes in a batch that is appended with the offsets in `header`. An aborted transaction that
    /// it ends is returned for the transaction index.
    pub fn append(&mut self, header: &BatchHeader, marker: Option<&Marker>) -> Option<Aborted> {
        self.end_offset = header.next_offset();
        if !header.has_producer_id() {
            return None;
        }
        let id = header.producer_id;
        if header.attributes.is_control() {
            let marker = marker?;
            let producer = self.producers.entry(id).or_insert_with(Producer::unknown);
            let first_offset = producer.transaction_first_offset.take();
            producer.set_epoch(header.producer_epoch);
            producer.coordinator_epoch = marker.coordinator_epoch;
            producer.last_timestamp = marker.timestamp;
            let completed =
                Completed { first_offset: first_offset?, last_offset: header.base_offset };
            return self.complete(id, completed, marker.aborts);
        }
        let producer = self.producers.entry(id).or_insert_with(Producer::unknown);
        producer.set_epoch(header.producer_epoch);
        producer.push(SeenBatch {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
        producer.last_timestamp = header.max_timestamp;
        if header.attributes.is_transactional() && producer.transaction_first_offset.is_none() {
            producer.transaction_first_offset = Some(header.base_offset);
            self.ongoing.insert(header.base_offset, id);
        }
        None
    }

    fn complete(
        &mut self,
        producer_id: i64,
        completed: Completed,
        aborts: bool,
    ) -> Option<Aborted> {
        let Completed { first_offset, last_offset } = completed;
        let next_open = self.ongoing.iter().find(|(_, id)| **id != producer_id);
        let last_stable_offset =
            next_open.map_or_else(|| last_offset.saturating_add(1), |(first, _)| *first);
        self.ongoing.remove(&first_offset);
        self.unreplicated.insert(first_offset, last_offset);
        let transaction = AbortedTransaction { producer_id, first_offset };
        aborts.then_some(Aborted { transaction, last_offset, last_stable_offset })
    }

    /// Records below `high_watermark` are replicated: markers there end their transactions for
    /// readers.
    pub fn on_high_watermark(&mut self, high_watermark: i64) {
        if !self.unreplicated.is_empty() {
            self.unreplicated.retain(|_, last_offset| *last_offset >= high_watermark);
        }
    }

    /// The first offset of a transaction that readers of committed records must not pass yet.
    #[must_use]
    pub fn first_unstable_offset(&self, high_watermark: i64) -> Option<i64> {
        let undecided = self.ongoing.keys().next().copied();
        let waiting = self.unreplicated.iter().find(|(_, last)| **last >= high_watermark);
        let waiting = waiting.map(|(first, _)| *first);
        [undecided, waiting].into_iter().flatten().min()
    }

    /// Forgets who wrote nothing for `expiration_ms`, unless a transaction is open.
    pub fn expire(&mut self, now: i64, expiration_ms: i64) {
        self.producers.retain(|_, producer| !is_expired(producer, now, expiration_ms));
    }
}

fn is_expired(producer: &Producer, now: i64, expiration_ms: i64) -> bool {
    producer.transaction_first_offset.is_none()
        && now.saturating_sub(producer.last_timestamp) >= expiration_ms
}

fn check_marker(
    header: &BatchHeader,
    marker: &Marker,
    current: &Producer,
    writer: Writer,
) -> Result<(), ProducerError> {
    let version = match writer {
        Writer::Coordinator { transaction_version } => transaction_version,
        Writer::Client { .. } | Writer::OnBehalf { .. } | Writer::Log => 0,
    };
    let (epoch, known) = (header.producer_epoch, current.epoch);
    // From version 2 on every transaction raises the epoch; an equal one is a repeated marker, or
    // the last there is.
    let repeated = version >= 2
        && epoch == known
        && (current.transaction_first_offset.is_none() || epoch == i16::MAX);
    let invalid = if version >= 2 { epoch <= known } else { epoch < known };
    if invalid && !repeated {
        return Err(ProducerError::InvalidEpoch { epoch, current: known });
    }
    if current.coordinator_epoch > marker.coordinator_epoch {
        return Err(ProducerError::CoordinatorFenced {
            epoch: marker.coordinator_epoch,
            current: current.coordinator_epoch,
        });
    }
    Ok(())
}

fn check_sequence(
    header: &BatchHeader,
    current: &Producer,
    verification: Option<Verification>,
) -> Result<(), ProducerError> {
    let (first, last) = (header.base_sequence, current.last_sequence());
    // The first batch of all must be the first one that the producer has sent; and one that waits
    // for its verification is not overtaken.
    let overtakes = verification.is_some_and(|it| {
        first > it.lowest_sequence || (it.adds && first != 0 && current.batches().is_empty())
    });
    let follows = if overtakes {
        false
    } else if current.epoch == NO_PRODUCER_EPOCH {
        // Nothing is known of it: what it had before may have expired or been deleted.
        true
    } else if header.producer_epoch != current.epoch {
        first == 0
    } else {
        i64::from(first) == i64::from(last) + 1 || (first == 0 && last == i32::MAX)
    };
    if follows {
        Ok(())
    } else {
        Err(ProducerError::OutOfOrderSequence { first_sequence: first, last_sequence: last })
    }
}
