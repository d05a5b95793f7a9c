//! Conversion to older magics, for fetchers that know no newer one, as Kafka 3.9 did it.
//!
//! Control batches vanish, headers are dropped, timestamps too in magic 0. Batches at or below the
//! wanted magic are copied. (Conversion upwards is part of [`super::check`].)

use std::fmt;

use super::batch::{AnyBatch, BatchError, Batches, TimestampType};
use super::builder::BuildError;
use super::compression::{Codec, Compression, Unpacker};
use super::legacy::LegacyBuilder;
use super::record::{RecordError, RecordRef};

/// Why records cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConvertError {
    /// The wanted magic is neither 0 nor 1.
    Magic {
        /// What was wanted.
        magic: i8,
    },
    /// Old magics have no zstd; Kafka answers `UNSUPPORTED_COMPRESSION_TYPE`.
    Zstd,
    /// A batch is damaged.
    Batch(BatchError),
    /// A batch's records are damaged.
    Records(RecordError),
    /// What was read cannot be written in the old magic.
    Build(BuildError),
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic { magic } => write!(f, "cannot convert to magic {magic}"),
            Self::Zstd => f.write_str("zstd cannot be converted to an old magic"),
            Self::Batch(error) => error.fmt(f),
            Self::Records(error) => error.fmt(f),
            Self::Build(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConvertError {}

impl From<BatchError> for ConvertError {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl From<RecordError> for ConvertError {
    fn from(error: RecordError) -> Self {
        Self::Records(error)
    }
}

impl From<BuildError> for ConvertError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

/// Converts the whole batches of `bytes` down to `to_magic` and appends them to `into`. Records
/// below `first_offset` are dropped unless they are packed: some old clients rely on it.
///
/// # Errors
/// When a batch is packed with zstd or damaged, or unpacks to more than `unpacked_bytes_max`.
/// `into` then holds the batches before it.
pub fn down_convert(
    bytes: &[u8],
    to_magic: i8,
    first_offset: i64,
    unpacked_bytes_max: usize,
    into: &mut Vec<u8>,
) -> Result<(), ConvertError> {
    if !(0..=1).contains(&to_magic) {
        return Err(ConvertError::Magic { magic: to_magic });
    }
    let mut unpacker = Unpacker::new();
    let mut buffer = Vec::new();
    for batch in Batches::new(bytes) {
        let batch = batch?;
        if matches!(batch, AnyBatch::V2(batch) if batch.header.attributes.is_control()) {
            continue;
        }
        let codec = batch.compression().map_err(RecordError::from)?;
        if codec == Codec::Zstd {
            return Err(ConvertError::Zstd);
        }
        if batch.magic() <= to_magic {
            into.extend_from_slice(batch.bytes());
            continue;
        }
        // A packed batch stays one wrapper, in which old clients find their place themselves.
        let first_offset = if codec == Codec::None { first_offset } else { i64::MIN };
        let mut target =
            Target { magic: to_magic, codec, first_offset, log_append_time: None, builder: None };
        match batch {
            AnyBatch::V2(batch) => {
                target.log_append_time = batch.header.log_append_time();
                for record in batch.records_using(&mut unpacker, &mut buffer, unpacked_bytes_max)? {
                    target.append(&record?)?;
                }
            }
            AnyBatch::Legacy(batch) => {
                if batch.timestamp_type() == Some(TimestampType::LogAppendTime) {
                    target.log_append_time = Some(batch.timestamp());
                }
                for inner in batch.records(&mut unpacker, &mut buffer, unpacked_bytes_max)? {
                    target.append(&inner?.record)?;
                }
            }
        }
        if let Some(builder) = target.builder {
            builder.build(into)?;
        }
    }
    Ok(())
}

/// One batch in its new magic, begun with its first record.
struct Target {
    magic: i8,
    codec: Codec,
    first_offset: i64,
    log_append_time: Option<i64>,
    builder: Option<LegacyBuilder>,
}

impl Target {
    fn append(&mut self, record: &RecordRef<'_>) -> Result<(), BuildError> {
        if record.offset < self.first_offset {
            return Ok(());
        }
        let builder = match &mut self.builder {
            Some(builder) => builder,
            empty => {
                let compression = Compression::of(self.codec);
                let mut builder = LegacyBuilder::new(self.magic, compression, record.offset)?;
                if let Some(time) = self.log_append_time {
                    builder = builder.log_append_time(time);
                }
                empty.insert(builder)
            }
        };
        builder.append_at(record.offset, record.timestamp, record.key, record.value)
    }
}
