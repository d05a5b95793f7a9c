//! What members of the classic protocol say and are told inside its requests: subscriptions and
//! assignments of consumers, two bytes of version and a body.

use super::member::Owned;
use bytes::Bytes;
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::consumer_protocol_assignment::TopicPartition;
use dohle_protocol::wire::{Message, Reader, Text};

/// A subscription; `None` if it is none.
pub(super) fn subscription(metadata: &Bytes) -> Option<m::ConsumerProtocolSubscription> {
    decode(metadata)
}

/// An assignment; `None` if it is none. No bytes are no partitions.
pub(super) fn assignment(bytes: &Bytes) -> Option<m::ConsumerProtocolAssignment> {
    if bytes.is_empty() { Some(m::ConsumerProtocolAssignment::default()) } else { decode(bytes) }
}

/// Newer versions begin as the newest that is known here.
fn decode<M: Message>(bytes: &Bytes) -> Option<M> {
    let version = i16::from_be_bytes(*bytes.first_chunk()?);
    let version = (version >= 0).then(|| version.min(M::HIGHEST_VERSION))?;
    M::decode(&mut Reader::new(bytes.slice(2..)), version).ok()
}

/// Partitions by topic, in the version of what the member says. Topics that are gone have no name.
pub(super) fn encode_assignment<'a>(
    partitions: impl Iterator<Item = (&'a Uuid, Vec<i32>)>,
    image: &Image,
    metadata: &Bytes,
) -> Bytes {
    let topics = partitions.filter_map(|(id, partitions)| {
        let topic = image.topics.by_id(id)?.name.clone();
        Some(TopicPartition { topic, partitions })
    });
    let mut topics: Vec<TopicPartition> = topics.collect();
    topics.sort_unstable_by(|a, b| a.topic.cmp(&b.topic));
    let assignment = m::ConsumerProtocolAssignment { assigned_partitions: topics, user_data: None };
    let said = metadata.first_chunk().map_or(0, |version| i16::from_be_bytes(*version));
    let version = said.clamp(0, m::ConsumerProtocolAssignment::HIGHEST_VERSION);
    assignment.versioned(version)
}

/// Topics by id. Those that are gone are left out.
pub(super) fn by_id<'a>(
    topics: impl Iterator<Item = (&'a Text, &'a Vec<i32>)>,
    image: &Image,
) -> Vec<TopicPartitions> {
    let topic = |(name, partitions): (&Text, &Vec<i32>)| {
        let topic_id = image.topics.by_name(name)?.id;
        Some(TopicPartitions { topic_id, partitions: partitions.clone(), ..Default::default() })
    };
    topics.filter_map(topic).collect()
}

/// Partitions that are owned since that epoch.
pub(super) fn owned_since(topics: &[TopicPartitions], epoch: i32) -> Owned {
    let topic = |topic: &TopicPartitions| -> (Uuid, _) {
        (topic.topic_id, topic.partitions.iter().map(|partition| (*partition, epoch)).collect())
    };
    topics.iter().map(topic).collect()
}
