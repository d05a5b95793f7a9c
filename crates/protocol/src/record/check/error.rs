//! Why a leader refuses records, and the error code that Kafka answers for it.

use std::fmt;

use crate::error_code::ErrorCode;
use crate::record::batch::{BatchError, UnknownCodec};
use crate::record::builder::BuildError;
use crate::record::compression::CompressionError;
use crate::record::legacy::LegacyError;
use crate::record::record::RecordError;

/// A refused record: its place in the batch, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRejection {
    /// The record's index, from 0.
    pub batch_index: i32,
    /// What is wrong with it.
    pub message: String,
}

/// Why records are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckError {
    /// There is no whole batch.
    NoBatch {
        /// Requests before version 3 may be empty: they are answered without an error.
        produce_version: i16,
    },
    /// A request of this version may not hold this magic.
    OldMagic {
        /// The batch's magic.
        magic: i8,
        /// The request's version.
        produce_version: i16,
    },
    /// A request of this version may not hold zstd.
    ZstdTooEarly {
        /// The request's version.
        produce_version: i16,
    },
    /// A request that may not hold zstd has a codec that nobody knows.
    UnknownCodec(UnknownCodec),
    /// More than one batch where one is allowed.
    SeveralBatches,
    /// Messages of different magics together.
    MixedMagic,
    /// A client's batch that does not begin at offset 0.
    BaseOffset {
        /// Where it begins.
        base_offset: i64,
    },
    /// The batch is larger than the topic allows, as it came or after it was built anew.
    TooLarge {
        /// Its size.
        size_bytes: usize,
        /// What the topic allows.
        max: usize,
    },
    /// The bytes are no batch, or their checksum is wrong.
    Corrupt(BatchError),
    /// Record count and offsets contradict each other or are out of range.
    Counts {
        /// How many records the header says there are.
        count: i32,
        /// The last one's offset from the base.
        last_offset_delta: i32,
    },
    /// The offsets of packed records do not count up from 0.
    OffsetGap,
    /// A client wrote control records.
    ControlBatch,
    /// An idempotent producer's batch without sequence.
    Sequence {
        /// The producer's id.
        producer_id: i64,
        /// The sequence as it stands there.
        base_sequence: i32,
    },
    /// The records cannot be read.
    Records(RecordError),
    /// Single records are refused.
    Rejected {
        /// Which and why; the first ones, if they are very many.
        rejections: Vec<RecordRejection>,
        /// How many were refused.
        count: usize,
        /// How many of these for want of a key.
        keyless: usize,
        /// Whether one of them was refused for its timestamp.
        timestamps: bool,
    },
    /// The batch cannot be built anew.
    Build(BuildError),
}

impl CheckError {
    /// The error that Kafka answers for this.
    #[must_use]
    pub fn error_code(&self) -> ErrorCode {
        match self {
            Self::NoBatch { produce_version } if *produce_version < 3 => ErrorCode::NONE,
            Self::NoBatch { .. }
            | Self::OldMagic { .. }
            | Self::SeveralBatches
            | Self::MixedMagic
            | Self::BaseOffset { .. }
            | Self::Counts { .. }
            | Self::ControlBatch
            | Self::Sequence { .. }
            | Self::Rejected { timestamps: false, .. } => ErrorCode::INVALID_RECORD,
            Self::Rejected { timestamps: true, .. } => ErrorCode::INVALID_TIMESTAMP,
            Self::ZstdTooEarly { .. } => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
            Self::TooLarge { .. } | Self::Build(BuildError::TooLarge) => {
                ErrorCode::MESSAGE_TOO_LARGE
            }
            Self::Corrupt(_) => ErrorCode::CORRUPT_MESSAGE,
            Self::Records(error) => record_error_code(error),
            Self::UnknownCodec(_)
            | Self::OffsetGap
            | Self::Build(
                BuildError::OffsetOrder { .. }
                | BuildError::OffsetTooFar { .. }
                | BuildError::NegativeTimestamp { .. }
                | BuildError::ProducerState
                | BuildError::NotInMagic { .. }
                | BuildError::Compression(_),
            ) => ErrorCode::UNKNOWN_SERVER_ERROR,
        }
    }

    /// That error's number.
    #[must_use]
    pub fn error_code_id(&self) -> i16 {
        self.error_code().0
    }

