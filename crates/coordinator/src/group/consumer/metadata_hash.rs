//! What the topics of a group look like, as one number: when it changes, the target has to.
//!
//! XXH3-64 over the hashes of the topics, by name. A topic's is over: a zero byte, the two halves of
//! its id, its name, the number of partitions, and for each of them its number and the racks of its
//! replicas, sorted, each behind its length. Numbers are little-endian; a text is its UTF-16 code
//! units and then their count.

use dohle_metadata::image::{Image, Partition, Topic};
use dohle_protocol::wire::Text;
use imbl::OrdMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use twox_hash::XxHash3_64;

/// The hash of topics whose hashes these are, by name; 0 if there are none.
pub(super) fn of_group(topics: impl IntoIterator<Item = i64>) -> i64 {
    let mut bytes = Vec::new();
    for hash in topics {
        bytes.extend_from_slice(&hash.to_le_bytes());
    }
    if bytes.is_empty() { 0 } else { XxHash3_64::oneshot(&bytes).cast_signed() }
}

/// The hash of a topic.
fn of_topic<'a>(topic: &Topic, racks_of: impl Fn(&Partition) -> Vec<&'a Text>) -> i64 {
    let mut bytes = vec![0];
    for half in topic.id.0.chunks(8) {
        bytes.extend(half.iter().rev());
    }
    put_text(&mut bytes, &topic.name);
    put_count(&mut bytes, topic.partitions.len());
    for (id, partition) in &topic.partitions {
        bytes.extend_from_slice(&id.to_le_bytes());
        let mut racks = racks_of(partition);
        racks.sort_unstable_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        for rack in racks {
            put_count(&mut bytes, rack.encode_utf16().count());
            put_text(&mut bytes, rack);
        }
    }
    XxHash3_64::oneshot(&bytes).cast_signed()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    put_count(bytes, text.encode_utf16().count());
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    let count = i32::try_from(count).expect("no text and no topic is that long");
    bytes.extend_from_slice(&count.to_le_bytes());
}

/// The hashes of topics that groups asked for, as long as the topics stay as they are.
#[derive(Debug, Default)]
pub(super) struct TopicHashes {
    racks: BTreeMap<i32, Text>,
    hashes: BTreeMap<Text, (OrdMap<i32, Arc<Partition>>, i64)>,
}

impl TopicHashes {
    /// The cluster looks different.
    pub(super) fn on_image(&mut self, image: &Image) {
        let racks = image.brokers.iter();
        let racks: BTreeMap<i32, Text> =
            racks.filter_map(|(id, broker)| Some((*id, broker.rack.clone()?))).collect();
        if racks != self.racks {
            self.racks = racks;
            self.hashes.clear();
        }
        self.hashes.retain(|name, (partitions, _)| {
            let topic = image.topics.by_name(name);
            topic.is_some_and(|topic| topic.partitions.ptr_eq(partitions))
        });
    }

    /// The hash of those of the topics that exist. The names come sorted.
    pub(super) fn of<'a>(
        &mut self,
        image: &Image,
        names: impl IntoIterator<Item = &'a Text>,
    ) -> i64 {
        let topics = names.into_iter().filter_map(|name| image.topics.by_name(name));
        of_group(topics.map(|topic| self.of_topic(topic)))
    }

    fn of_topic(&mut self, topic: &Topic) -> i64 {
        if let Some((_, hash)) = self.hashes.get(&topic.name) {
            return *hash;
        }
        let racks_of = |partition: &Partition| {
            partition.replicas.iter().filter_map(|broker| self.racks.get(broker)).collect()
        };
        let hash = of_topic(topic, racks_of);
        self.hashes.insert(topic.name.clone(), (topic.partitions.clone(), hash));
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use dohle_protocol::messages as m;

    #[test]
    fn hashes_are_those_of_kafka() {
        let vectors = golden::vectors("metadata-hash.jsonl.gz");
        assert!(!vectors.is_empty());
        for vector in vectors {
            let mut by_name = BTreeMap::new();
            for topic in vector["topics"].as_array().unwrap() {
                let racks: Vec<Vec<Text>> = topic["racks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|racks| {
                        let racks = racks.as_array().unwrap().iter();
                        racks.map(|rack| Text::from(rack.as_str().unwrap())).collect()
                    })
                    .collect();
                let name = Text::from(topic["name"].as_str().unwrap());
                let record = m::PartitionRecord::default();
                let partitions = (0_i32..).zip(&racks).map(|(id, _)| {
                    // The replica is the number of the partition: it finds its racks again.
                    let replicas = vec![id];
                    let partition = partition(&record, replicas);
                    (id, Arc::new(partition))
                });
                let topic_id = topic["topicId"].as_str().unwrap().parse().unwrap();
                let made =
                    Topic { id: topic_id, name: name.clone(), partitions: partitions.collect() };
                let hash = of_topic(&made, |partition| {
                    racks[usize::try_from(partition.replicas[0]).unwrap()].iter().collect()
                });
                assert_eq!(hash, topic["hash"].as_i64().unwrap(), "{name}");
                by_name.insert(name, hash);
            }
            let hash = of_group(by_name.into_values());
            assert_eq!(hash, vector["groupHash"].as_i64().unwrap());
        }
    }

    fn partition(record: &m::PartitionRecord, replicas: Vec<i32>) -> Partition {
        Partition {
            replicas,
            directories: Vec::new(),
            isr: Vec::new(),
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader: record.leader,
            is_recovering: false,
            leader_epoch: 0,
            partition_epoch: 0,
        }
    }
}
