//! The topics that a group's members read.

use super::ClassicGroup;
use bytes::Bytes;
use dohle_protocol::messages::ConsumerProtocolSubscription;
use dohle_protocol::wire::{Message, Reader, Text};
use std::collections::BTreeSet;

/// The topics of all members; `None` if they are no consumers or one cannot be read.
pub(super) fn topics(group: &ClassicGroup) -> Option<BTreeSet<Text>> {
    if !group.is_of_consumers() {
        return None;
    }
    if group.members.is_empty() {
        return Some(BTreeSet::new());
    }
    let protocol = group.protocol.as_ref()?;
    let mut topics = BTreeSet::new();
    for member in group.members.iter() {
        for topic in topics_of(&member.metadata(Some(protocol)))? {
            if !topics.contains(&topic) {
                topics.insert(topic.detached());
            }
        }
    }
    Some(topics)
}

/// The topics of a subscription: two bytes of version, then what all versions begin with. `None`
/// if it is no subscription.
fn topics_of(metadata: &Bytes) -> Option<Vec<Text>> {
    let mut from = Reader::new((metadata.len() >= 2).then(|| metadata.slice(2..))?);
    Some(ConsumerProtocolSubscription::decode(&mut from, 0).ok()?.topics)
}
