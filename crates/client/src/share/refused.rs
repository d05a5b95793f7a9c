//! Acknowledgements that count and those that did not, as the application hears of them.

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

/// Acknowledgements that a broker has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where the records are.
    pub partition: TopicPartition,
    /// Which they are, ascending.
    pub offsets: Vec<RangeInclusive<i64>>,
}

impl Refused {
    /// What of these runs the application has acknowledged, if anything.
    pub(super) fn of(partition: TopicPartition, runs: &[Run], error: &Error) -> Option<Self> {
        let Counted { partition, offsets } = Counted::of(partition, runs)?;
        Some(Self { partition, offsets, error: error.clone() })
    }
}

impl Counted {
    /// What of these runs the application has acknowledged, if anything.
    pub(super) fn of(partition: TopicPartition, runs: &[Run]) -> Option<Self> {
        let told = runs.iter().filter(|(.., how)| *how != Acknowledgement::Gap);
        let offsets: Vec<_> = told.map(|(first, last, _)| *first..=*last).collect();
        (!offsets.is_empty()).then_some(Self { partition, offsets })
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

#[cfg(test)]
mod tests {
    use super::{Counted, Refused, unanswered};
    use crate::TopicPartition;
    use crate::share::Acknowledgement::{Accept, Gap, Release};

    #[test]
    fn of_gaps_nothing_is_told() {
        let partition = TopicPartition::new("t", 1);
        let runs = [(0, 1, Accept), (2, 4, Gap), (5, 5, Release)];
        let counted = Counted::of(partition.clone(), &runs).unwrap();
        assert_eq!(counted.offsets, [0..=1, 5..=5]);
        assert_eq!(Counted::of(partition.clone(), &[(2, 4, Gap)]), None);
        let refused = Refused::of(partition, &runs, &unanswered()).unwrap();
        assert_eq!(refused.offsets, counted.offsets);
    }
}
