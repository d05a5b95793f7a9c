//! A share session with one broker (KIP-932): which partitions it has.
//!
//! ```text
//! epoch 0    opens it, and names every partition; nothing can be acknowledged
//! epoch 1..  goes on: names what is new, what is over, and what is acknowledged; from the largest number on to 1
//! epoch -1   ends it: what is acknowledged counts, what else was acquired is let go
//! ```

use super::Place;
use super::acknowledged::{Acknowledged, Run};
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

/// One session.
#[derive(Default)]
pub(super) struct ShareSession {
    epoch: i32,
    /// What the broker was told to look for.
    places: BTreeSet<Place>,
}

impl ShareSession {
    /// Whether the broker knows of it: nothing can be acknowledged before.
    pub(super) fn is_open(&self) -> bool {
        self.epoch > 0
    }

    /// Whether it looks for nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.places.is_empty()
    }

    /// Puts into a fetch what the broker does not know: partitions that are wanted or not any more, and what was
    /// acknowledged.
    pub(super) fn fill(
        &mut self,
        wanted: &BTreeSet<Place>,
        acknowledged: &Acknowledged,
        request: &mut ShareFetchRequest,
    ) {
        request.share_session_epoch = self.epoch;
        let mut named: BTreeMap<Place, Vec<Run>> =
            wanted.difference(&self.places).map(|place| (*place, Vec::new())).collect();
        named.extend(acknowledged.all());
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
        self.places.clone_from(wanted);
    }

    /// The broker took what [`ShareSession::fill`] said.
    pub(super) fn answered(&mut self) {
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }
}

/// Puts into an acknowledgement that ends a session all that is still to be told.
pub(super) fn close(acknowledged: &Acknowledged, request: &mut ShareAcknowledgeRequest) {
    request.share_session_epoch = FINAL;
    for ((id, index), runs) in acknowledged.all() {
        if request.topics.last().is_none_or(|topic| topic.topic_id != id) {
            request.topics.push(AcknowledgeTopic { topic_id: id, ..Default::default() });
        }
        let batches = runs.into_iter().map(|(first, last, how)| Told {
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

#[cfg(test)]
mod tests {
    use super::super::Acknowledgement::{Accept, Reject};
    use super::*;

    const TOPIC: Uuid = Uuid::from_u128(7);

    fn places(indexes: &[i32]) -> BTreeSet<Place> {
        indexes.iter().map(|index| (TOPIC, *index)).collect()
    }

    fn acknowledged(all: &[(i32, Run)]) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        all.iter().for_each(|(index, run)| acknowledged.add((TOPIC, *index), *run));
        acknowledged
    }

    fn named(request: &ShareFetchRequest) -> Vec<(i32, usize)> {
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|one| (one.partition_index, one.acknowledgement_batches.len())).collect()
    }

    fn fill(session: &mut ShareSession, indexes: &[i32], all: &[(i32, Run)]) -> ShareFetchRequest {
        let mut request = ShareFetchRequest::default();
        session.fill(&places(indexes), &acknowledged(all), &mut request);
        request
    }

    #[test]
    fn only_what_changed_is_named() {
        let mut session = ShareSession::default();
        let request = fill(&mut session, &[0, 1], &[]);
        assert_eq!((request.share_session_epoch, named(&request)), (0, vec![(0, 0), (1, 0)]));
        session.answered();
        let request = fill(&mut session, &[0, 1], &[]);
        assert_eq!((request.share_session_epoch, named(&request)), (1, vec![]));
        session.answered();
        let told = [(1, (5, 5, Accept)), (1, (7, 7, Accept))];
        let request = fill(&mut session, &[1, 2], &told);
        assert_eq!((request.share_session_epoch, named(&request)), (2, vec![(1, 2), (2, 0)]));
        let over: Vec<_> =
            request.forgotten_topics_data.iter().map(|one| &one.partitions).collect();
        assert_eq!(over, [&[0]]);
    }

    #[test]
    fn epochs_go_round_without_opening_anew() {
        let mut session = ShareSession { epoch: i32::MAX, ..ShareSession::default() };
        session.answered();
        assert_eq!(session.epoch, 1);
    }

    #[test]
    fn the_end_has_what_is_left() {
        let mut request = ShareAcknowledgeRequest::default();
        close(&acknowledged(&[(0, (5, 5, Reject))]), &mut request);
        assert_eq!(request.share_session_epoch, -1);
        let batch = &request.topics[0].partitions[0].acknowledgement_batches[0];
        assert_eq!((batch.first_offset, batch.last_offset), (5, 5));
        assert_eq!(batch.acknowledge_types, [3]);
    }
}
