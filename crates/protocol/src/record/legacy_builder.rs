//! Writing messages of magic 0 and 1, single or packed into a wrapper.

use super::NO_TIMESTAMP;
use super::batch::LOG_OVERHEAD;
use super::builder::BuildError;
use super::compression::{Codec, Compression, compress};
use super::crc::crc32;
use super::legacy::{RECORD_SIZE_MIN, RECORD_SIZE_MIN_V1};

/// Writes message sets of magic 0 or 1: single messages, or one wrapper if there is a codec.
#[derive(Debug, Clone)]
pub struct LegacyBuilder {
    magic: i8,
    compression: Compression,
    base_offset: i64,
    log_append_time: Option<i64>,
    set: Vec<u8>,
    last_offset: Option<i64>,
    max_timestamp: i64,
}

impl LegacyBuilder {
    /// An empty set whose first record will have `base_offset` or a higher one.
    ///
    /// # Errors
    /// When `magic` is neither 0 nor 1, or the codec is zstd.
    pub fn new(magic: i8, compression: Compression, base_offset: i64) -> Result<Self, BuildError> {
        if !(0..=1).contains(&magic) || compression.codec() == Codec::Zstd {
            return Err(BuildError::NotInMagic { magic });
        }
        Ok(Self {
            magic,
            compression,
            base_offset,
            log_append_time: None,
            set: Vec::new(),
            last_offset: None,
            max_timestamp: NO_TIMESTAMP,
        })
    }

    /// With the broker's time instead of the records'.
    #[must_use]
    pub fn log_append_time(mut self, time: i64) -> Self {
        self.log_append_time = Some(time);
        self
    }

    /// Adds a record. Magic 0 keeps no timestamp.
    ///
    /// # Errors
    /// When the offset is not above the last one, or the timestamp is negative and not -1.
    pub fn append_at(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), BuildError> {
        if self.last_offset.is_some_and(|last| offset <= last) || offset < self.base_offset {
            return Err(BuildError::OffsetOrder { offset });
        }
        if timestamp < 0 && timestamp != NO_TIMESTAMP {
            return Err(BuildError::NegativeTimestamp { timestamp });
        }
        let timestamp = self.log_append_time.unwrap_or(timestamp);
        let packed = self.compression.codec() != Codec::None;
        let relative = if packed && self.magic > 0 { self.base_offset } else { 0 };
        let message = Message { attributes: self.attributes(Codec::None), timestamp, key, value };
        message.write(self.magic, offset.wrapping_sub(relative), &mut self.set);
        self.last_offset = Some(offset);
        if self.magic > 0 {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        Ok(())
    }

    /// Writes the set to the end of `into`; nothing if no record was added.
    ///
    /// # Errors
    /// When packing fails.
    pub fn build(self, into: &mut Vec<u8>) -> Result<(), BuildError> {
        let Some(last_offset) = self.last_offset else { return Ok(()) };
        let codec = self.compression.codec();
        if codec == Codec::None {
            into.extend_from_slice(&self.set);
            return Ok(());
        }
        let mut packed = Vec::new();
        compress(self.compression, self.magic, &self.set, &mut packed)?;
        let wrapper = Message {
            attributes: self.attributes(codec),
            timestamp: self.log_append_time.unwrap_or(self.max_timestamp),
            key: None,
            value: Some(&packed),
        };
        wrapper.write(self.magic, last_offset, into);
        Ok(())
    }

    fn attributes(&self, codec: Codec) -> u8 {
        let log_append = self.magic > 0 && self.log_append_time.is_some();
        codec.id() | if log_append { 0x08 } else { 0 }
    }
}

struct Message<'a> {
    attributes: u8,
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

impl Message<'_> {
    fn write(&self, magic: i8, offset: i64, into: &mut Vec<u8>) {
        let overhead = if magic == 0 { RECORD_SIZE_MIN } else { RECORD_SIZE_MIN_V1 };
        let parts = [self.key, self.value];
        let size = overhead + parts.iter().flatten().map(|part| part.len()).sum::<usize>();
        into.reserve(LOG_OVERHEAD + size);
        into.extend_from_slice(&offset.to_be_bytes());
        into.extend_from_slice(&(size as i32).to_be_bytes());
        let crc_position = into.len();
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&[magic as u8, self.attributes]);
        if magic > 0 {
            into.extend_from_slice(&self.timestamp.to_be_bytes());
        }
        for part in parts {
            match part {
                None => into.extend_from_slice(&(-1i32).to_be_bytes()),
                Some(bytes) => {
                    into.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
                    into.extend_from_slice(bytes);
                }
            }
        }
        let crc = crc32(&into[crc_position + 4..]);
        into[crc_position..crc_position + 4].copy_from_slice(&crc.to_be_bytes());
    }
}
