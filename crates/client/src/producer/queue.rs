//! The batches of one partition on their way: being filled, waiting, in flight, coming back.
//!
//! ```text
//! open ──full, linger over, flush──► waiting ──taken──► in flight ──answer──► settled
//!                                       ▲                    │
//!                                       └────── retriable ───┘  (then nothing more is taken until all
//!                                                                in flight have come back)
//! ```

use super::batch::Batch;
use super::record::{Delivery, Record, Shipment};
use crate::Error;
use crate::metadata::TopicPartition;
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::record::{BatchBuilder, Compression, Header, NewRecord};
use std::collections::VecDeque;
use std::sync::Arc;

/// The most that a record's parts take beside their bytes: five varints and one long one.
const RECORD_OVERHEAD_MAX: usize = 5 * 5 + 10 + 1;

/// How many bytes a record takes in a batch, at most.
pub(super) fn size_of(record: &Record) -> usize {
    let part = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    let headers: usize =
        record.headers.iter().map(|(key, value)| key.len() + part(value) + 10).sum();
    RECORD_OVERHEAD_MAX + part(&record.key) + part(&record.value) + headers
}

struct Open {
    builder: BatchBuilder,
    shipment: Arc<Shipment>,
    began: Instant,
    size_bytes: usize,
}

/// The batches of one partition.
#[derive(Default)]
pub(super) struct Queue {
    open: Option<Open>,
    pub(super) waiting: VecDeque<Batch>,
    pub(super) in_flight: usize,
    /// A batch came back: what is behind it must not overtake it.
    pub(super) is_recovering: bool,
    pub(super) next_sequence: i32,
    /// A batch with a number was given up: those behind it do not fit any more.
    pub(super) has_gap: bool,
    /// What batches took that could not be packed, and why.
    given_up: Vec<(usize, Error)>,
}

