//! Messages of magic 0 and 1, single or as wrappers around a packed set of messages.
//!
//! ```text
//! 0 offset 8 | 8 size 4 (of all that follows) | 12 crc 4 (CRC-32 of all from 16 on) | 16 magic 1
//! 17 attributes 1 | 18 timestamp 8 (magic 1 only) | keySize 4, -1: null | key
//! valueSize 4, -1: null | value
//! ```
//!
//! A wrapper's value is a message set, packed with the codec of its attributes. Its offset is the
//! last inner message's. Inner offsets are absolute in magic 0; in magic 1 they are relative, and
//! the last one belongs to the wrapper's offset.

use std::fmt;

pub use super::legacy_builder::LegacyBuilder;

use super::batch::{BatchError, LOG_OVERHEAD, MAGIC_POSITION, TimestampType, UnknownCodec};
use super::compression::{Codec, Packed, Unpacker};
use super::crc::crc32;
use super::record::{Headers, RecordError, RecordRef};
use super::{NO_SEQUENCE, NO_TIMESTAMP};

/// The smallest size field of any magic: a message of magic 0 with neither key nor value.
pub const RECORD_SIZE_MIN: usize = 14;
pub(super) const RECORD_SIZE_MIN_V1: usize = 22;
const ATTRIBUTES_POSITION: usize = 17;
const TIMESTAMP_POSITION: usize = 18;

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyError {
    /// Key or value go beyond the message.
    Structure,
    /// A wrapper without a value.
    NullWrapper,
    /// A wrapper with a codec that these magics never had.
    ZstdWrapper,
    /// A wrapper around nothing.
    EmptyWrapper,
    /// A wrapper's offset that its inner messages contradict.
    WrapperOffset {
        /// The wrapper's offset.
        wrapper: i64,
        /// The last inner message's.
        last_inner: i64,
    },
    /// A wrapper inside a wrapper.
    NestedWrapper,
    /// An inner message that is no message.
    Inner(BatchError),
}

impl fmt::Display for LegacyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure => f.write_str("key or value go beyond the message"),
            Self::NullWrapper => f.write_str("compressed message set with null value"),
            Self::ZstdWrapper => f.write_str("zstd in a message of magic 0 or 1"),
            Self::EmptyWrapper => f.write_str("compressed message set without messages"),
            Self::WrapperOffset { wrapper, last_inner } => {
                write!(f, "wrapper offset {wrapper} is below the last inner offset {last_inner}")
            }
            Self::NestedWrapper => f.write_str("compressed message in a compressed message set"),
            Self::Inner(error) => write!(f, "inner message: {error}"),
        }
    }
}

impl std::error::Error for LegacyError {}

/// One message of magic 0 or 1 with its offset and size; maybe a wrapper.
#[derive(Debug, Clone, Copy)]
pub struct LegacyBatch<'a> {
    bytes: &'a [u8],
}

