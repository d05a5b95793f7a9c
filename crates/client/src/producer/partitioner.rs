//! Which partition a record without one goes to, as Java's producer chooses.

use crate::metadata::Topic;
use dohle_env::collections::HashMap;
use dohle_env::random::Random;
use dohle_protocol::murmur2;
use dohle_protocol::wire::Text;

/// For each topic the partition that keyless records go to, until it has got its share (KIP-794).
#[derive(Default)]
pub(super) struct Partitioner {
    sticky: HashMap<Text, Sticky>,
}

struct Sticky {
    partition: i32,
    bytes: usize,
}

impl Partitioner {
    /// The partition for a record of `size_bytes` with this key.
    pub(super) fn choose(
        &mut self,
        topic: &Topic,
        key: Option<&[u8]>,
        size_bytes: usize,
        (batch_bytes, random): (usize, &dyn Random),
    ) -> Option<i32> {
        let count = u32::try_from(topic.partitions.len()).ok()?;
        if let Some(key) = key {
            let chosen = murmur2::partition_for_key(key, count)?;
            return i32::try_from(chosen).ok();
        }
        if let Some(sticky) = self.sticky.get_mut(&topic.name)
            && sticky.bytes < batch_bytes
            && topic.partition(sticky.partition).is_some_and(|one| one.leader.is_some())
        {
            sticky.bytes += size_bytes;
            return Some(sticky.partition);
        }
        // One that nobody leads would keep records waiting; without any leader all are alike.
        let led: Vec<i32> = topic
            .partitions
            .iter()
            .filter(|one| one.leader.is_some())
            .map(|one| one.index)
            .collect();
        let partition = if led.is_empty() {
            topic.partitions.get(random.below(u64::from(count.max(1))) as usize)?.index
        } else {
            led[random.below(led.len() as u64) as usize]
        };
        self.sticky.insert(topic.name.clone(), Sticky { partition, bytes: size_bytes });
        Some(partition)
    }
}
