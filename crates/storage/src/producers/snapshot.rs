//! The `.snapshot` file of a log: its producers at one offset.
//!
//! version int16 (1), CRC-32C of what follows it (uint32), count int32, and per producer 46 bytes:
//! id int64, epoch int16, last sequence int32, last offset int64, offset delta int32, timestamp
//! int64, coordinator epoch int32, first offset of the open transaction int64 (-1: none). Only the
//! last batch is kept.

use super::{Producer, Producers, SeenBatch, is_expired};
use bytes::Buf;
use dohle_protocol::record::crc::crc32c;

const VERSION: i16 = 1;
const HEADER_SIZE: usize = 10;
const ENTRY_SIZE: usize = 46;
/// Where the checksum's cover begins.
const COUNT_POSITION: usize = 6;

/// A snapshot that cannot be used; the state must be rebuilt from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorruptSnapshot {
    /// It is of a version that nobody knows.
    Version(i16),
    /// It ends too early or too late.
    Size,
    /// Its checksum is wrong.
    Checksum,
}

impl Producers {
    /// The content of a snapshot file of this state.
    #[must_use]
    pub fn encode_snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_SIZE + ENTRY_SIZE * self.producers.len());
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let count = i32::try_from(self.producers.len()).unwrap_or(i32::MAX);
        bytes.extend_from_slice(&count.to_be_bytes());
        for (id, producer) in &self.producers {
            let last = producer.batches().last();
            bytes.extend_from_slice(&id.to_be_bytes());
            bytes.extend_from_slice(&producer.epoch.to_be_bytes());
            bytes.extend_from_slice(&producer.last_sequence().to_be_bytes());
            bytes.extend_from_slice(&producer.last_offset().to_be_bytes());
            bytes.extend_from_slice(&last.map_or(0, |batch| batch.offset_delta).to_be_bytes());
            bytes.extend_from_slice(&producer.last_timestamp.to_be_bytes());
            bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
            bytes.extend_from_slice(&producer.transaction_first_offset.unwrap_or(-1).to_be_bytes());
        }
        let crc = crc32c(&bytes[COUNT_POSITION..]);
        bytes[2..COUNT_POSITION].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The state in a snapshot file taken at `end_offset`, without the producers that have expired
    /// at `now`.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn decode_snapshot(
        mut bytes: &[u8],
        end_offset: i64,
        now: i64,
        expiration_ms: i64,
    ) -> Result<Self, CorruptSnapshot> {
        if bytes.len() < HEADER_SIZE {
            return Err(CorruptSnapshot::Size);
        }
        let computed = crc32c(&bytes[COUNT_POSITION..]);
        let version = bytes.get_i16();
        if version != VERSION {
            return Err(CorruptSnapshot::Version(version));
        }
        if bytes.get_u32() != computed {
            return Err(CorruptSnapshot::Checksum);
        }
        let count = usize::try_from(bytes.get_i32()).map_err(|_| CorruptSnapshot::Size)?;
        if bytes.len() != count.saturating_mul(ENTRY_SIZE) {
            return Err(CorruptSnapshot::Size);
        }
        let mut state = Self::starting_at(end_offset);
        for _ in 0..count {
            let (id, producer) = decode_producer(&mut bytes);
            if is_expired(&producer, now, expiration_ms) {
                continue;
            }
            if let Some(first_offset) = producer.transaction_first_offset {
                state.ongoing.insert(first_offset, id);
            }
            state.producers.insert(id, producer);
        }
        Ok(state)
    }
}

fn decode_producer(bytes: &mut &[u8]) -> (i64, Producer) {
    let id = bytes.get_i64();
    let mut producer = Producer::unknown();
    producer.epoch = bytes.get_i16();
    let last_sequence = bytes.get_i32();
    let last_offset = bytes.get_i64();
    let offset_delta = bytes.get_i32();
    producer.last_timestamp = bytes.get_i64();
    producer.coordinator_epoch = bytes.get_i32();
    producer.transaction_first_offset = Some(bytes.get_i64()).filter(|offset| *offset >= 0);
    if last_offset >= 0 {
        let timestamp = producer.last_timestamp;
        producer.push(SeenBatch { last_sequence, last_offset, offset_delta, timestamp });
    }
    (id, producer)
}
