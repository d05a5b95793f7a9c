//! The header of a batch of magic 2.
//!
//! ```text
//!  0 baseOffset 8 | 8 length 4 (of all that follows) | 12 partitionLeaderEpoch 4 | 16 magic 1
//! 17 crc 4 (CRC-32C of all from 21 on) | 21 attributes 2 | 23 lastOffsetDelta 4
//! 27 baseTimestamp 8 | 35 maxTimestamp 8 | 43 producerId 8 | 51 producerEpoch 2
//! 53 baseSequence 4 | 57 recordCount 4 | 61 records, packed as one if there is a codec
//! ```

use std::fmt;

use super::compression::Codec;
use super::crc::crc32c;
use super::{BatchError, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP, legacy};

/// Offset and length: what stands before the bytes that the length counts, in every magic.
pub const LOG_OVERHEAD: usize = 12;
/// The header of a batch of magic 2, [`LOG_OVERHEAD`] included.
pub const HEADER_SIZE: usize = 61;
/// The bytes at a batch's start that a broker rewrites and no checksum covers.
pub const PLACED_PREFIX_SIZE: usize = 16;
/// Where the magic stands, in every magic.
pub const MAGIC_POSITION: usize = 16;
/// The magic of today's batches.
pub const MAGIC_V2: i8 = 2;

pub(crate) const CRC_POSITION: usize = 17;
/// Where the checksum's cover begins.
pub(crate) const ATTRIBUTES_POSITION: usize = 21;

/// Who set the timestamps of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// The producer, per record.
    #[default]
    CreateTime,
    /// The broker, one for the whole batch.
    LogAppendTime,
}

impl TimestampType {
    /// Kafka's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

/// The attribute bits of a batch of magic 2. Unknown bits are kept until the broker rewrites them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    const CODEC: i16 = 0x07;
    const LOG_APPEND_TIME: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;
    const DELETE_HORIZON: i16 = 0x40;

    /// The attributes that say just this.
    #[must_use]
    pub const fn new(codec: Codec, timestamp_type: TimestampType) -> Self {
        Self(codec.id() as i16).with_timestamp_type(timestamp_type)
    }

    /// The codec of the records.
    ///
    /// # Errors
    /// The number, where no codec has it.
    pub fn compression(self) -> Result<Codec, UnknownCodec> {
        let id = (self.0 & Self::CODEC) as u8;
        Codec::from_id(id).ok_or(UnknownCodec(id))
    }

    /// Who set the timestamps.
    #[must_use]
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub const fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records, which no application sees.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp is the time at which tombstones and markers may go.
    #[must_use]
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    /// The same with another timestamp type.
    #[must_use]
    pub const fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        match timestamp_type {
            TimestampType::CreateTime => Self(self.0 & !Self::LOG_APPEND_TIME),
            TimestampType::LogAppendTime => Self(self.0 | Self::LOG_APPEND_TIME),
        }
    }

    /// The same, in a transaction.
    #[must_use]
    pub const fn with_transactional(self) -> Self {
        Self(self.0 | Self::TRANSACTIONAL)
    }

    /// The same, with control records.
    #[must_use]
    pub const fn with_control(self) -> Self {
        Self(self.0 | Self::CONTROL)
    }

    /// The same, with the base timestamp as delete horizon.
    #[must_use]
    pub const fn with_delete_horizon(self) -> Self {
        Self(self.0 | Self::DELETE_HORIZON)
    }

    /// Without the bits that mean nothing: what Kafka writes when it rewrites attributes.
    #[must_use]
    pub const fn known(self) -> Self {
        Self(self.0 & 0x7f)
    }
}

/// A codec number that no codec has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCodec(pub u8);

impl fmt::Display for UnknownCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown compression type id: {}", self.0)
    }
}

impl std::error::Error for UnknownCodec {}

/// All fields of a batch's header, magic 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// The first record's offset, even after compaction removed that record.
    pub base_offset: i64,
    /// How many bytes follow the length field.
    pub length: i32,
    /// The epoch of the leader that placed the batch.
    pub partition_leader_epoch: i32,
    /// CRC-32C of all from the attributes on.
    pub crc: u32,
    /// Codec and flags.
    pub attributes: Attributes,
    /// The last record's offset, less the base offset; compaction keeps it.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas count from; the delete horizon if the flag is set.
    pub base_timestamp: i64,
    /// The highest timestamp of the records, or the log append time.
    pub max_timestamp: i64,
    /// The idempotent producer's id, or -1.
    pub producer_id: i64,
    /// Its epoch, or -1.
    pub producer_epoch: i16,
    /// The first record's sequence, or -1.
    pub base_sequence: i32,
    /// How many records there are.
    pub record_count: i32,
}