    /// Whether the answer tells where the partition's log begins: Kafka does so for what it finds once
    /// it looks at the log, unless the batch is too large or corrupt.
    #[must_use]
    pub fn tells_log_start(&self) -> bool {
        match self {
            Self::NoBatch { .. }
            | Self::OldMagic { .. }
            | Self::ZstdTooEarly { .. }
            | Self::UnknownCodec(_)
            | Self::SeveralBatches => false,
            Self::MixedMagic
            | Self::BaseOffset { .. }
            | Self::TooLarge { .. }
            | Self::Corrupt(_)
            | Self::Counts { .. }
            | Self::OffsetGap
            | Self::ControlBatch
            | Self::Sequence { .. }
            | Self::Records(_)
            | Self::Rejected { .. }
            | Self::Build(_) => {
                let code = self.error_code();
                code != ErrorCode::MESSAGE_TOO_LARGE && code != ErrorCode::CORRUPT_MESSAGE
            }
        }
    }

    /// The refused records, for the answer.
    #[must_use]
    pub fn rejections(&self) -> &[RecordRejection] {
        if let Self::Rejected { rejections, .. } = self { rejections } else { &[] }
    }

    /// The message for the answer: Kafka sends one only with refused records.
    #[must_use]
    pub fn answer_message(&self) -> Option<String> {
        matches!(self, Self::Rejected { .. }).then(|| self.to_string())
    }
}

/// Kafka answers its own findings as invalid records; what it did not expect to fail (a codec's
/// error, a length that is no varint) surfaces as an unknown error.
fn record_error_code(error: &RecordError) -> ErrorCode {
    match error {
        RecordError::InvalidCount { .. }
        | RecordError::PrematureEnd
        | RecordError::Remaining
        | RecordError::LengthOverrun { .. }
        | RecordError::LengthMismatch { .. }
        | RecordError::Structure
        | RecordError::HeaderCount { .. }
        | RecordError::HeaderKeyLength { .. }
        | RecordError::Legacy(
            LegacyError::NullWrapper
            | LegacyError::ZstdWrapper
            | LegacyError::EmptyWrapper
            | LegacyError::WrapperOffset { .. }
            | LegacyError::NestedWrapper,
        ) => ErrorCode::INVALID_RECORD,
        RecordError::Legacy(LegacyError::Inner(_)) => ErrorCode::CORRUPT_MESSAGE,
        RecordError::Compression(CompressionError::LimitExceeded { .. }) => {
            ErrorCode::MESSAGE_TOO_LARGE
        }
        RecordError::LengthTooLong
        | RecordError::UnknownCodec { .. }
        | RecordError::Compression(
            CompressionError::Damaged { .. } | CompressionError::Incomplete { .. },
        )
        | RecordError::Legacy(LegacyError::Structure) => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBatch { .. } => f.write_str("no whole record batch"),
            Self::OldMagic { magic, produce_version } => {
                write!(f, "magic {magic} in a Produce request of version {produce_version}")
            }
            Self::ZstdTooEarly { produce_version } => {
                write!(f, "zstd in a Produce request of version {produce_version}")
            }
            Self::UnknownCodec(error) => error.fmt(f),
            Self::SeveralBatches => f.write_str("more than one batch for a partition"),
            Self::MixedMagic => f.write_str("messages of different magics together"),
            Self::BaseOffset { base_offset } => {
                write!(f, "a producer's batch begins at offset {base_offset}, not 0")
            }
            Self::TooLarge { size_bytes, max } => {
                write!(f, "batch of {size_bytes} bytes; the topic allows {max}")
            }
            Self::Corrupt(error) => error.fmt(f),
            Self::Counts { count, last_offset_delta } => {
                write!(f, "batch of {count} records with last offset delta {last_offset_delta}")
            }
            Self::OffsetGap => f.write_str("offsets of packed records have gaps"),
            Self::ControlBatch => f.write_str("control records from a client"),
            Self::Sequence { producer_id, base_sequence } => {
                write!(f, "sequence {base_sequence} of producer {producer_id}")
            }
            Self::Records(error) => error.fmt(f),
            Self::Rejected { rejections, count, timestamps, .. } => {
                let why = if *timestamps { "invalid timestamps" } else { "invalid records" };
                write!(f, "batch refused for {count} {why}")?;
                for rejection in rejections.iter().take(3) {
                    write!(f, "; record {}: {}", rejection.batch_index, rejection.message)?;
                }
                Ok(())
            }
            Self::Build(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CheckError {}

impl From<BatchError> for CheckError {
    fn from(error: BatchError) -> Self {
        Self::Corrupt(error)
    }
}

impl From<UnknownCodec> for CheckError {
    fn from(error: UnknownCodec) -> Self {
        Self::Records(error.into())
    }
}

impl From<RecordError> for CheckError {
    fn from(error: RecordError) -> Self {
        Self::Records(error)
    }
}

impl From<BuildError> for CheckError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}
