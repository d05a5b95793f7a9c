//! One record of a batch of magic 2, borrowed, and the walk over a batch's records.
//!
//! ```text
//! length varint (of all that follows) | attributes 1 | timestampDelta varlong | offsetDelta varint
//! keyLength varint, -1: null | key | valueLength varint, -1: null | value | headerCount varint
//! per header: keyLength varint | key | valueLength varint, -1: null | value
//! ```

use std::fmt;

use super::NO_SEQUENCE;
use super::batch::{BatchHeader, UnknownCodec, increment_sequence};
use super::compression::CompressionError;
use crate::varint::{self, VarintError};

/// Why a batch's records cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// The header's count is negative.
    InvalidCount {
        /// The count as it stands there.
        count: i32,
    },
    /// The bytes end before the counted records do.
    PrematureEnd,
    /// Bytes are left behind the counted records.
    Remaining,
    /// A record's length is a varint of more than five bytes.
    LengthTooLong,
    /// A record's length goes beyond the batch.
    LengthOverrun {
        /// The length as it stands there.
        length: i32,
        /// The bytes that are left.
        remaining: usize,
    },
    /// A record's parts do not take as many bytes as its length says.
    LengthMismatch {
        /// The length as it stands there.
        length: i32,
        /// What the parts take.
        read: usize,
    },
    /// A part of the record is cut off or badly coded.
    Structure,
    /// The number of headers is negative or larger than the bytes that are left.
    HeaderCount {
        /// The count as it stands there.
        count: i32,
    },
    /// A header's key has a negative length.
    HeaderKeyLength {
        /// The length as it stands there.
        length: i32,
    },
    /// The batch's codec is unknown.
    UnknownCodec {
        /// Its number.
        id: u8,
    },
    /// The records cannot be unpacked.
    Compression(CompressionError),
    /// A message of magic 0 or 1 is damaged.
    Legacy(super::legacy::LegacyError),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidCount { count } => write!(f, "invalid record count {count}"),
            Self::PrematureEnd => f.write_str("batch ends before its last record"),
            Self::Remaining => f.write_str("bytes remain behind the batch's last record"),
            Self::LengthTooLong => f.write_str("record length takes more than five bytes"),
            Self::LengthOverrun { length, remaining } => {
                write!(f, "record of {length} bytes where {remaining} are left")
            }
            Self::LengthMismatch { length, read } => {
                write!(f, "record of {length} bytes holds parts of {read}")
            }
            Self::Structure => f.write_str("invalid record structure"),
            Self::HeaderCount { count } => write!(f, "invalid number of record headers {count}"),
            Self::HeaderKeyLength { length } => {
                write!(f, "invalid header key length {length}")
            }
            Self::UnknownCodec { id } => write!(f, "{}", UnknownCodec(*id)),
            Self::Compression(error) => error.fmt(f),
            Self::Legacy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RecordError {}

impl From<CompressionError> for RecordError {
    fn from(error: CompressionError) -> Self {
        Self::Compression(error)
    }
}

impl From<UnknownCodec> for RecordError {
    fn from(UnknownCodec(id): UnknownCodec) -> Self {
        Self::UnknownCodec { id }
    }
}

impl From<super::legacy::LegacyError> for RecordError {
    fn from(error: super::legacy::LegacyError) -> Self {
        Self::Legacy(error)
    }
}

/// One record, borrowed from its batch (or from the buffer where that was unpacked).
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp; the batch's log append time if there is one.
    pub timestamp: i64,
    /// Its sequence, or -1.
    pub sequence: i32,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: Headers<'a>,
    /// What it takes in its batch, unpacked, the length included.
    pub size_bytes: usize,
}

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key: UTF-8 by contract, but nobody has checked. Keys may repeat.
    pub key: &'a [u8],
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// The headers of one record, read as they are asked for; their bytes have been checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl Headers<'_> {
    /// None at all.
    pub const EMPTY: Headers<'static> = Headers { count: 0, bytes: &[] };
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.count = self.count.checked_sub(1)?;
        let mut cursor = Cursor { bytes: self.bytes, position: 0 };
        let header = cursor.header().expect("headers were checked when the record was read");
        self.bytes = &self.bytes[cursor.position..];
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// What a record's deltas count from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base {
    offset: i64,
    timestamp: i64,
    sequence: i32,
    log_append_time: Option<i64>,
}

impl Base {
    pub(crate) fn of(header: &BatchHeader) -> Self {
        Self {
            offset: header.base_offset,
            timestamp: header.base_timestamp,
            sequence: header.base_sequence,
            log_append_time: header.log_append_time(),
        }
    }
}

/// The records of one batch, unpacked, in order. It ends after the first error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    base: Base,
    bytes: &'a [u8],
    remaining: i32,
    finished: bool,
}