impl BatchHeader {
    /// The header at the start of `bytes`. The checksum is not looked at.
    ///
    /// # Errors
    /// When the bytes are fewer than a header, the magic is not 2, or the length is smaller than a
    /// header's.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_SIZE>() else {
            return Err(BatchError::HeaderIncomplete { size_bytes: bytes.len() });
        };
        let length = i32::from_be_bytes(field(header, 8));
        let [magic] = field::<1>(header, MAGIC_POSITION);
        if i64::from(length) < legacy::RECORD_SIZE_MIN as i64 {
            return Err(BatchError::LengthTooSmall { length });
        }
        if magic as i8 != MAGIC_V2 {
            return Err(BatchError::InvalidMagic { magic: magic as i8 });
        }
        if length as usize + LOG_OVERHEAD < HEADER_SIZE {
            return Err(BatchError::HeaderIncomplete {
                size_bytes: length as usize + LOG_OVERHEAD,
            });
        }
        Ok(Self {
            base_offset: i64::from_be_bytes(field(header, 0)),
            length,
            partition_leader_epoch: i32::from_be_bytes(field(header, 12)),
            crc: u32::from_be_bytes(field(header, CRC_POSITION)),
            attributes: Attributes(i16::from_be_bytes(field(header, ATTRIBUTES_POSITION))),
            last_offset_delta: i32::from_be_bytes(field(header, 23)),
            base_timestamp: i64::from_be_bytes(field(header, 27)),
            max_timestamp: i64::from_be_bytes(field(header, 35)),
            producer_id: i64::from_be_bytes(field(header, 43)),
            producer_epoch: i16::from_be_bytes(field(header, 51)),
            base_sequence: i32::from_be_bytes(field(header, 53)),
            record_count: i32::from_be_bytes(field(header, 57)),
        })
    }

    /// The header's bytes, checksum as in the field.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[..PLACED_PREFIX_SIZE]
            .copy_from_slice(&self.placed_prefix(self.base_offset, self.partition_leader_epoch));
        bytes[MAGIC_POSITION] = MAGIC_V2 as u8;
        bytes[CRC_POSITION..21].copy_from_slice(&self.crc.to_be_bytes());
        bytes[ATTRIBUTES_POSITION..23].copy_from_slice(&self.attributes.0.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer_id.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer_epoch.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        bytes
    }

    /// Writes the header over the start of `batch`, with the checksum that the batch then has, and
    /// keeps that checksum in the field.
    ///
    /// # Panics
    /// When `batch` is shorter than a header.
    pub fn write_over(&mut self, batch: &mut [u8]) {
        batch[..HEADER_SIZE].copy_from_slice(&self.to_bytes());
        self.crc = crc32c(&batch[ATTRIBUTES_POSITION..]);
        batch[CRC_POSITION..ATTRIBUTES_POSITION].copy_from_slice(&self.crc.to_be_bytes());
    }

    /// The header that compaction keeps of a batch whose records are all gone: producer fields, last
    /// offset and highest timestamp remain. [`BatchHeader::write_over`] gives its checksum.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let flags = Attributes::TRANSACTIONAL | Attributes::CONTROL | Attributes::LOG_APPEND_TIME;
        Self {
            length: (HEADER_SIZE - LOG_OVERHEAD) as i32,
            attributes: Attributes(self.attributes.0 & flags),
            base_timestamp: NO_TIMESTAMP,
            record_count: 0,
            ..*self
        }
    }

    /// The first 16 bytes as a broker stores them; the rest of the batch stays as it came.
    #[must_use]
    pub fn placed_prefix(
        &self,
        base_offset: i64,
        partition_leader_epoch: i32,
    ) -> [u8; PLACED_PREFIX_SIZE] {
        let mut prefix = [0; PLACED_PREFIX_SIZE];
        prefix[..8].copy_from_slice(&base_offset.to_be_bytes());
        prefix[8..12].copy_from_slice(&self.length.to_be_bytes());
        prefix[12..].copy_from_slice(&partition_leader_epoch.to_be_bytes());
        prefix
    }

    /// The whole batch's size.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        usize::try_from(self.length).unwrap_or(0) + LOG_OVERHEAD
    }

    /// The last record's offset (of the batch as it was before any compaction).
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(i64::from(self.last_offset_delta))
    }

    /// The offset behind the batch.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// The last record's sequence: after 2^31-1 comes 0. -1 where there are no sequences.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            NO_SEQUENCE
        } else {
            increment_sequence(self.base_sequence, self.last_offset_delta)
        }
    }

    /// Whether an idempotent producer wrote the batch.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// The time from which the batch's tombstones and markers may go, if it is known.
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The log append time, where the broker set the timestamps.
    #[must_use]
    pub fn log_append_time(&self) -> Option<i64> {
        match self.attributes.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(self.max_timestamp),
        }
    }
}

/// The sequence `increment` after `sequence`: after 2^31-1 comes 0.
#[must_use]
pub fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    if sequence > i32::MAX.wrapping_sub(increment) {
        increment.wrapping_sub(i32::MAX.wrapping_sub(sequence)).wrapping_sub(1)
    } else {
        sequence.wrapping_add(increment)
    }
}

fn field<const SIZE: usize>(header: &[u8; HEADER_SIZE], position: usize) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes.copy_from_slice(&header[position..position + SIZE]);
    bytes
}
