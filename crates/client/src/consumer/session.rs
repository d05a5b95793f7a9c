//! The fetch session with one broker (KIP-227): each request names only what changed.
//!
//! ```text
//! epoch 0: everything is named, a session is asked for ──► id given, epoch 1, 2, … wrapping to 1
//! an answer says that the session is unknown, or none came ──► epoch 0 again
//! ```

use crate::metadata::TopicPartition;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::FetchRequest;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use std::collections::BTreeMap;

/// What a fetch asks of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) topic_id: Uuid,
    pub(super) bytes_max: i32,
}

/// A session.
#[derive(Default)]
pub(super) struct FetchSession {
    id: i32,
    epoch: i32,
    named: BTreeMap<TopicPartition, Asked>,
}

impl FetchSession {
    /// Begins again: the broker does not know the session any more, or we do not know what it
    /// knows.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Puts what is wanted now into `request`; what the session knows already is left out.
    pub(super) fn fill(
        &mut self,
        wanted: &BTreeMap<TopicPartition, Asked>,
        request: &mut FetchRequest,
    ) {
        // Whatever names a topic by id must begin anew when the id is another one.
        let is_remade = wanted.iter().any(|(partition, asked)| {
            self.named.get(partition).is_some_and(|named| named.topic_id != asked.topic_id)
        });
        if is_remade {
            self.reset();
        }
        request.session_id = self.id;
        request.session_epoch = self.epoch;
        for (partition, asked) in wanted {
            if self.epoch != 0 && self.named.get(partition) == Some(asked) {
                continue;
            }
            if request.topics.last().is_none_or(|topic| topic.topic != partition.topic) {
                request.topics.push(FetchTopic {
                    topic: partition.topic.clone(),
                    topic_id: asked.topic_id,
                    ..FetchTopic::default()
                });
            }
            let topic = request.topics.last_mut().expect("one was just added");
            topic.partitions.push(FetchPartition {
                partition: partition.partition,
                current_leader_epoch: asked.leader_epoch,
                fetch_offset: asked.offset,
                partition_max_bytes: asked.bytes_max,
                ..FetchPartition::default()
            });
        }
        if self.epoch != 0 {
            let gone = self.named.iter().filter(|(partition, _)| !wanted.contains_key(*partition));
            for (partition, asked) in gone {
                let forgotten = &mut request.forgotten_topics_data;
                if forgotten.last().is_none_or(|topic| topic.topic != partition.topic) {
                    forgotten.push(ForgottenTopic {
                        topic: partition.topic.clone(),
                        topic_id: asked.topic_id,
                        ..ForgottenTopic::default()
                    });
                }
                let topic = forgotten.last_mut().expect("one was just added");
                topic.partitions.push(partition.partition);
            }
        }
        self.named = wanted.clone();
    }

    /// The broker answered a request of this session.
    pub(super) fn answered(&mut self, id: i32) {
        if self.epoch == 0 {
            self.id = id;
        }
        // Without an id the broker gave no session: each request names everything.
        self.epoch = match (id, self.epoch) {
            (0, _) => 0,
            (_, i32::MAX) => 1,
            (_, epoch) => epoch + 1,
        };
    }
}
