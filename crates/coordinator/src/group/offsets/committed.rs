//! One group's offsets, small in memory.

use dohle_protocol::ids::{Offset, Uuid};
use dohle_protocol::messages::OffsetCommitValue;

/// A committed offset of a partition: 40 bytes, for there may be millions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Committed {
    pub(super) partition: i32,
    /// The leader epoch of the last record that was read; -1 if the client did not say.
    pub(super) leader_epoch: i32,
    pub(super) offset: i64,
    /// When it was committed, milliseconds.
    pub(super) committed_at: i64,
    /// Where in the log it was committed: the later one of two holds.
    pub(super) at: Offset,
    rare: Option<Box<Rare>>,
}

/// What few offsets have.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rare {
    metadata: Box<str>,
    /// Old clients could say until when it is kept, milliseconds.
    expires_at: Option<i64>,
    /// The topic's id, where it is not that of the first offset.
    topic_id: Option<Uuid>,
}

/// A topic's offsets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TopicOffsets {
    name: Box<str>,
    /// The topic's id as the first of them was committed with; zero if it is not known.
    id: Uuid,
    /// By partition, ascending.
    partitions: Vec<Committed>,
}

/// A group's offsets by topic; no topic is without any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupOffsets {
    /// By name, ascending. Most groups read few topics: a tree would be half empty.
    topics: Vec<TopicOffsets>,
}

impl Committed {
    pub(super) fn metadata(&self) -> &str {
        self.rare.as_ref().map_or("", |rare| &rare.metadata)
    }

    pub(super) fn expires_at(&self) -> Option<i64> {
        self.rare.as_ref()?.expires_at
    }
}

impl TopicOffsets {
    /// By partition, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Committed> {
        self.partitions.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.partitions.len()
    }

    pub(super) fn get(&self, partition: i32) -> Option<&Committed> {
        self.partitions.get(self.find(partition).ok()?)
    }

    /// The id of the topic that this offset was committed for; zero if it is not known.
    pub(super) fn id_of(&self, committed: &Committed) -> Uuid {
        committed.rare.as_ref().and_then(|rare| rare.topic_id).unwrap_or(self.id)
    }

    fn find(&self, partition: i32) -> Result<usize, usize> {
        self.partitions.binary_search_by_key(&partition, |committed| committed.partition)
    }

    fn put(&mut self, committed: Committed) {
        match self.find(committed.partition) {
            Ok(index) => self.partitions[index] = committed,
            Err(index) => {
                reserve(&mut self.partitions);
                self.partitions.insert(index, committed);
            }
        }
    }
}

impl GroupOffsets {
    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// By name, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &TopicOffsets)> {
        self.topics.iter().map(|topic| (&*topic.name, topic))
    }

    pub(super) fn topic(&self, name: &str) -> Option<&TopicOffsets> {
        self.topics.get(self.find(name).ok()?)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.topics.binary_search_by(|topic| (*topic.name).cmp(name))
    }

    /// Adds a topic where `find` says.
    fn insert(&mut self, index: usize, topic: TopicOffsets) {
        reserve(&mut self.topics);
        self.topics.insert(index, topic);
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.topic(topic)?.get(partition)
    }

    /// Takes what a record at `at` says.
    pub(super) fn put(
        &mut self,
        name: &str,
        partition: i32,
        at: Offset,
        value: &OffsetCommitValue,
    ) {
        let id = value.topic_id;
        let index = self.find(name).unwrap_or_else(|index| {
            let topic = TopicOffsets { name: name.into(), id, partitions: Vec::new() };
            self.insert(index, topic);
            index
        });
        let topic = &mut self.topics[index];
        let rare = Rare {
            metadata: (&*value.metadata).into(),
            expires_at: Some(value.expire_timestamp).filter(|expires| *expires != -1),
            topic_id: Some(id).filter(|id| *id != topic.id),
        };
        topic.put(Committed {
            partition,
            leader_epoch: value.leader_epoch,
            offset: value.offset,
            committed_at: value.commit_timestamp,
            at,
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
        });
    }

    /// Takes another's offsets where they were committed later.
    pub(super) fn merge(&mut self, newer: Self) {
        for offsets in newer.topics {
            let topic = match self.find(&offsets.name) {
                Ok(index) => &mut self.topics[index],
                Err(index) => {
                    self.insert(index, offsets);
                    continue;
                }
            };
            for mut committed in offsets.partitions {
                let known = topic.get(committed.partition);
                if known.is_some_and(|known| committed.at <= known.at) {
                    continue;
                }
                let id = committed.rare.as_ref().and_then(|rare| rare.topic_id);
                if id.unwrap_or(offsets.id) != topic.id {
                    committed.rare.get_or_insert_default().topic_id = id.or(Some(offsets.id));
                }
                topic.put(committed);
            }
        }
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, name: &str, partition: i32) -> bool {
        let Ok(at) = self.find(name) else { return false };
        let topic = &mut self.topics[at];
        let Ok(index) = topic.find(partition) else { return false };
        topic.partitions.remove(index);
        if topic.partitions.is_empty() {
            self.topics.remove(at);
        }
        true
    }
}

/// Room for one more: most of these vectors stay short, and a doubled one would be half empty.
fn reserve<T>(vector: &mut Vec<T>) {
    if vector.len() == vector.capacity() {
        vector.reserve_exact(vector.len() / 2 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Committed;

    #[test]
    fn a_committed_offset_takes_40_bytes() {
        assert_eq!(size_of::<Committed>(), 40);
    }
}
