//! A share session with one broker (KIP-932): which partitions it has, and what is still to be acknowledged there.
//!
//! ```text
//! epoch 0    opens it, and names every partition; nothing can be acknowledged
//! epoch 1..  goes on: names what is new, what is over, and what is acknowledged; from the largest number on to 1
//! epoch -1   ends it: what is acknowledged counts, what else was acquired is let go
//! ```

use super::{Acknowledgement, Place};
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as Told,
};
use dohle_protocol::messages::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic, ForgottenTopic,
};
use dohle_protocol::messages::{ShareAcknowledgeRequest, ShareFetchRequest};
use std::collections::{BTreeMap, BTreeSet};

/// The epoch that ends a session.
const FINAL: i32 = -1;

/// A run of offsets that were acknowledged alike: the first, the last, and how.
type Run = (i64, i64, Acknowledgement);

/// Such runs by their first offset.
type Pending = BTreeMap<i64, (i64, Acknowledgement)>;

/// One session.
#[derive(Default)]
pub(super) struct ShareSession {
    epoch: i32,
    /// What the broker was told to look for.
    places: BTreeSet<Place>,
    /// What it has not been told yet.
    pending: BTreeMap<Place, Pending>,
}

impl ShareSession {
    /// Whether the broker knows of it.
    pub(super) fn is_open(&self) -> bool {
        self.epoch > 0
    }

    /// Whether it looks for nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.places.is_empty()
    }

    /// Notes what became of the records from `first` to `last`.
    pub(super) fn acknowledge(&mut self, place: Place, (first, last, how): Run) {
        self.pending.entry(place).or_default().insert(first, (last, how));
    }

    /// Puts into a fetch what the broker does not know: partitions that are wanted or not any more, and what was
    /// acknowledged. A session that is only being opened has nothing to acknowledge: its member was given nothing.
    pub(super) fn fill(&mut self, wanted: &BTreeSet<Place>, request: &mut ShareFetchRequest) {
        request.share_session_epoch = self.epoch;
        let pending = std::mem::take(&mut self.pending);
        let mut named: BTreeMap<Place, Vec<Run>> =
            wanted.difference(&self.places).map(|place| (*place, Vec::new())).collect();
        if self.is_open() {
            named.extend(pending.into_iter().map(|(place, offsets)| (place, runs(&offsets))));
        }
        for ((id, index), runs) in named {
            if request.topics.last().is_none_or(|topic| topic.topic_id != id) {
                request.topics.push(FetchTopic { topic_id: id, ..FetchTopic::default() });
            }
            let batches = runs.into_iter().map(|(first, last, how)| AcknowledgementBatch {
                first_offset: first,
                last_offset: last,
                acknowledge_types: vec![how as i8],
                ..AcknowledgementBatch::default()
            });
            let last = request.topics.last_mut().expect("one was just added");
            last.partitions.push(FetchPartition {
                partition_index: index,
                acknowledgement_batches: batches.collect(),
                ..FetchPartition::default()
            });
        }
        let mut over: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for (id, index) in self.places.difference(wanted) {
            over.entry(*id).or_default().push(*index);
        }
        let over = over.into_iter().map(|(topic_id, partitions)| ForgottenTopic {
            topic_id,
            partitions,
            ..ForgottenTopic::default()
        });
        request.forgotten_topics_data = over.collect();
        self.places = wanted.clone();
    }

    /// The broker took what [`ShareSession::fill`] said.
    pub(super) fn answered(&mut self) {
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }

    /// Ends it, with all that is still to be acknowledged.
    pub(super) fn close(&mut self, request: &mut ShareAcknowledgeRequest) {
        request.share_session_epoch = FINAL;
        for ((id, index), offsets) in std::mem::take(&mut self.pending) {
            if request.topics.last().is_none_or(|topic| topic.topic_id != id) {
                request.topics.push(AcknowledgeTopic { topic_id: id, ..Default::default() });
            }
            let batches = runs(&offsets).into_iter().map(|(first, last, how)| Told {
                first_offset: first,
                last_offset: last,
                acknowledge_types: vec![how as i8],
                ..Told::default()
            });
            let last = request.topics.last_mut().expect("one was just added");
            last.partitions.push(AcknowledgePartition {
                partition_index: index,
                acknowledgement_batches: batches.collect(),
                ..AcknowledgePartition::default()
            });
        }
    }
}

