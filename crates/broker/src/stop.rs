//! A clean stop: nothing is served any more, logs are flushed and closed, checkpoints are written,
//! and last the marker that says so.

use crate::checkpoints::{Offsets, entries};
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
        let mut closed = close_logs(logs, node.env.clock.timestamp()).await;
        node.controller.close().await;
        let view = node.view();
        for (directory, count) in node.directories.iter().zip(counts) {
            let is_own = |word: &mut LastWord| Arc::ptr_eq(&word.offsets.directory, directory);
            let own: Vec<LastWord> = closed.extract_if(.., is_own).collect();
            let unopened = directory.unopened.of(&view);
            let is_clean =
                unopened.is_empty() && own.len() == count && own.iter().all(|word| word.is_closed);
            let opened = own.into_iter().map(|word| word.offsets);
            let unopened = unopened.into_iter().map(|it| Offsets::of_unopened(directory, it));
            let offsets: Vec<Offsets> = opened.chain(unopened).collect();
            let closing = directory.clone();
            let epoch = is_clean.then_some(self.broker_epoch);
            if !directory.log_dir.is_online() {
                continue;
            }
            let finish = move || closing.close(|log_dir| finish(log_dir, &offsets, epoch));
            if let Some(Err(offline)) = directory.on_lane(finish).await {
                tracing::error!("{offline}");
            }
        }
        node.metadata_directory.log_dir.unlock();
    }
}

/// What the last checkpoints say of a log.
struct LastWord {
    offsets: Offsets,
    /// Whether all of it is on the disk as it should be.
    is_closed: bool,
}

impl LastWord {
    /// Of a log that was open, and whether it could be closed.
    fn about(
        directory: Arc<Directory>,
        partition: TopicPartition,
        log: &Log,
        is_closed: bool,
    ) -> Self {
        let end = if is_closed { log.end_offset() } else { log.recovery_point() };
        let offsets = Offsets {
            directory,
            partition,
            recovery_point: end,
            high_watermark: Some(end),
            start: log.has_own_start_offset().then(|| log.start_offset()),
            first_dirty: log.first_dirty_offset(),
        };
        Self { offsets, is_closed }
    }
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

/// Closes logs on their directories' lanes, all at once; says how each ended. Where one has failed or
/// its files are gone its directory is not stopped cleanly, so that the next start looks at it.
async fn close_logs(
    logs: Vec<(Arc<Directory>, TopicPartition, Box<Log>)>,
    now: i64,
) -> Vec<LastWord> {
    let gather = Gather::with_capacity(logs.len());
    for (directory, partition, mut log) in logs {
        let slot = gather.slot();
        let lane = directory.clone();
        if log.offline().is_some() {
            // That was told when it happened.
            slot.fill(LastWord::about(directory, partition, &log, false));
            continue;
        }
        lane.job(Box::new(move || match log.close(now) {
            Ok(()) => slot.fill(LastWord::about(directory, partition, &log, true)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(
                    %partition,
                    "a file of the log is missing: {error}; the next start scans {} and goes on \
                     with what is left",
                    directory.log_dir.path().display()
                );
                slot.fill(LastWord::about(directory, partition, &log, false));
            }
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
fn finish(log_dir: &LogDir, all: &[Offsets], broker_epoch: Option<i64>) -> Result<(), Offline> {
    for checkpoint in OffsetCheckpoint::ALL {
        log_dir.write_offsets(checkpoint, &entries(all.iter(), checkpoint))?;
    }
    match broker_epoch {
        Some(broker_epoch) => log_dir.close_cleanly(broker_epoch),
        None => {
            log_dir.unlock();
            Ok(())
        }
    }
}
