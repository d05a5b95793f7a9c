//! The batches of one partition on their way: being filled, waiting, in flight, coming back.
//!
//! ```text
//! open ──full, linger over, flush──► waiting ──taken──► in flight ──answer──► settled
//!                                       ▲                    │
//!                                       └────── retriable ───┘  (then nothing more is taken until all
//!                                                                in flight have come back)
//! ```

use super::record::{Delivery, Fate, Record, Shipment};
use crate::Error;
use crate::metadata::TopicPartition;
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::record::batch::BatchHeader;
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

/// A batch that takes no more records.
pub(super) struct Batch {
    header: BatchHeader,
    bytes: Vec<u8>,
    shipment: Arc<Shipment>,
    began: Instant,
    /// What its records count in the producer's memory.
    pub(super) size_bytes: usize,
    pub(super) base_sequence: Option<i32>,
    pub(super) tries: u32,
    /// A try of it was not answered: it may be in the log.
    pub(super) may_be_there: bool,
    pub(super) not_before: Instant,
}

impl Batch {
    pub(super) fn partition(&self) -> &TopicPartition {
        &self.shipment.partition
    }

    pub(super) fn record_count(&self) -> i32 {
        self.header.record_count
    }

    pub(super) fn wire_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_expired(&self, now: Instant, timeout: std::time::Duration) -> bool {
        now >= self.began + timeout
    }

    pub(super) fn expires_at(&self, timeout: std::time::Duration) -> Instant {
        self.began + timeout
    }

    pub(super) fn age_ms(&self, now: Instant) -> u128 {
        now.since(self.began).as_millis()
    }

    /// The bytes as the producer of this id sends them, within a transaction or not.
    pub(super) fn signed(
        &mut self,
        producer: Option<(i64, i16)>,
        is_transactional: bool,
    ) -> bytes::Bytes {
        if let (Some((id, epoch)), Some(sequence)) = (producer, self.base_sequence) {
            let header = &mut self.header;
            if header.producer_id != id
                || header.producer_epoch != epoch
                || header.base_sequence != sequence
            {
                header.producer_id = id;
                header.producer_epoch = epoch;
                header.base_sequence = sequence;
                if is_transactional {
                    header.attributes = header.attributes.with_transactional();
                }
                header.write_over(&mut self.bytes);
            }
        }
        bytes::Bytes::copy_from_slice(&self.bytes)
    }

    pub(super) fn settle(self, fate: Result<Fate, Error>) {
        self.shipment.settle(fate);
    }
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
            self.close()?;
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
        open.builder
            .append(&NewRecord {
                timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            })
            .map_err(|error| Error::Usage(error.to_string()))?;
        open.size_bytes += size_bytes;
        let delivery = Delivery { shipment: open.shipment.clone(), index };
        if open.builder.unpacked_size_bytes() >= batch_bytes {
            self.close()?;
        }
        Ok(delivery)
    }

    /// Packs the open batch, which then waits to be taken.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        match open.builder.build_with_header() {
            Ok((header, bytes)) => {
                self.waiting.push_back(Batch {
                    header,
                    bytes: bytes.into(),
                    shipment: open.shipment,
                    began: open.began,
                    size_bytes: open.size_bytes,
                    base_sequence: None,
                    tries: 0,
                    may_be_there: false,
                    not_before: Instant::default(),
                });
                Ok(())
            }
            Err(error) => {
                let error = Error::Usage(error.to_string());
                open.shipment.settle(Err(error.clone()));
                Err(error)
            }
        }
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
        // What cannot be packed has been told so.
        let _packed = self.close();
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

    /// Gives up everything that is not in flight; what that took, and whether some had numbers.
    pub(super) fn discard(&mut self, error: &Error) -> (usize, bool) {
        // What cannot be packed has been told so.
        let _packed = self.close();
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
    use super::{Instant, Queue, Record};
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
                queue.close().unwrap();
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
}
