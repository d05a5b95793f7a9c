//! A batch that a search cannot look into.

use dohle_protocol::record::{BatchError, RecordError};
use std::fmt;

/// The payload of the `InvalidData` errors of [`crate::LogReader::offset_for_timestamp`].
#[derive(Debug)]
pub struct UnreadableBatch {
    /// The batch's first offset.
    pub base_offset: i64,
    /// What is wrong.
    pub why: Unreadable,
}

/// The part of a batch that is damaged: Kafka answers each with another code.
#[derive(Debug)]
pub enum Unreadable {
    /// Its header.
    Header(BatchError),
    /// Its records, or what packs them.
    Records(RecordError),
}

impl fmt::Display for UnreadableBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch at {}: ", self.base_offset)?;
        match &self.why {
            Unreadable::Header(error) => error.fmt(f),
            Unreadable::Records(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for UnreadableBatch {}

impl From<BatchError> for Unreadable {
    fn from(error: BatchError) -> Self {
        Self::Header(error)
    }
}

impl From<RecordError> for Unreadable {
    fn from(error: RecordError) -> Self {
        Self::Records(error)
    }
}