impl<'a> Records<'a> {
    /// The records in `unpacked`, the bytes behind `header` after any unpacking.
    #[must_use]
    pub fn new(header: &BatchHeader, unpacked: &'a [u8]) -> Self {
        Self {
            base: Base::of(header),
            bytes: unpacked,
            remaining: header.record_count,
            // A reader of Kafka does not look behind the header of an empty batch.
            finished: header.record_count == 0,
        }
    }

    #[inline]
    fn parse_next(&mut self) -> Result<Option<RecordRef<'a>>, RecordError> {
        if self.remaining < 0 {
            return Err(RecordError::InvalidCount { count: self.remaining });
        }
        if self.remaining == 0 {
            return if self.bytes.is_empty() { Ok(None) } else { Err(RecordError::Remaining) };
        }
        let (record, size) = read_record(self.bytes, &self.base)?;
        self.bytes = &self.bytes[size..];
        self.remaining -= 1;
        Ok(Some(record))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        match self.parse_next() {
            Ok(Some(record)) => Some(Ok(record)),
            Ok(None) => {
                self.finished = true;
                None
            }
            Err(error) => {
                self.finished = true;
                Some(Err(error))
            }
        }
    }
}

/// The record at the start of `bytes`, and how many bytes it takes.
#[inline]
pub(crate) fn read_record<'a>(
    bytes: &'a [u8],
    base: &Base,
) -> Result<(RecordRef<'a>, usize), RecordError> {
    let (length, length_size) = varint::read_signed(bytes).map_err(|error| match error {
        VarintError::Incomplete => RecordError::PrematureEnd,
        VarintError::TooLong => RecordError::LengthTooLong,
    })?;
    let body = &bytes[length_size..];
    if i64::from(length) > body.len() as i64 {
        return Err(RecordError::LengthOverrun { length, remaining: body.len() });
    }
    let mut cursor = Cursor { bytes: body, position: 0 };
    let mut record = cursor.record(base)?;
    if cursor.position as i64 != i64::from(length) {
        return Err(RecordError::LengthMismatch { length, read: cursor.position });
    }
    record.size_bytes = length_size + cursor.position;
    Ok((record, record.size_bytes))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn varint(&mut self) -> Result<i32, RecordError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let (value, size) = varint::read_signed(rest).map_err(|_| RecordError::Structure)?;
        self.position += size;
        Ok(value)
    }

    #[inline]
    fn varlong(&mut self) -> Result<i64, RecordError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let (value, size) = varint::read_signed_long(rest).map_err(|_| RecordError::Structure)?;
        self.position += size;
        Ok(value)
    }

    #[inline]
    fn sized(&mut self, size: usize) -> Result<&'a [u8], RecordError> {
        let end = self.position.checked_add(size).ok_or(RecordError::Structure)?;
        let slice = self.bytes.get(self.position..end).ok_or(RecordError::Structure)?;
        self.position = end;
        Ok(slice)
    }

    /// Length and bytes; any negative length is null.
    #[inline]
    fn nullable(&mut self) -> Result<Option<&'a [u8]>, RecordError> {
        match usize::try_from(self.varint()?) {
            Ok(size) => self.sized(size).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn header(&mut self) -> Result<Header<'a>, RecordError> {
        let length = self.varint()?;
        let size = usize::try_from(length).map_err(|_| RecordError::HeaderKeyLength { length })?;
        Ok(Header { key: self.sized(size)?, value: self.nullable()? })
    }

    #[inline]
    fn headers(&mut self) -> Result<Headers<'a>, RecordError> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(Headers::EMPTY);
        }
        let remaining = self.bytes.len() - self.position;
        let headers = match usize::try_from(count) {
            Ok(headers) if headers <= remaining => headers,
            _ => return Err(RecordError::HeaderCount { count }),
        };
        let start = self.position;
        for _ in 0..headers {
            self.header()?;
        }
        Ok(Headers { count: headers, bytes: &self.bytes[start..self.position] })
    }

    #[inline]
    fn record(&mut self, base: &Base) -> Result<RecordRef<'a>, RecordError> {
        // The record's attributes have no meaning yet and are not looked at.
        self.sized(1)?;
        let timestamp_delta = self.varlong()?;
        let offset_delta = self.varint()?;
        let key = self.nullable()?;
        let value = self.nullable()?;
        let headers = self.headers()?;
        Ok(RecordRef {
            offset: base.offset.wrapping_add(i64::from(offset_delta)),
            timestamp: base
                .log_append_time
                .unwrap_or_else(|| base.timestamp.wrapping_add(timestamp_delta)),
            sequence: if base.sequence >= 0 {
                increment_sequence(base.sequence, offset_delta)
            } else {
                NO_SEQUENCE
            },
            key,
            value,
            headers,
            size_bytes: 0,
        })
    }
}
