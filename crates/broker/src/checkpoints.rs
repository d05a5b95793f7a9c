//! What the checkpoints of the log directories say of every partition.

use crate::directory::Directory;
use crate::housekeeping::each;
use crate::node::Node;
use crate::partition::Partition;
use dohle_storage::checkpoint::OffsetCheckpoint;
use dohle_storage::log_dir::load::ReplicaToLoad;
use dohle_storage::partition_directory::TopicPartition;
use std::sync::Arc;

/// Those whose offsets are never beyond a log's end.
pub(crate) const THAT_A_CUT_LOWERS: [OffsetCheckpoint; 3] =
    [OffsetCheckpoint::RecoveryPoint, OffsetCheckpoint::Replication, OffsetCheckpoint::Cleaner];

/// What the checkpoints of a directory say of a partition; they leave out what is `None`.
pub(crate) struct Offsets {
    pub(crate) directory: Arc<Directory>,
    pub(crate) partition: TopicPartition,
    pub(crate) recovery_point: i64,
    pub(crate) high_watermark: Option<i64>,
    pub(crate) start: Option<i64>,
    pub(crate) first_dirty: Option<i64>,
}

impl Offsets {
    /// Of a log that could not be opened: what was known of it.
    pub(crate) fn of_unopened(directory: &Arc<Directory>, replica: ReplicaToLoad) -> Self {
        Self {
            directory: directory.clone(),
            partition: replica.partition,
            recovery_point: replica.recovery_point,
            high_watermark: replica.high_watermark,
            start: Some(replica.log_start_offset).filter(|start| *start != 0),
            first_dirty: replica.first_dirty_offset,
        }
    }

    /// Of a partition's log, also of one that has failed (what was promised of it holds when it is
    /// mended), and of its copy on the way to another directory.
    fn of(partition: &Partition) -> Option<(Self, Option<Self>)> {
        let log = partition.any_log()?;
        let name = TopicPartition::new(partition.topic.as_str(), partition.index);
        let start = partition.start_to_keep(log);
        let of_copy = partition.moving.as_ref().map(|moving| {
            let end = moving.progress.end_offset();
            Self {
                directory: moving.directory.clone(),
                partition: name.clone(),
                recovery_point: moving.progress.recovery_point(),
                high_watermark: Some(partition.high_watermark().min(end)),
                // What is told to be gone is gone from the copy too, however far that is.
                start: start.map(|start| start.min(end)),
                first_dirty: None,
            }
        });
        let of_log = Self {
            directory: partition.directory.clone(),
            partition: name,
            recovery_point: log.recovery_point(),
            high_watermark: Some(partition.high_watermark()),
            start,
            first_dirty: log.first_dirty_offset(),
        };
        Some((of_log, of_copy))
    }

    fn said_in(&self, checkpoint: OffsetCheckpoint) -> Option<i64> {
        match checkpoint {
            OffsetCheckpoint::RecoveryPoint => Some(self.recovery_point),
            OffsetCheckpoint::Replication => self.high_watermark,
            OffsetCheckpoint::LogStart => self.start,
            OffsetCheckpoint::Cleaner => self.first_dirty,
        }
    }
}

/// The lines of a checkpoint.
pub(crate) fn entries<'o>(
    all: impl Iterator<Item = &'o Offsets>,
    checkpoint: OffsetCheckpoint,
) -> Vec<(TopicPartition, i64)> {
    all.filter_map(|of| Some((of.partition.clone(), of.said_in(checkpoint)?))).collect()
}

async fn offsets(node: &Arc<Node>) -> Vec<Offsets> {
    let said = each(node, |partition, _, _| Offsets::of(partition)).await;
    let said = said.into_iter().flatten();
    let mut all: Vec<_> =
        said.flat_map(|(of_log, of_copy)| [of_log].into_iter().chain(of_copy)).collect();
    let view = node.view();
    for directory in &node.directories {
        let unopened = directory.unopened.of(&view).into_iter();
        all.extend(unopened.map(|replica| Offsets::of_unopened(directory, replica)));
    }
    all
}

fn lines(
    all: &[Offsets],
    of: &Arc<Directory>,
    kind: OffsetCheckpoint,
) -> Vec<(TopicPartition, i64)> {
    entries(all.iter().filter(|one| Arc::ptr_eq(&one.directory, of)), kind)
}

/// Writes all checkpoints of every directory: a log lies elsewhere now.
pub(crate) async fn write_all(node: &Arc<Node>) {
    write_log_starts(node).await;
    write(node, &THAT_A_CUT_LOWERS).await;
}

/// Writes these checkpoints of every directory; that of the log starts is not for here.
pub(crate) async fn write(node: &Arc<Node>, checkpoints: &[OffsetCheckpoint]) {
    let all = offsets(node).await;
    for directory in node.directories.iter().filter(|directory| directory.log_dir.is_online()) {
        for checkpoint in checkpoints.iter().copied() {
            let lines = lines(&all, directory, checkpoint);
            let into = directory.clone();
            let written = directory.on_lane(move || into.checkpoint(checkpoint, &lines)).await;
            if let Some(Err(offline)) = written {
                tracing::error!("{offline}");
            }
        }
    }
}

/// Writes `log-start-offset-checkpoint` of every directory: what was deleted stays so after a kill.
///
/// Two of these may run at once; one that began to ask earlier never replaces what a later one
/// has written. False if a directory could not be written.
pub(crate) async fn write_log_starts(node: &Arc<Node>) -> bool {
    let mut is_written = true;
    let asked: Vec<u64> = node.directories.iter().map(|of| of.log_starts.begin()).collect();
    let all = offsets(node).await;
    for (directory, asked) in node.directories.iter().zip(asked) {
        if !directory.log_dir.is_online() {
            is_written = false;
            continue;
        }
        let lines = lines(&all, directory, OffsetCheckpoint::LogStart);
        let (into, of) = (directory.clone(), node.clone());
        let written = directory.on_lane(move || {
            // The stop has taken the logs, or will: it writes the last word.
            if of.is_stopping() {
                return None;
            }
            let write = || into.checkpoint(OffsetCheckpoint::LogStart, &lines);
            Some(into.log_starts.newest(asked, write).unwrap_or(Ok(())))
        });
        match written.await.flatten() {
            Some(Ok(())) => {}
            Some(Err(offline)) => {
                tracing::error!("{offline}");
                is_written = false;
            }
            None => is_written = false,
        }
    }
    is_written
}
