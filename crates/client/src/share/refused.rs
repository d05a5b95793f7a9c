//! Acknowledgements that did not count, as the application hears of them.

use super::Acknowledgement;
use super::acknowledged::Run;
use crate::Error;
use crate::metadata::TopicPartition;
use dohle_protocol::ErrorCode;
use std::fmt;
use std::ops::RangeInclusive;

/// Acknowledgements that did not count, or of which nobody knows whether they do: such records may come again, here or
/// elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the records are.
    pub partition: TopicPartition,
    /// Which they are, ascending.
    pub offsets: Vec<RangeInclusive<i64>>,
    /// Why.
    pub error: Error,
}

impl Refused {
    /// What of these runs the application has acknowledged, if anything.
    pub(super) fn of(partition: TopicPartition, runs: &[Run], error: &Error) -> Option<Self> {
        let told = runs.iter().filter(|(.., how)| *how != Acknowledgement::Gap);
        let offsets: Vec<_> = told.map(|(first, last, _)| *first..=*last).collect();
        (!offsets.is_empty()).then(|| Self { partition, offsets, error: error.clone() })
    }
}

/// `topic-partition: why`.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.partition, self.error)
    }
}

/// Of acknowledgements of which an answer says nothing.
pub(super) fn unanswered() -> Error {
    let text = "Acknowledgement not successful due to invalid response from broker";
    Error::Refused { code: ErrorCode::INVALID_RECORD_STATE, message: Some(text.into()) }
}
