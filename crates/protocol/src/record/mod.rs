//! Record batches of every magic: reading, checking, building, converting, and their compression.

pub mod batch;
pub mod builder;
pub mod check;
pub mod compression;
pub mod control;
pub mod convert;
pub mod crc;
mod header;
pub mod legacy;
mod legacy_builder;
#[allow(clippy::module_inception, reason = "a record of the records: Kafka's word for both")]
pub mod record;

pub use batch::{AnyBatch, Attributes, Batch, BatchError, BatchHeader, Batches, TimestampType};
pub use builder::{BatchBuilder, BuildError, NewRecord};
pub use check::{CheckError, CheckRules, CheckedBatch, Origin, Scratch, Target, check};
pub use compression::{Codec, Compression, CompressionError};
pub use control::ControlRecordType;
pub use record::{Header, Headers, RecordError, RecordRef, Records};

/// No timestamp: what records of magic 0 have.
pub const NO_TIMESTAMP: i64 = -1;
/// The producer id of a batch without one.
pub const NO_PRODUCER_ID: i64 = -1;
/// The producer epoch of a batch without one.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// The sequence of a batch without one.
pub const NO_SEQUENCE: i32 = -1;
/// The leader epoch of a batch that no leader has placed yet.
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;
