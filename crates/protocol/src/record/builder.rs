//! Making batches of magic 2, byte for byte as Kafka's own builder makes them (codec none).

use std::fmt;

use bytes::Bytes;

use super::batch::{Attributes, BatchHeader, HEADER_SIZE, LOG_OVERHEAD, MAGIC_V2, TimestampType};
use super::compression::{Compression, CompressionError, compress};
use super::record::{Header, RecordRef};
use super::{Codec, NO_TIMESTAMP};
use super::{NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE};
use crate::varint;

/// Why a batch cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// An offset that is not above the one before, or below the batch's base.
    OffsetOrder {
        /// The offset.
        offset: i64,
    },
    /// An offset too far from the base for its 32 bits.
    OffsetTooFar {
        /// The offset.
        offset: i64,
    },
    /// A negative timestamp other than -1.
    NegativeTimestamp {
        /// The timestamp.
        timestamp: i64,
    },
    /// A producer id without epoch or sequence, or a transaction without producer id.
    ProducerState,
    /// The batch would be larger than its 32-bit length can say.
    TooLarge,
    /// What the magic cannot hold.
    NotInMagic {
        /// The magic.
        magic: i8,
    },
    /// Packing failed.
    Compression(CompressionError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OffsetOrder { offset } => write!(f, "offset {offset} does not rise"),
            Self::OffsetTooFar { offset } => {
                write!(f, "offset {offset} is too far from the batch's base")
            }
            Self::NegativeTimestamp { timestamp } => write!(f, "negative timestamp {timestamp}"),
            Self::ProducerState => f.write_str("incomplete producer id, epoch and sequence"),
            Self::TooLarge => f.write_str("batch is larger than 2 GiB"),
            Self::NotInMagic { magic } => write!(f, "magic {magic} cannot hold this"),
            Self::Compression(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<CompressionError> for BuildError {
    fn from(error: CompressionError) -> Self {
        Self::Compression(error)
    }
}

/// A record to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// Its timestamp.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [Header<'a>],
}

/// Builds one batch of magic 2.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    header: BatchHeader,
    compression: Compression,
    log_append_time: Option<i64>,
    base_timestamp: Option<i64>,
    next_offset: i64,
    /// Room for the header, then the records, not packed.
    bytes: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch: not packed, create time, no producer, no leader epoch.
    #[must_use]
    pub fn new(base_offset: i64) -> Self {
        Self {
            header: BatchHeader {
                base_offset,
                length: 0,
                partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
                crc: 0,
                attributes: Attributes::default(),
                last_offset_delta: 0,
                base_timestamp: NO_TIMESTAMP,
                max_timestamp: NO_TIMESTAMP,
                producer_id: NO_PRODUCER_ID,
                producer_epoch: NO_PRODUCER_EPOCH,
                base_sequence: NO_SEQUENCE,
                record_count: 0,
            },
            compression: Compression::NONE,
            log_append_time: None,
            base_timestamp: None,
            next_offset: base_offset,
            bytes: vec![0; HEADER_SIZE],
        }
    }

    /// Packs the records.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        let timestamp_type = self.header.attributes.timestamp_type();
        let codec = Attributes::new(compression.codec(), timestamp_type);
        self.header.attributes = Attributes((self.header.attributes.0 & !0x07) | codec.0);
        self
    }

    /// With the broker's time as every record's timestamp.
    #[must_use]
    pub fn log_append_time(mut self, time: i64) -> Self {
        self.log_append_time = Some(time);
        self.header.attributes =
            self.header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
        self
    }

    /// By an idempotent producer.
    #[must_use]
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
        self
    }

    /// As part of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.header.attributes = self.header.attributes.with_transactional();
        self
    }

    /// With control records.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.header.attributes = self.header.attributes.with_control();
        self
    }

    /// With the time from which tombstones and markers may go; timestamp deltas count from it.
    #[must_use]
    pub fn delete_horizon(mut self, time_ms: i64) -> Self {
        self.header.attributes = self.header.attributes.with_delete_horizon();
        self.base_timestamp = Some(time_ms);
        self
    }

    /// Placed by the leader of this epoch.
    #[must_use]
    pub fn partition_leader_epoch(mut self, epoch: i32) -> Self {
        self.header.partition_leader_epoch = epoch;
        self
    }

    /// How many records were added.
    #[must_use]
    pub fn record_count(&self) -> i32 {
        self.header.record_count
    }

    /// The size of the batch so far, were it not packed.
    #[must_use]
    pub fn unpacked_size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a record at the next offset.
    ///
    /// # Errors
    /// As [`BatchBuilder::append_at`].
    pub fn append(&mut self, record: &NewRecord<'_>) -> Result<(), BuildError> {
        self.append_at(self.next_offset, record)
    }

    /// Adds a record at `offset`.
    ///
    /// # Errors
    /// When the offset does not rise or is too far from the base, or the timestamp is negative and
    /// not -1. The batch is then as before.
    pub fn append_at(&mut self, offset: i64, record: &NewRecord<'_>) -> Result<(), BuildError> {
        self.append_parts(offset, record, record.headers.iter().copied())
    }

    /// Adds a record that was read, at `offset`.
    ///
    /// # Errors
    /// As [`BatchBuilder::append_at`].
    pub fn append_record(&mut self, offset: i64, record: &RecordRef<'_>) -> Result<(), BuildError> {
        let RecordRef { timestamp, key, value, headers, .. } = *record;
        self.append_parts(offset, &NewRecord { timestamp, key, value, headers: &[] }, headers)
    }

    fn append_parts<'h>(
        &mut self,
        offset: i64,
        record: &NewRecord<'_>,
        headers: impl ExactSizeIterator<Item = Header<'h>> + Clone,
    ) -> Result<(), BuildError> {
        let timestamp = record.timestamp;
        if offset < self.next_offset {
            return Err(BuildError::OffsetOrder { offset });
        }
        if timestamp < 0 && timestamp != NO_TIMESTAMP {
            return Err(BuildError::NegativeTimestamp { timestamp });
        }
        let offset_delta = offset
            .checked_sub(self.header.base_offset)
            .and_then(|delta| i32::try_from(delta).ok())
            .ok_or(BuildError::OffsetTooFar { offset })?;
        let base_timestamp = *self.base_timestamp.get_or_insert(timestamp);
        let deltas = (offset_delta, timestamp.wrapping_sub(base_timestamp));
        let body_size = body_size(deltas, record, headers.clone());
        if self.bytes.len() + body_size + varint::SIZE_MAX_32 > i32::MAX as usize {
            return Err(BuildError::TooLarge);
        }
        write_record(body_size, deltas, record, headers, &mut self.bytes);
        self.next_offset = offset.wrapping_add(1);
        self.header.last_offset_delta = offset_delta;
        self.header.record_count += 1;
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        Ok(())
    }

    /// Sets the last offset beyond the last record, as compaction does.
    ///
    /// # Errors
    /// When it is below the last record's or too far from the base.
    pub fn override_last_offset(&mut self, offset: i64) -> Result<(), BuildError> {
        let delta = offset.wrapping_sub(self.header.base_offset);
        match i32::try_from(delta) {
            Ok(delta) if delta >= self.header.last_offset_delta => {
                self.header.last_offset_delta = delta;
                Ok(())
            }
            _ => Err(BuildError::OffsetTooFar { offset }),
        }
    }

    /// The batch; empty bytes if no record was added.
    ///
    /// # Errors
    /// When the producer's fields do not fit together, or packing fails.
    pub fn build(self) -> Result<Bytes, BuildError> {
        self.build_with_header().map(|(_, bytes)| bytes)
    }

    /// The batch with its header; empty bytes if no record was added.
    ///
    /// # Errors
    /// As [`BatchBuilder::build`].
    pub fn build_with_header(self) -> Result<(BatchHeader, Bytes), BuildError> {
        self.check_producer()?;
        let mut header = self.header;
        if header.record_count == 0 {
            return Ok((header, Bytes::new()));
        }
        let mut bytes = self.bytes;
        if self.compression.codec() != Codec::None {
            let mut packed = Vec::with_capacity(HEADER_SIZE + bytes.len() / 2);
            packed.resize(HEADER_SIZE, 0);
            compress(self.compression, MAGIC_V2, &bytes[HEADER_SIZE..], &mut packed)?;
            bytes = packed;
        }
        header.length =
            i32::try_from(bytes.len() - LOG_OVERHEAD).map_err(|_| BuildError::TooLarge)?;
        header.base_timestamp = self.base_timestamp.unwrap_or(NO_TIMESTAMP);
        header.max_timestamp = self.log_append_time.unwrap_or(header.max_timestamp);
        header.write_over(&mut bytes);
        Ok((header, bytes.into()))
    }

    fn check_producer(&self) -> Result<(), BuildError> {
        let header = &self.header;
        if header.producer_id == NO_PRODUCER_ID {
            return if header.attributes.is_transactional() {
                Err(BuildError::ProducerState)
            } else {
                Ok(())
            };
        }
        let sequence_missing = header.base_sequence < 0 && !header.attributes.is_control();
        if header.producer_epoch == NO_PRODUCER_EPOCH || sequence_missing {
            return Err(BuildError::ProducerState);
        }
        Ok(())
    }
}