/// Neighbours that were acknowledged alike, as one.
fn runs(pending: &Pending) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (first, (last, how)) in pending {
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
    use super::*;
    use Acknowledgement::{Accept, Gap, Reject};

    const TOPIC: Uuid = Uuid::from_u128(7);

    fn places(indexes: &[i32]) -> BTreeSet<Place> {
        indexes.iter().map(|index| (TOPIC, *index)).collect()
    }

    fn named(request: &ShareFetchRequest) -> Vec<(i32, usize)> {
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|one| (one.partition_index, one.acknowledgement_batches.len())).collect()
    }

    fn fill(session: &mut ShareSession, indexes: &[i32]) -> ShareFetchRequest {
        let mut request = ShareFetchRequest::default();
        session.fill(&places(indexes), &mut request);
        request
    }

    #[test]
    fn neighbours_are_told_together() {
        let mut session = ShareSession::default();
        let place = (TOPIC, 0);
        for run in [(1, 1, Accept), (3, 4, Gap), (2, 2, Accept), (5, 5, Accept), (7, 7, Accept)] {
            session.acknowledge(place, run);
        }
        session.acknowledge(place, (8, 8, Reject));
        let expected =
            [(1, 2, Accept), (3, 4, Gap), (5, 5, Accept), (7, 7, Accept), (8, 8, Reject)];
        assert_eq!(runs(&session.pending[&place]), expected);
    }

    #[test]
    fn only_what_changed_is_named() {
        let mut session = ShareSession::default();
        let request = fill(&mut session, &[0, 1]);
        assert_eq!((request.share_session_epoch, named(&request)), (0, vec![(0, 0), (1, 0)]));
        session.answered();
        let request = fill(&mut session, &[0, 1]);
        assert_eq!((request.share_session_epoch, named(&request)), (1, vec![]));
        session.answered();
        session.acknowledge((TOPIC, 1), (5, 5, Accept));
        session.acknowledge((TOPIC, 1), (7, 7, Accept));
        let request = fill(&mut session, &[1, 2]);
        assert_eq!((request.share_session_epoch, named(&request)), (2, vec![(1, 2), (2, 0)]));
        let over: Vec<_> =
            request.forgotten_topics_data.iter().map(|one| &one.partitions).collect();
        assert_eq!(over, [&[0]]);
        session.answered();
        assert!(named(&fill(&mut session, &[1, 2])).is_empty(), "what was told is told once");
    }

    #[test]
    fn a_session_that_opens_acknowledges_nothing() {
        let mut session = ShareSession::default();
        session.acknowledge((TOPIC, 0), (5, 5, Accept));
        assert_eq!(named(&fill(&mut session, &[0])), [(0, 0)]);
    }

    #[test]
    fn epochs_go_round_without_opening_anew() {
        let mut session = ShareSession { epoch: i32::MAX, ..ShareSession::default() };
        session.answered();
        assert_eq!(session.epoch, 1);
    }

    #[test]
    fn the_end_has_what_is_left() {
        let mut session = ShareSession { epoch: 3, ..ShareSession::default() };
        session.acknowledge((TOPIC, 0), (5, 5, Reject));
        let mut request = ShareAcknowledgeRequest::default();
        session.close(&mut request);
        assert_eq!(request.share_session_epoch, -1);
        let batch = &request.topics[0].partitions[0].acknowledgement_batches[0];
        assert_eq!((batch.first_offset, batch.last_offset), (5, 5));
        assert_eq!(batch.acknowledge_types, [3]);
    }
}
