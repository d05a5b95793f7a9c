//! What a node does by itself: one pass over all partitions per duty, not a timer each.

use crate::checkpoints;
use crate::node::Node;
use crate::partition::compacting::Compacting;
use crate::partition::{Effect, Partition, submit_question};
use crate::quorum;
use crate::topic::{Replica, Topic};
use dohle_env::clock::{self, Instant};
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use dohle_storage::checkpoint::OffsetCheckpoint;
use std::sync::Arc;

/// How often tails are aged and due flushes begun.
const SHORT_PASS_MS: i64 = 1000;
/// Partitions asked at once, so that a pass over many does not hold up their reactors.
pub(crate) const ASKED_AT_ONCE: usize = 500;

/// A duty and when it is due next.
struct Duty {
    kind: Kind,
    interval_ms: i64,
    due: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Old tails, flushes that `flush.ms` asks for, the space that is left, files that connections have no
    /// room beside, the controller's timer.
    Short,
    /// `replication-offset-checkpoint`.
    HighWatermarks,
    /// `recovery-point-offset-checkpoint`.
    RecoveryPoints,
    /// `log-start-offset-checkpoint`.
    LogStarts,
    /// Segments past their time, size or start.
    Retention,
    /// Producers that have not written for long.
    Producers,
    /// A snapshot of the metadata.
    Snapshot,
}

impl Kind {
    /// In the order of their declaration.
    pub(crate) const ALL: [Self; 7] = [
        Self::Short,
        Self::HighWatermarks,
        Self::RecoveryPoints,
        Self::LogStarts,
        Self::Retention,
        Self::Producers,
        Self::Snapshot,
    ];

    /// As pages of metrics call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::HighWatermarks => "high_watermarks",
            Self::RecoveryPoints => "recovery_points",
            Self::LogStarts => "log_starts",
            Self::Retention => "retention",
            Self::Producers => "producers",
            Self::Snapshot => "snapshot",
        }
    }
}

/// Whose segments retention looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retained {
    /// All logs'.
    All,
    /// Those of compacted topics.
    Compacted,
}

/// Runs the duties for as long as the node lives.
pub(crate) async fn run(node: Arc<Node>) {
    let mut duties = duties(&node);
    while !node.is_stopping() {
        let due = duties.iter().map(|duty| duty.due).min().unwrap_or(Instant::NEVER);
        clock::sleep_until(&*node.env.clock, due).await;
        let now = node.env.clock.now();
        for duty in duties.iter_mut().filter(|duty| duty.due <= now) {
            duty.due = now.after_ms(duty.interval_ms);
            let began = node.env.clock.now();
            perform(&node, duty.kind).await;
            node.metrics.passes[duty.kind as usize].record(node.env.clock.now().since(began));
        }
    }
}

fn duties(node: &Node) -> Vec<Duty> {
    let now = node.env.clock.now();
    let of = |name| node.config.integer(name).max(1);
    let first = of("log.initial.task.delay.ms");
    let log_starts = of("log.flush.start.offset.checkpoint.interval.ms");
    [
        (Kind::Short, SHORT_PASS_MS, SHORT_PASS_MS),
        (Kind::HighWatermarks, of("replica.high.watermark.checkpoint.interval.ms"), 0),
        (Kind::RecoveryPoints, of("log.flush.offset.checkpoint.interval.ms"), first),
        (Kind::LogStarts, log_starts, first),
        (Kind::Retention, of("log.retention.check.interval.ms"), first),
        (Kind::Producers, of("producer.id.expiration.check.interval.ms"), 0),
        (Kind::Snapshot, 10_000, 0),
    ]
    .into_iter()
    .map(|(kind, interval_ms, first_ms)| {
        let first_ms = if first_ms == 0 { interval_ms } else { first_ms };
        Duty { kind, interval_ms, due: now.after_ms(first_ms) }
    })
    .collect()
}

