//! Kafka words: messages, ids, errors, frames, record batches, compression. Knows no socket and no clock.

pub mod record;
pub mod varint;
