//! The offsets of all groups, and those that wait for the end of a transaction.

use super::committed::GroupOffsets;
use dohle_protocol::ids::{Offset, ProducerId};
use dohle_protocol::messages::{OffsetCommitKey, OffsetCommitValue};
use dohle_replication::machine::ProducerIdAndEpoch;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

/// Offsets by group, topic and partition. No group is without any.
#[derive(Debug, Default, PartialEq)]
pub(in crate::group) struct Offsets {
    by_group: BTreeMap<Box<str>, GroupOffsets>,
    /// What open transactions have written, by producer and group.
    pending: BTreeMap<ProducerId, BTreeMap<Box<str>, GroupOffsets>>,
    /// The producers of `pending` by group.
    producers: BTreeMap<Box<str>, BTreeSet<ProducerId>>,
}

impl Offsets {
    /// Takes a record into the state.
    pub(in crate::group) fn apply(
        &mut self,
        at: Offset,
        key: &OffsetCommitKey,
        value: Option<&OffsetCommitValue>,
        producer: Option<ProducerIdAndEpoch>,
    ) {
        let group: &str = &key.group;
        match (value, producer) {
            (None, _) => self.remove(group, &key.topic, key.partition),
            (Some(value), None) => {
                entry(&mut self.by_group, group).put(&key.topic, key.partition, at, value);
            }
            (Some(value), Some(producer)) => {
                let pending = self.pending.entry(producer.id).or_default();
                entry(pending, group).put(&key.topic, key.partition, at, value);
                entry(&mut self.producers, group).insert(producer.id);
            }
        }
    }

    /// A tombstone is for what is committed and for what is pending.
    fn remove(&mut self, group: &str, topic: &str, partition: i32) {
        if let Some(offsets) = self.by_group.get_mut(group) {
            offsets.remove(topic, partition);
            if offsets.is_empty() {
                self.by_group.remove(group);
            }
        }
        for producer in self.producers.get(group).cloned().unwrap_or_default() {
            let Some(groups) = self.pending.get_mut(&producer) else { continue };
            let Some(offsets) = groups.get_mut(group) else { continue };
            if offsets.remove(topic, partition) && offsets.is_empty() {
                groups.remove(group);
                if groups.is_empty() {
                    self.pending.remove(&producer);
                }
                self.forget_producer(group, producer);
            }
        }
    }

    /// What the producer's transaction has written holds now, or is void.
    pub(in crate::group) fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        for (group, offsets) in self.pending.remove(&producer).unwrap_or_default() {
            self.forget_producer(&group, producer);
            if committed {
                self.by_group.entry(group).or_default().merge(offsets);
            }
        }
    }

    fn forget_producer(&mut self, group: &str, producer: ProducerId) {
        if let Some(producers) = self.producers.get_mut(group) {
            producers.remove(&producer);
            if producers.is_empty() {
                self.producers.remove(group);
            }
        }
    }

    /// Whether the group has offsets, be they pending.
    pub(in crate::group) fn has(&self, group: &str) -> bool {
        self.by_group.contains_key(group) || self.is_in_transaction(group)
    }

    /// Whether an open transaction has offsets of the group.
    pub(in crate::group) fn is_in_transaction(&self, group: &str) -> bool {
        self.producers.contains_key(group)
    }

    /// How many offsets are committed.
    pub(in crate::group) fn count(&self) -> u64 {
        let topics = self.by_group.values().flat_map(GroupOffsets::iter);
        topics.map(|(_, topic)| topic.len() as u64).sum()
    }

    /// Groups that have offsets, be they pending; each once, in no order.
    pub(in crate::group) fn groups(&self) -> impl Iterator<Item = &str> {
        let pending_only =
            self.producers.keys().filter(|group| !self.by_group.contains_key(*group));
        self.by_group.keys().chain(pending_only).map(|group| &**group)
    }

    /// The first group with committed offsets that comes after this one.
    pub(super) fn after(&self, group: &str) -> Option<&str> {
        let mut rest = self.by_group.range::<str, _>((Excluded(group), Unbounded));
        rest.next().map(|(group, _)| &**group)
    }

    /// The first group with offsets, be they pending, that comes after this one.
    pub(super) fn after_with_pending(&self, group: &str) -> Option<&str> {
        let mut rest = self.producers.range::<str, _>((Excluded(group), Unbounded));
        let pending = rest.next().map(|(group, _)| &**group);
        self.after(group).into_iter().chain(pending).min()
    }

    pub(super) fn of(&self, group: &str) -> Option<&GroupOffsets> {
        self.by_group.get(group)
    }

    /// What open transactions have written for the group.
    pub(super) fn pending_of(&self, group: &str) -> impl Iterator<Item = &GroupOffsets> {
        let producers = self.producers.get(group).into_iter().flatten();
        producers.filter_map(move |producer| self.pending.get(producer)?.get(group))
    }

    /// Whether an open transaction has an offset of the partition.
    pub(super) fn is_pending(&self, group: &str, topic: &str, partition: i32) -> bool {
        self.pending_of(group).any(|offsets| offsets.get(topic, partition).is_some())
    }
}

fn entry<'a, V: Default>(map: &'a mut BTreeMap<Box<str>, V>, key: &str) -> &'a mut V {
    if !map.contains_key(key) {
        map.insert(key.into(), V::default());
    }
    map.get_mut(key).expect("it was inserted if it was not there")
}
