//! Directories that clients want for partitions which this node does not have yet.
//!
//! AlterReplicaLogDirs of such a partition is refused, and remembered: once the partition is made,
//! it is made there, whatever the metadata and the directories' load say. It is forgotten with a
//! restart. Kafka remembers without bound, also what never comes; here the newest wishes count.

use crate::directory::Directory;
use crate::limits::PREFERRED_DIRECTORIES;
use dohle_storage::partition_directory::TopicPartition;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was wished for.
#[derive(Default)]
pub(crate) struct Preferred {
    wishes: Mutex<Wishes>,
}

#[derive(Default)]
struct Wishes {
    /// With its place in the order of wishes.
    directories: BTreeMap<TopicPartition, (u64, Arc<Directory>)>,
    /// The oldest first; the same partitions.
    order: BTreeMap<u64, TopicPartition>,
    count: u64,
}

impl Wishes {
    fn take(&mut self, partition: &TopicPartition) -> Option<Arc<Directory>> {
        let (at, directory) = self.directories.remove(partition)?;
        self.order.remove(&at);
        Some(directory)
    }
}

impl Preferred {
    /// The partition is wanted there; an older wish for it is void.
    pub(crate) fn note(&self, partition: TopicPartition, directory: Arc<Directory>) {
        let mut wishes = self.lock();
        wishes.take(&partition);
        if wishes.order.len() >= PREFERRED_DIRECTORIES
            && let Some((_, oldest)) = wishes.order.pop_first()
        {
            wishes.directories.remove(&oldest);
        }
        let at = wishes.count;
        wishes.count += 1;
        wishes.order.insert(at, partition.clone());
        wishes.directories.insert(partition, (at, directory));
    }

    /// Where a partition that is about to be made is wanted.
    pub(crate) fn take(&self, partition: &TopicPartition) -> Option<Arc<Directory>> {
        self.lock().take(partition)
    }

    fn lock(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
