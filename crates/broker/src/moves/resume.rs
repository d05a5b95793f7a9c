//! Copies that a start has found.

use super::Move;
use crate::directory::Directory;
use crate::load::Wanted;
use crate::node::{Node, View};
use crate::partition::ask;
use crate::partition::moving::{Moving, Progress};
use crate::topic::Replica;
use dohle_storage::log_dir::load::ReplicaToLoad;
use dohle_storage::{Log, Opening, Place};
use std::sync::Arc;

/// A copy that a directory holds.
pub(crate) struct Found {
    pub(crate) wanted: Wanted,
    pub(crate) replica: ReplicaToLoad,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clean: bool,
}

/// Has copies catch up whose log is open. Where it is not, its directory is offline: the copy waits
/// for a start that has both.
pub(crate) async fn resume(node: &Arc<Node>, view: &View, found: Vec<Found>) {
    for copy in found {
        let topic = view.topic_by_id(copy.wanted.topic_id);
        let index = copy.wanted.partition.partition;
        let replica = topic.and_then(|topic| topic.partitions.get(usize::try_from(index).ok()?));
        let (Some(topic), Some(Replica::Here(partition))) = (topic, replica) else { continue };
        let name = copy.wanted.partition.clone();
        let directory = copy.directory.clone();
        let opener = node.clone();
        let opened = directory.on_lane(move || {
            let log = open(&opener, &copy);
            if log.is_err() {
                let Found { wanted, replica, directory, .. } = &copy;
                super::remove_copy(&opener, directory, &replica.directory, &wanted.partition);
            }
            log
        });
        let Some(opened) = opened.await else { continue };
        let log = match opened {
            Ok(log) => log,
            Err(error) => {
                tracing::error!(partition = %name, "a half-done copy cannot be opened: {error}");
                continue;
            }
        };
        let progress = Arc::new(Progress::default());
        progress.tell(&log);
        let moving = Moving { directory: directory.clone(), progress: progress.clone() };
        ask(partition, move |partition, _| partition.moving = Some(moving)).await;
        node.moves.submit(Box::new(Move {
            key: (topic.name.clone(), index),
            topic_id: topic.id,
            partition: partition.clone(),
            directory,
            copy: log,
            progress,
            is_told: false,
            unflushed_bytes: 0,
        }));
    }
}

fn open(node: &Node, found: &Found) -> Result<Box<Log>, String> {
    let Found { wanted, replica, clean, .. } = found;
    let place = Place::new(node.storage.clone(), &*replica.directory, wanted.partition.to_string());
    place.set_new();
    // What the checkpoint has under this name may be of a log that was here before.
    let recovery_point = if *clean { replica.recovery_point } else { 0 };
    let opening = Opening {
        clean: *clean,
        recovery_point,
        log_start_offset: replica.log_start_offset,
        now: node.env.clock.timestamp(),
    };
    let opened = Log::open(place, wanted.settings.log_config(), opening);
    let (mut log, report) = opened.map_err(|error| error.to_string())?;
    report.deletion.run().map_err(|error| error.to_string())?;
    if !clean {
        // Of what was not flushed a later segment may be there and an earlier one not, and nobody
        // knows what was: it is copied again.
        let start = log.start_offset();
        let cut = log.truncate_to(start, opening.now).and_then(|deletion| deletion.run());
        cut.map_err(|error| error.to_string())?;
    }
    Ok(Box::new(log))
}