impl Queue {
    /// Adds a record to the open batch, or to a new one.
    pub(super) fn add(
        &mut self,
        partition: &TopicPartition,
        record: &Record,
        (timestamp, now): (i64, Instant),
        (batch_bytes, compression): (usize, Compression),
    ) -> Result<Delivery, Error> {
        let size_bytes = size_of(record);
        let is_full = |open: &Open| open.builder.unpacked_size_bytes() + size_bytes > batch_bytes;
        if self.open.as_ref().is_some_and(is_full) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Open {
            builder: BatchBuilder::new(0).compression(compression),
            shipment: Shipment::new(partition.clone()),
            began: now,
            size_bytes: 0,
        });
        let headers: Vec<Header<'_>> = record
            .headers
            .iter()
            .map(|(key, value)| Header { key, value: value.as_deref() })
            .collect();
        let index = open.builder.record_count().unsigned_abs();
        let appended = open.builder.append(&NewRecord {
            timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        });
        if let Err(error) = appended {
            // A batch of nothing is nothing to send.
            self.open.take_if(|open| open.builder.record_count() == 0);
            return Err(Error::Usage(error.to_string()));
        }
        open.size_bytes += size_bytes;
        let delivery = Delivery { shipment: open.shipment.clone(), index };
        if open.builder.unpacked_size_bytes() >= batch_bytes {
            self.close();
        }
        Ok(delivery)
    }

    /// Packs the open batch, which then waits to be taken. One that cannot be packed is given up, and is told by
    /// [`Queue::take_given_up`].
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let Open { builder, shipment, began, size_bytes } = open;
        match Batch::pack(builder, shipment.clone(), began, size_bytes) {
            Ok(batch) => self.waiting.push_back(batch),
            Err(error) => {
                let error = Error::Usage(error.to_string());
                shipment.settle(Err(error.clone()));
                self.given_up.push((size_bytes, error));
            }
        }
    }

    /// What the batches took that could not be packed, and why they could not be.
    pub(super) fn take_given_up(&mut self) -> Vec<(usize, Error)> {
        std::mem::take(&mut self.given_up)
    }

    /// Packs the open batch if nothing more is waited for; else when to look again.
    pub(super) fn close_at(
        &mut self,
        linger: std::time::Duration,
        is_urgent: bool,
        now: Instant,
    ) -> Option<Instant> {
        let due = self.open_since()? + linger;
        if !is_urgent && now < due {
            return Some(due);
        }
        self.close();
        None
    }

    /// When the open batch began.
    pub(super) fn open_since(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.began)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_none() && self.waiting.is_empty() && self.in_flight == 0
    }

    /// A batch that is to be tried again takes its old place: those that were numbered come
    /// first, in the order of their numbers.
    pub(super) fn put_back(&mut self, batch: Batch) {
        self.is_recovering = true;
        let place = match batch.base_sequence {
            Some(sequence) => self
                .waiting
                .iter()
                .position(|other| other.base_sequence.is_none_or(|number| number > sequence)),
            None => Some(0),
        };
        self.waiting.insert(place.unwrap_or(self.waiting.len()), batch);
    }

    /// The parts of a batch that was split take its place.
    pub(super) fn put_parts_back(&mut self, parts: [Batch; 2]) {
        parts.into_iter().rev().for_each(|part| self.put_back(part));
    }

    /// Gives up everything that is not in flight; what that took, and whether some had numbers.
    pub(super) fn discard(&mut self, error: &Error) -> (usize, bool) {
        self.close();
        let (mut freed, mut has_gap) = (0, false);
        for batch in self.waiting.drain(..) {
            freed += batch.size_bytes;
            has_gap |= batch.base_sequence.is_some();
            batch.settle(Err(error.clone()));
        }
        (freed, has_gap)
    }

    /// Numbers begin again: the producer has a new id. A batch that may be in the log under the old
    /// one would be there twice, so it is given up. Returns what those took.
    pub(super) fn renumber(&mut self) -> usize {
        self.next_sequence = 0;
        self.has_gap = false;
        let mut freed = 0;
        for mut batch in std::mem::take(&mut self.waiting) {
            if batch.may_be_there {
                freed += batch.size_bytes;
                batch.settle(Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER.into()));
            } else {
                batch.base_sequence = None;
                self.waiting.push_back(batch);
            }
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::super::sender::settle_given_up;
    use super::super::transaction::{End, Transaction, TransactionError};
    use super::{BatchBuilder, Error, Instant, Queue, Record};
    use crate::metadata::TopicPartition;
    use dohle_protocol::ErrorCode;
    use dohle_protocol::record::Compression;

    #[test]
    fn under_a_new_id_nothing_is_sent_that_may_be_there_already() {
        let mut queue = Queue::default();
        let partition = TopicPartition::new("t", 0);
        let times = (1, Instant::default());
        let deliveries: Vec<_> = ["a", "b"]
            .into_iter()
            .zip([7, 8])
            .map(|(value, sequence)| {
                let record = Record::of_value("t", value);
                let limits = (1_000, Compression::NONE);
                let delivery = queue.add(&partition, &record, times, limits).unwrap();
                queue.close();
                queue.waiting.back_mut().unwrap().base_sequence = Some(sequence);
                delivery
            })
            .collect();
        queue.waiting[0].may_be_there = true;
        let size = queue.waiting[0].size_bytes;
        assert_eq!(queue.renumber(), size);
        let failed = deliveries[0].get().unwrap().unwrap_err();
        assert_eq!(failed.code(), Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        assert_eq!(deliveries[1].get(), None);
        assert_eq!(queue.waiting.len(), 1);
        assert_eq!(queue.waiting[0].base_sequence, None);
    }

    fn add(queue: &mut Queue, timestamp: i64) -> Result<super::Delivery, Error> {
        let (partition, record) = (TopicPartition::new("t", 0), Record::of_value("t", "v"));
        let (times, limits) = ((timestamp, Instant::default()), (1_000, Compression::NONE));
        queue.add(&partition, &record, times, limits)
    }

    #[test]
    fn what_cannot_be_packed_frees_its_room_and_fails_its_transaction() {
        let mut queue = Queue::default();
        let delivery = add(&mut queue, 1).unwrap();
        let open = queue.open.as_mut().unwrap();
        // Within a transaction of nobody.
        open.builder = BatchBuilder::new(0).transactional();
        let size = open.size_bytes;
        queue.close();
        assert!(queue.is_idle());
        assert!(matches!(delivery.get(), Some(Err(Error::Usage(_)))));
        let mut transaction = Transaction::new();
        transaction.initialize().unwrap();
        transaction.be_ready(true);
        transaction.begin().unwrap();
        assert_eq!(settle_given_up(&mut queue, Some(&mut transaction)), size);
        assert!(matches!(transaction.end(End::Commit), Err(TransactionError::Abort(_))));
        assert_eq!(settle_given_up(&mut queue, None), 0, "told once");
    }

    #[test]
    fn a_record_that_no_batch_takes_leaves_no_empty_one() {
        let mut queue = Queue::default();
        assert!(matches!(add(&mut queue, -7), Err(Error::Usage(_))));
        assert!(queue.is_idle());
        add(&mut queue, 1).unwrap();
        assert!(add(&mut queue, -7).is_err());
        queue.close();
        assert_eq!(queue.waiting[0].record_count(), 1);
    }
}