async fn perform(node: &Arc<Node>, kind: Kind) {
    match kind {
        Kind::Short => {
            node.controller.submit(quorum::Command::Wake);
            node.storage.close_surplus_files();
            for directory in node.directories.iter().filter(|of| of.log_dir.is_online()) {
                let measured = directory.clone();
                directory.job(Box::new(move || measured.measure_room()));
            }
            each(node, |partition, effects, now| {
                let Ok(log) = partition.log_mut() else { return };
                log.age_tail(now);
                if log.is_flush_due(now) {
                    partition.flush(effects);
                }
            })
            .await;
        }
        Kind::HighWatermarks => checkpoints::write(node, &[OffsetCheckpoint::Replication]).await,
        Kind::RecoveryPoints => checkpoints::write(node, &[OffsetCheckpoint::RecoveryPoint]).await,
        Kind::LogStarts => {
            checkpoints::write_log_starts(node).await;
        }
        Kind::Retention => retain(node, Retained::All).await,
        Kind::Producers => {
            each(node, |partition, _, now| {
                if let Ok(log) = partition.log_mut() {
                    log.expire_producers(now);
                }
            })
            .await;
        }
        Kind::Snapshot => node.controller.submit(quorum::Command::Snapshot),
    }
}

/// Every partition that is open here of the topics that `of` wants.
pub(crate) fn partitions(node: &Node, of: impl Fn(&Topic) -> bool) -> Vec<Arc<Strand<Partition>>> {
    let view = node.view();
    let replicas = view.topics().filter(|topic| of(topic)).flat_map(|topic| &topic.partitions);
    replicas
        .filter_map(|replica| match replica {
            Replica::Here(partition) => Some(partition.clone()),
            Replica::Offline | Replica::Elsewhere => None,
        })
        .collect()
}

/// Asks every partition the same, some hundreds at a time, and gathers what they say.
pub(crate) async fn each<T: Send + 'static>(
    node: &Arc<Node>,
    question: impl Fn(&mut Partition, &mut Vec<Effect>, i64) -> T + Copy + Send + 'static,
) -> Vec<T> {
    let now = node.env.clock.timestamp();
    let mut all = Vec::new();
    for some in partitions(node, |_| true).chunks(ASKED_AT_ONCE) {
        let gather = Gather::with_capacity(some.len());
        for partition in some {
            submit_question(partition, &gather, move |partition, effects| {
                question(partition, effects, now)
            });
        }
        all.extend(gather.all().await.into_iter().filter_map(|answer| match answer {
            Answer::Filled(said) => Some(said),
            Answer::Gone | Answer::Missing => None,
        }));
    }
    all
}

/// How many answers wait in all partitions.
pub(crate) async fn open_answers(node: &Arc<Node>) -> usize {
    each(node, |partition, _, _| partition.open_answers()).await.into_iter().sum()
}

/// Takes old segments out of the logs: out of all, or only out of the compacted ones.
pub(crate) async fn retain(node: &Arc<Node>, of: Retained) {
    let done = each(node, move |partition, effects, now| {
        if let Err(error) = partition.log().ok()?.require_active_file() {
            partition.go_offline(error, effects);
        }
        let is_compacted = partition.log().ok()?.config().compact;
        if partition.compacting == Compacting::Running
            || (of == Retained::Compacted && !is_compacted)
        {
            return None;
        }
        let high_watermark = partition.high_watermark();
        let directory = partition.directory.clone();
        let log = partition.log_mut().ok()?;
        let delay_ms = log.config().file_delete_delay_ms;
        let retention = log.retention(now, high_watermark);
        Some((partition.topic.clone(), partition.index, directory, delay_ms, retention))
    });
    for (topic, index, directory, delay_ms, retention) in done.await.into_iter().flatten() {
        match retention {
            Ok(retention) => {
                for removed in &retention.removed {
                    tracing::info!(
                        %topic, partition = index, base_offset = removed.base_offset,
                        bytes = removed.size_bytes, "segment deleted: {:?}", removed.reason
                    );
                }
                if !retention.deletion.is_empty() {
                    let deletion = retention.deletion;
                    node.remove_later(directory, delay_ms, Box::new(move || deletion.run()));
                }
            }
            Err(error) => directory.fail("Deleting old segments", &error),
        }
    }
}
