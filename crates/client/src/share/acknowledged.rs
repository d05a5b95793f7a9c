//! What became of records, by their partitions and offsets: what a broker has still to be told, or is being told.

use super::{Acknowledgement, Place};
use std::collections::BTreeMap;

/// A run of offsets of which the same became: the first, the last, and what.
pub(super) type Run = (i64, i64, Acknowledgement);

/// Such runs of several partitions.
#[derive(Default)]
pub(super) struct Acknowledged(BTreeMap<Place, BTreeMap<i64, (i64, Acknowledgement)>>);

impl Acknowledged {
    pub(super) fn add(&mut self, place: Place, (first, last, how): Run) {
        self.0.entry(place).or_default().insert(first, (last, how));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What there is of each partition.
    pub(super) fn all(&self) -> impl Iterator<Item = (Place, Vec<Run>)> {
        self.0.iter().map(|(place, offsets)| (*place, runs(offsets)))
    }

    /// Takes out what there is of a partition.
    pub(super) fn take(&mut self, place: Place) -> Vec<Run> {
        self.0.remove(&place).map(|offsets| runs(&offsets)).unwrap_or_default()
    }
}

/// Neighbours of which the same became, as one.
fn runs(offsets: &BTreeMap<i64, (i64, Acknowledgement)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (first, (last, how)) in offsets {
        match runs.last_mut() {
            Some((_, end, same)) if end.checked_add(1) == Some(*first) && same == how => {
                *end = *last
            }
            _ => runs.push((*first, *last, *how)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Acknowledgement};
    use Acknowledgement::{Accept, Gap, Reject};
    use dohle_protocol::ids::Uuid;

    #[test]
    fn neighbours_are_told_together() {
        let mut acknowledged = Acknowledged::default();
        let place = (Uuid::from_u128(7), 0);
        for run in [(1, 1, Accept), (3, 4, Gap), (2, 2, Accept), (5, 5, Accept), (7, 7, Accept)] {
            acknowledged.add(place, run);
        }
        acknowledged.add(place, (8, 8, Reject));
        let expected =
            [(1, 2, Accept), (3, 4, Gap), (5, 5, Accept), (7, 7, Accept), (8, 8, Reject)];
        assert_eq!(acknowledged.take(place), expected);
        assert!(acknowledged.is_empty());
    }
}
