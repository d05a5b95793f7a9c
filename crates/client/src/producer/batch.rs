//! A batch of records on its way: as it is sent, and what it is known by until it is settled.

use super::record::{Fate, Shipment};
use crate::Error;
use crate::limits::UNPACKED_BYTES_MAX;
use crate::metadata::TopicPartition;
use dohle_env::clock::Instant;
use dohle_protocol::record::batch::{BatchHeader, increment_sequence};
use dohle_protocol::record::{self, BatchBuilder, BuildError, Compression, RecordRef};
use std::sync::Arc;

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
    /// Packs the records that were gathered since `began`, and that count so much in the producer's memory.
    ///
    /// # Errors
    /// When they cannot be packed.
    pub(super) fn pack(
        builder: BatchBuilder,
        shipment: Arc<Shipment>,
        began: Instant,
        size_bytes: usize,
    ) -> Result<Self, BuildError> {
        let (header, bytes) = builder.build_with_header()?;
        Ok(Self {
            header,
            bytes: bytes.into(),
            shipment,
            began,
            size_bytes,
            base_sequence: None,
            tries: 0,
            may_be_there: false,
            not_before: Instant::default(),
        })
    }

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

    /// Two batches of its records, which have their numbers and are not tried yet. It must have two records at least,
    /// and is given back as it was where that cannot be done.
    pub(super) fn split(self, compression: Compression) -> Result<[Self; 2], Box<Self>> {
        let Some(built) = self.parts(compression) else { return Err(Box::new(self)) };
        let counts = built.each_ref().map(|(header, _)| header.record_count);
        let first = self.size_bytes / self.header.record_count as usize * counts[0] as usize;
        let mut sizes = [first, self.size_bytes - first].into_iter();
        let next = self.base_sequence.map(|base| increment_sequence(base, counts[0]));
        let mut sequences = [self.base_sequence, next].into_iter();
        let mut shipments = self.shipment.split(&counts.map(i32::unsigned_abs)).into_iter();
        Ok(built.map(|(header, bytes)| Self {
            header,
            bytes,
            shipment: shipments.next().expect("one for each part"),
            began: self.began,
            size_bytes: sizes.next().expect("one for each part"),
            base_sequence: sequences.next().expect("one for each part"),
            tries: 0,
            may_be_there: false,
            not_before: Instant::default(),
        }))
    }

    /// Its records in two batches of about the same size.
    fn parts(&self, compression: Compression) -> Option<[(BatchHeader, Vec<u8>); 2]> {
        let batch = record::Batch::parse(&self.bytes).ok()?;
        let mut buffer = Vec::new();
        let records = batch.records(&mut buffer, UNPACKED_BYTES_MAX).ok()?;
        let records: Vec<RecordRef<'_>> = records.collect::<Result<_, _>>().ok()?;
        let half = records.iter().map(|one| one.size_bytes).sum::<usize>() / 2;
        let mut size_bytes = 0;
        let larger = records.iter().position(|one| {
            size_bytes += one.size_bytes;
            size_bytes > half
        });
        // The one in the middle goes to the second part; each has one at least.
        let middle = larger?.max(1);
        let build = |records: &[RecordRef<'_>]| {
            let mut builder = BatchBuilder::new(0).compression(compression);
            for (record, offset) in records.iter().zip(0..) {
                builder.append_record(offset, record).ok()?;
            }
            let (header, bytes) = builder.build_with_header().ok()?;
            Some((header, bytes.to_vec()))
        };
        let (first, second) =
            records.split_at_checked(middle).filter(|(_, two)| !two.is_empty())?;
        Some([build(first)?, build(second)?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Delivery;
    use super::*;
    use dohle_protocol::record::{Codec, NewRecord};

    /// A batch of values of these sizes, and its records' deliveries.
    fn batch(sizes: &[usize], compression: Compression) -> (Batch, Vec<Delivery>) {
        let mut builder = BatchBuilder::new(0).compression(compression);
        for (index, size) in (0..).zip(sizes) {
            let value = vec![index; *size];
            builder.append(&NewRecord { value: Some(&value), ..NewRecord::default() }).unwrap();
        }
        let shipment = Shipment::new(TopicPartition::new("t", 0));
        let deliveries = (0..sizes.len() as u32)
            .map(|index| Delivery { shipment: shipment.clone(), index })
            .collect();
        (Batch::pack(builder, shipment, Instant::default(), 1_001).unwrap(), deliveries)
    }

    #[test]
    fn parts_have_the_records_in_their_order_and_their_numbers() {
        for (sizes, counts) in [
            (&[10, 10][..], [1, 1]),
            (&[10, 10, 10], [1, 2]),
            (&[900, 10, 10], [1, 2]),
            (&[10, 10, 900], [2, 1]),
            (&[1; 60], [30, 30]),
        ] {
            for codec in [Codec::None, Codec::Gzip] {
                let compression = Compression::of(codec);
                let (mut whole, _) = batch(sizes, compression);
                whole.base_sequence = Some(i32::MAX);
                whole.may_be_there = true;
                let parts = whole.split(compression).ok().unwrap();
                assert_eq!(parts.each_ref().map(Batch::record_count), counts, "{sizes:?}");
                let sequences = parts.each_ref().map(|part| part.base_sequence);
                assert_eq!(sequences, [Some(i32::MAX), Some(counts[0] - 1)]);
                assert_eq!(parts[0].size_bytes + parts[1].size_bytes, 1_001);
                assert!(parts.iter().all(|part| part.tries == 0 && !part.may_be_there));
                let mut values = Vec::new();
                for part in parts {
                    let read = record::Batch::parse(&part.bytes).unwrap();
                    read.ensure_valid().unwrap();
                    assert_eq!(read.header.attributes.compression().unwrap(), codec);
                    let mut buffer = Vec::new();
                    for record in read.records(&mut buffer, 1 << 20).unwrap() {
                        values.push(record.unwrap().value.unwrap().to_vec());
                    }
                }
                let whole: Vec<_> =
                    (0..).zip(sizes).map(|(index, size)| vec![index; *size]).collect();
                assert_eq!(values, whole);
            }
        }
    }

    #[test]
    fn a_delivery_follows_its_record_into_the_parts() {
        let (whole, deliveries) = batch(&[1; 4], Compression::NONE);
        let [first, second] = whole.split(Compression::NONE).ok().unwrap();
        let [third, fourth] = second.split(Compression::NONE).ok().unwrap();
        let fate = |base| Fate { base_offset: Some(base), log_append_time: None, at: Instant(0) };
        first.settle(Ok(fate(70)));
        fourth.settle(Err(Error::Closed));
        let offsets = |deliveries: &[Delivery]| -> Vec<_> {
            let told = deliveries.iter().map(Delivery::get);
            told.map(|told| told.map(|told| told.map(|told| told.offset.unwrap()))).collect()
        };
        let lost = Some(Err(Error::Closed));
        assert_eq!(offsets(&deliveries), [Some(Ok(70)), Some(Ok(71)), None, lost.clone()]);
        third.settle(Ok(fate(90)));
        assert_eq!(offsets(&deliveries), [Some(Ok(70)), Some(Ok(71)), Some(Ok(90)), lost]);
    }

    #[test]
    fn one_record_is_not_split() {
        assert!(batch(&[9], Compression::NONE).0.split(Compression::NONE).is_err());
    }
}