impl<'a> LegacyBatch<'a> {
    /// The message that takes all of `bytes`.
    ///
    /// # Errors
    /// When they are fewer than the magic's header takes, or the magic is neither 0 nor 1. Key,
    /// value and checksum are not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let size_bytes = bytes.len();
        let Some(&magic) = bytes.get(MAGIC_POSITION) else {
            return Err(BatchError::HeaderIncomplete { size_bytes });
        };
        let size_min = match magic {
            0 => LOG_OVERHEAD + RECORD_SIZE_MIN,
            1 => LOG_OVERHEAD + RECORD_SIZE_MIN_V1,
            _ => return Err(BatchError::InvalidMagic { magic: magic as i8 }),
        };
        if size_bytes < size_min {
            return Err(BatchError::HeaderIncomplete { size_bytes });
        }
        Ok(Self { bytes })
    }

    /// All its bytes, offset and size included.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its offset; a wrapper's is its last inner message's.
    #[must_use]
    pub fn offset(&self) -> i64 {
        i64::from_be_bytes(self.field(0))
    }

    /// Its magic: 0 or 1.
    #[must_use]
    pub fn magic(&self) -> i8 {
        self.bytes[MAGIC_POSITION] as i8
    }

    /// Its checksum as stored.
    #[must_use]
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(self.field(LOG_OVERHEAD))
    }

    /// Its codec: that of the inner messages, or none.
    ///
    /// # Errors
    /// Where no codec has that number.
    pub fn compression(&self) -> Result<Codec, UnknownCodec> {
        let id = self.bytes[ATTRIBUTES_POSITION] & 0x07;
        Codec::from_id(id).ok_or(UnknownCodec(id))
    }

    /// Who set its timestamp; nobody in magic 0.
    #[must_use]
    pub fn timestamp_type(&self) -> Option<TimestampType> {
        if self.magic() == 0 {
            None
        } else if self.bytes[ATTRIBUTES_POSITION] & 0x08 == 0 {
            Some(TimestampType::CreateTime)
        } else {
            Some(TimestampType::LogAppendTime)
        }
    }

    /// Its timestamp; -1 in magic 0.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        if self.magic() == 0 {
            NO_TIMESTAMP
        } else {
            i64::from_be_bytes(self.field(TIMESTAMP_POSITION))
        }
    }

    /// Its key.
    ///
    /// # Errors
    /// When the key goes beyond the message.
    pub fn key(&self) -> Result<Option<&'a [u8]>, LegacyError> {
        self.sized(self.key_position()).map(|(key, _)| key)
    }

    /// Its value; a wrapper's is the packed inner messages.
    ///
    /// # Errors
    /// When key or value go beyond the message.
    pub fn value(&self) -> Result<Option<&'a [u8]>, LegacyError> {
        let (_, value_position) = self.sized(self.key_position())?;
        self.sized(value_position).map(|(value, _)| value)
    }

    /// Checks the checksum.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn ensure_valid(&self) -> Result<(), BatchError> {
        let computed = crc32(&self.bytes[MAGIC_POSITION..]);
        if computed == self.crc() {
            Ok(())
        } else {
            Err(BatchError::WrongCrc { stored: self.crc(), computed })
        }
    }

    /// Its records: itself, or the inner messages, for which `buffer` is cleared and filled with
    /// at most `limit` bytes.
    ///
    /// # Errors
    /// When the message is damaged or the packed messages are, hold more than `limit`, or
    /// contradict the wrapper.
    pub fn records<'b>(
        &self,
        unpacker: &mut Unpacker,
        buffer: &'b mut Vec<u8>,
        limit: usize,
    ) -> Result<LegacyRecords<'b>, RecordError>
    where
        'a: 'b,
    {
        let codec = self.compression()?;
        match codec {
            Codec::None => return Ok(LegacyRecords { wrapper: None, bytes: self.bytes }),
            Codec::Zstd => return Err(LegacyError::ZstdWrapper.into()),
            Codec::Gzip | Codec::Snappy | Codec::Lz4 => {}
        }
        let bytes = self.value()?.ok_or(LegacyError::NullWrapper)?;
        buffer.clear();
        unpacker.unpack(Packed { codec, magic: self.magic(), bytes }, buffer, limit)?;
        let (size, last_inner) = check_inner(buffer)?;
        let offset_base = if self.magic() == 0 || self.offset() == 0 {
            0
        } else if self.offset() < last_inner {
            return Err(LegacyError::WrapperOffset { wrapper: self.offset(), last_inner }.into());
        } else {
            self.offset().wrapping_sub(last_inner)
        };
        let log_append_time = match self.timestamp_type() {
            Some(TimestampType::LogAppendTime) => Some(self.timestamp()),
            Some(TimestampType::CreateTime) | None => None,
        };
        Ok(LegacyRecords {
            wrapper: Some(Wrapper { offset_base, log_append_time }),
            bytes: &buffer[..size],
        })
    }

    fn key_position(&self) -> usize {
        if self.magic() == 0 { TIMESTAMP_POSITION } else { TIMESTAMP_POSITION + 8 }
    }

    fn field<const SIZE: usize>(&self, position: usize) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes.copy_from_slice(&self.bytes[position..position + SIZE]);
        bytes
    }

    /// What stands at `position` behind its size, and where it ends. Any negative size is null.
    fn sized(&self, position: usize) -> Result<(Option<&'a [u8]>, usize), LegacyError> {
        let start = position + 4;
        if start > self.bytes.len() {
            return Err(LegacyError::Structure);
        }
        match usize::try_from(i32::from_be_bytes(self.field(position))) {
            Err(_) => Ok((None, start)),
            Ok(size) => {
                let slice = self.bytes.get(start..start + size).ok_or(LegacyError::Structure)?;
                Ok((Some(slice), start + size))
            }
        }
    }
}

