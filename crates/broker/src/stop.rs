//! A clean stop: nothing is served any more, logs are flushed and closed, checkpoints are written,
//! and last the marker that says so.

use crate::directory::Directory;
use crate::node::Node;
use crate::partition::command::Command;
use crate::start::Running;
use crate::topic::Replica;
use dohle_env::gather::{Answer, Gather};
use dohle_storage::Log;
use dohle_storage::checkpoint::OffsetCheckpoint;
use dohle_storage::log_dir::{LogDir, Offline};
use dohle_storage::partition_directory::TopicPartition;
use std::io;
use std::sync::Arc;

impl Running {
    /// Stops cleanly: afterwards a start scans nothing.
    pub async fn stop(self) {
        let node = self.node;
        node.begin_stop();
        let copies = node.moves.close().await;
        let mut logs = take_logs(&node).await;
        // A copy that is half done is closed as a log is: the next start goes on with it.
        logs.extend(copies.into_iter().map(|it| (it.directory.clone(), it.name(), it.copy)));
        let counts: Vec<usize> = node
            .directories
            .iter()
            .map(|of| logs.iter().filter(|(directory, ..)| Arc::ptr_eq(directory, of)).count())
            .collect();
        let closed = close_logs(logs, node.env.clock.timestamp()).await;
        node.controller.close().await;
        for (directory, count) in node.directories.iter().zip(counts) {
            let own: Vec<ClosedLog> =
                closed.iter().filter(|of| Arc::ptr_eq(&of.directory, directory)).cloned().collect();
            let closing = directory.clone();
            let epoch = (own.len() == count).then_some(self.broker_epoch);
            if !directory.log_dir.is_online() {
                continue;
            }
            let finish = move || closing.close(|log_dir| finish(log_dir, &own, epoch));
            if let Some(Err(offline)) = directory.on_lane(finish).await {
                tracing::error!("{offline}");
            }
        }
        node.metadata_directory.log_dir.unlock();
    }
}

/// What the last checkpoints say of a log.
#[derive(Clone)]
struct ClosedLog {
    directory: Arc<Directory>,
    partition: TopicPartition,
    end: i64,
    start: Option<i64>,
    first_dirty: Option<i64>,
}

/// Takes the logs of all partitions: nothing is served from here on.
async fn take_logs(node: &Arc<Node>) -> Vec<(Arc<Directory>, TopicPartition, Box<Log>)> {
    let mut asked = Vec::new();
    for topic in node.view().topics() {
        for (index, replica) in (0..).zip(&topic.partitions) {
            if let Replica::Here(partition) = replica {
                let gather = Gather::with_capacity(1);
                partition.submit(Command::TakeLog(gather.slot()));
                asked.push((TopicPartition::new(topic.name.as_str(), index), gather));
            }
        }
    }
    let mut logs = Vec::new();
    for (partition, gather) in asked {
        if let Some(Answer::Filled(log)) = gather.all().await.pop()
            && let Some(directory) = node.directory_of(log.place().directory())
        {
            logs.push((directory.clone(), partition, log));
        }
    }
    logs
}

/// Closes logs on their directories' lanes, all at once; says how each ended. One whose files are gone
/// is not among them: its directory is not stopped cleanly then, so that the next start looks at it.
async fn close_logs(
    logs: Vec<(Arc<Directory>, TopicPartition, Box<Log>)>,
    now: i64,
) -> Vec<ClosedLog> {
    let gather = Gather::with_capacity(logs.len());
    for (directory, partition, mut log) in logs {
        let slot = gather.slot();
        let lane = directory.clone();
        if log.offline().is_some() {
            // That was told when it happened.
            continue;
        }
        lane.job(Box::new(move || match log.close(now) {
            Ok(()) => {
                let start = log.has_own_start_offset().then(|| log.start_offset());
                let (end, first_dirty) = (log.end_offset(), log.first_dirty_offset());
                slot.fill(ClosedLog { directory, partition, end, start, first_dirty });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => tracing::error!(
                %partition,
                "a file of the log is missing: {error}; the next start scans {} and goes on with \
                 what is left",
                directory.log_dir.path().display()
            ),
            Err(error) => directory.fail("Closing a log", &error),
        }));
    }
    let filled = gather.all().await.into_iter().filter_map(|answer| match answer {
        Answer::Filled(closed) => Some(closed),
        Answer::Gone | Answer::Missing => None,
    });
    filled.collect()
}

/// The last writes to a directory: its checkpoints, then the marker of a clean stop, if it was one.
fn finish(
    log_dir: &LogDir,
    closed: &[ClosedLog],
    broker_epoch: Option<i64>,
) -> Result<(), Offline> {
    let offsets = |offset: fn(&ClosedLog) -> Option<i64>| -> Vec<_> {
        closed.iter().filter_map(|of| Some((of.partition.clone(), offset(of)?))).collect()
    };
    let ends = offsets(|of| Some(of.end));
    log_dir.write_offsets(OffsetCheckpoint::RecoveryPoint, &ends)?;
    log_dir.write_offsets(OffsetCheckpoint::Replication, &ends)?;
    log_dir.write_offsets(OffsetCheckpoint::LogStart, &offsets(|of| of.start))?;
    log_dir.write_offsets(OffsetCheckpoint::Cleaner, &offsets(|of| of.first_dirty))?;
    match broker_epoch {
        Some(broker_epoch) => log_dir.close_cleanly(broker_epoch),
        None => {
            log_dir.unlock();
            Ok(())
        }
    }
}
