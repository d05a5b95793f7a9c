//! The answers of a fetch, in the order of their places in its session.

use crate::partition::command::ReadAnswer;
use smallvec::SmallVec;
use std::mem;

/// One answer a place, lowest place first. The only one of a fetch of one partition lies in place.
#[derive(Default)]
pub(super) struct Answers {
    all: SmallVec<[(u32, ReadAnswer); 1]>,
}

impl Answers {
    /// Adds answers; they replace what was there for their places.
    pub(super) fn put(&mut self, newer: impl IntoIterator<Item = (u32, ReadAnswer)>) {
        self.all.extend(newer);
        if self.all.is_sorted_by(|(one, _), (next, _)| one < next) {
            return;
        }
        // Stable: of two answers of one place the newer one comes second.
        self.all.sort_by_key(|(place, _)| *place);
        self.all.dedup_by(|newer, older| {
            let is_same = newer.0 == older.0;
            if is_same {
                mem::swap(newer, older);
            }
            is_same
        });
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ReadAnswer> {
        self.all.iter().map(|(_, answer)| answer)
    }

    pub(super) fn iter_with_places(&self) -> impl Iterator<Item = (u32, &ReadAnswer)> {
        self.all.iter().map(|(place, answer)| (*place, answer))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut ReadAnswer)> {
        self.all.iter_mut().map(|(place, answer)| (*place, answer))
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut ReadAnswer> {
        let at = self.all.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.all.get_mut(at).map(|(_, answer)| answer)
    }

    /// Takes all.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (u32, ReadAnswer)> + use<> {
        mem::take(&mut self.all).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::error_code::ErrorCode;

    fn answers(errors: &[(u32, i16)]) -> Vec<(u32, ReadAnswer)> {
        let of = |&(place, error)| (place, ReadAnswer::refused(ErrorCode(error)));
        errors.iter().map(of).collect()
    }

    #[test]
    fn a_newer_answer_replaces_an_older_one_and_order_is_kept() {
        let mut all = Answers::default();
        all.put(answers(&[(1, 1), (4, 2), (7, 3)]));
        all.put(answers(&[(0, 4), (4, 5), (5, 6)]));
        assert_eq!(all.get_mut(4).map(|answer| answer.error), Some(ErrorCode(5)));
        assert_eq!(all.count(), 5);
        let taken: Vec<_> = all.take().map(|(place, answer)| (place, answer.error.0)).collect();
        assert_eq!(taken, [(0, 4), (1, 1), (4, 5), (5, 6), (7, 3)]);
        assert_eq!(all.count(), 0);
    }
}