/// The next whole message of `bytes`; none if they are empty or cut.
fn next_message(bytes: &[u8]) -> Result<Option<LegacyBatch<'_>>, LegacyError> {
    let Some((prefix, _)) = bytes.split_first_chunk::<LOG_OVERHEAD>() else { return Ok(None) };
    let length = i32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
    if i64::from(length) < RECORD_SIZE_MIN as i64 {
        return Err(LegacyError::Inner(BatchError::LengthTooSmall { length }));
    }
    let Some(bytes) = bytes.get(..length as usize + LOG_OVERHEAD) else { return Ok(None) };
    LegacyBatch::parse(bytes).map(Some).map_err(LegacyError::Inner)
}

/// The size of the whole messages of an unpacked set, and the last one's offset.
fn check_inner(bytes: &[u8]) -> Result<(usize, i64), LegacyError> {
    let mut size = 0;
    let mut last_offset = None;
    while let Some(message) = next_message(&bytes[size..])? {
        size += message.bytes.len();
        last_offset = Some(message.offset());
    }
    Ok((size, last_offset.ok_or(LegacyError::EmptyWrapper)?))
}

#[derive(Debug, Clone, Copy)]
struct Wrapper {
    offset_base: i64,
    log_append_time: Option<i64>,
}

/// The records of one outermost message. It ends after the first error.
#[derive(Debug, Clone)]
pub struct LegacyRecords<'a> {
    wrapper: Option<Wrapper>,
    bytes: &'a [u8],
}

/// A record with the message it stands in.
#[derive(Debug, Clone, Copy)]
pub struct LegacyRecord<'a> {
    /// The message, whose offset may be relative.
    pub message: LegacyBatch<'a>,
    /// The record, with its real offset and timestamp.
    pub record: RecordRef<'a>,
}

impl<'a> LegacyRecords<'a> {
    fn parse_next(&mut self) -> Result<Option<LegacyRecord<'a>>, LegacyError> {
        let Some(message) = next_message(self.bytes)? else { return Ok(None) };
        self.bytes = &self.bytes[message.bytes.len()..];
        let (mut offset, mut timestamp) = (message.offset(), message.timestamp());
        if let Some(wrapper) = self.wrapper {
            if message.bytes[ATTRIBUTES_POSITION] & 0x07 != 0 {
                return Err(LegacyError::NestedWrapper);
            }
            offset = offset.wrapping_add(wrapper.offset_base);
            if message.magic() == 1 {
                timestamp = wrapper.log_append_time.unwrap_or(timestamp);
            }
        }
        let (key, value) = match (message.key(), message.value()) {
            (Ok(key), Ok(value)) => (key, value),
            // Inside a wrapper Kafka looks at the checksum before it looks at the parts.
            (Err(error), _) | (_, Err(error)) => match message.ensure_valid() {
                Err(wrong_crc) if self.wrapper.is_some() => {
                    return Err(LegacyError::Inner(wrong_crc));
                }
                _ => return Err(error),
            },
        };
        let record = RecordRef {
            offset,
            timestamp,
            sequence: NO_SEQUENCE,
            key,
            value,
            headers: Headers::EMPTY,
            size_bytes: message.bytes.len(),
        };
        Ok(Some(LegacyRecord { message, record }))
    }
}

impl<'a> Iterator for LegacyRecords<'a> {
    type Item = Result<LegacyRecord<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.parse_next() {
            Ok(record) => record.map(Ok),
            Err(error) => {
                self.bytes = &[];
                Some(Err(error.into()))
            }
        }
    }
}
