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

/// Jobs at once per directory that close logs.
const CLOSING_JOBS: usize = 4;

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

/// Closes logs on their directories' lanes, a few jobs at a time; says how each ended. Where one has
/// failed or its files are gone its directory is not stopped cleanly, so that the next start looks at
/// it.
async fn close_logs(
    logs: Vec<(Arc<Directory>, TopicPartition, Box<Log>)>,
    now: i64,
) -> Vec<LastWord> {
    let (offline, mut online): (Vec<_>, Vec<_>) =
        logs.into_iter().partition(|(.., log)| log.offline().is_some());
    // Of those it was told when it happened.
    let offline = offline
        .into_iter()
        .map(|(directory, partition, log)| LastWord::about(directory, partition, &log, false));
    let mut words: Vec<LastWord> = offline.collect();
    let gather = Gather::with_capacity(CLOSING_JOBS);
    while let Some((directory, ..)) = online.first() {
        let directory = directory.clone();
        let is_here = |(of, ..): &mut (Arc<Directory>, _, _)| Arc::ptr_eq(of, &directory);
        let mut logs: Vec<_> =
            online.extract_if(.., is_here).map(|(_, partition, log)| (partition, log)).collect();
        let share = logs.len().div_ceil(CLOSING_JOBS);
        while !logs.is_empty() {
            let share = logs.split_off(logs.len().saturating_sub(share));
            let (directory, slot) = (directory.clone(), gather.slot());
            let lane = directory.clone();
            lane.job(Box::new(move || slot.fill(close_share(&directory, share, now))));
        }
    }
    for answer in gather.all().await {
        match answer {
            Answer::Filled(closed) => words.extend(closed),
            Answer::Gone | Answer::Missing => {}
        }
    }
    words
}

/// Closes logs of one directory. Of those that a failing disk has kept from it nothing is said.
fn close_share(
    directory: &Arc<Directory>,
    mut logs: Vec<(TopicPartition, Box<Log>)>,
    now: i64,
) -> Vec<LastWord> {
    let closed = match Log::close_all(logs.iter_mut().map(|(_, log)| &mut **log), now) {
        Ok(closed) => closed,
        Err(error) => {
            directory.fail("Closing logs", &error);
            return Vec::new();
        }
    };
    let word =
        |((partition, log), closed): ((TopicPartition, Box<Log>), io::Result<()>)| match closed {
            Ok(()) => Some(LastWord::about(directory.clone(), partition, &log, true)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(
                    %partition,
                    "a file of the log is missing: {error}; the next start scans {} and goes on \
                     with what is left",
                    directory.log_dir.path().display()
                );
                Some(LastWord::about(directory.clone(), partition, &log, false))
            }
            Err(error) => {
                directory.fail("Closing a log", &error);
                None
            }
        };
    logs.into_iter().zip(closed).filter_map(word).collect()
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