fn size_nullable(part: Option<&[u8]>) -> usize {
    match part {
        None => 1,
        Some(bytes) => varint::size_signed(bytes.len() as i32) + bytes.len(),
    }
}

fn body_size<'h>(
    (offset_delta, timestamp_delta): (i32, i64),
    record: &NewRecord<'_>,
    headers: impl ExactSizeIterator<Item = Header<'h>>,
) -> usize {
    1 + varint::size_signed(offset_delta)
        + varint::size_signed_long(timestamp_delta)
        + size_nullable(record.key)
        + size_nullable(record.value)
        + varint::size_signed(headers.len() as i32)
        + headers
            .map(|header| size_nullable(Some(header.key)) + size_nullable(header.value))
            .sum::<usize>()
}

fn write_record<'h>(
    body_size: usize,
    (offset_delta, timestamp_delta): (i32, i64),
    record: &NewRecord<'_>,
    headers: impl ExactSizeIterator<Item = Header<'h>>,
    into: &mut Vec<u8>,
) {
    into.reserve(body_size + varint::SIZE_MAX_32);
    varint::write_signed(body_size as i32, into);
    into.push(0);
    varint::write_signed_long(timestamp_delta, into);
    varint::write_signed(offset_delta, into);
    write_nullable(record.key, into);
    write_nullable(record.value, into);
    varint::write_signed(headers.len() as i32, into);
    for header in headers {
        write_nullable(Some(header.key), into);
        write_nullable(header.value, into);
    }
}

fn write_nullable(part: Option<&[u8]>, into: &mut Vec<u8>) {
    match part {
        None => varint::write_signed(-1, into),
        Some(bytes) => {
            varint::write_signed(bytes.len() as i32, into);
            into.extend_from_slice(bytes);
        }
    }
}
