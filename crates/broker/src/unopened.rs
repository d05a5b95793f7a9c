//! Logs that a start could not open.
//!
//! What the checkpoints say of them is written again with every checkpoint, and their directory is not
//! stopped cleanly: the start that can open them goes on from what is known of them.

use crate::node::View;
use crate::topic::Replica;
use dohle_protocol::ids::Uuid;
use dohle_storage::log_dir::load::ReplicaToLoad;
use std::sync::{Mutex, PoisonError};

/// Those of one directory.
#[derive(Default)]
pub(crate) struct Unopened(Mutex<Vec<(Uuid, ReplicaToLoad)>>);

impl Unopened {
    /// This replica of a topic stays closed until the next start.
    pub(crate) fn note(&self, topic_id: Uuid, replica: &ReplicaToLoad) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((topic_id, replica.clone()));
    }

    /// Those whose topics are still there.
    pub(crate) fn of(&self, view: &View) -> Vec<ReplicaToLoad> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |topic_id: &Uuid, replica: &ReplicaToLoad| {
            let at = usize::try_from(replica.partition.partition).ok();
            let topic = view.topic_by_id(*topic_id);
            let found = topic.zip(at).and_then(|(topic, at)| topic.partitions.get(at));
            matches!(found, Some(Replica::Offline))
        };
        let wanted = all.iter().filter(|(topic_id, replica)| is_wanted(topic_id, replica));
        wanted.map(|(_, replica)| replica.clone()).collect()
    }
}
