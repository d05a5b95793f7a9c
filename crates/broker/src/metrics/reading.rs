//! All that pages are made of, as it was at one moment.

use super::RecordCounts;
use super::cleaning::Known as Cleaning;
use super::histogram::Times;
use super::requests::OfApi;
use super::text::{Names, Text};
use super::{kafka, own};
use crate::directory::Directory;
use crate::housekeeping;
use crate::node::{Node, View};
use crate::partition::Partition;
use crate::partition::compacting::Compacting;
use crate::quorum::QuorumStatus;
use crate::quotas::Usage;
use crate::topic::Replica;
use dohle_coordinator::counts::{Counts, GroupCounts, TransactionCounts};
use dohle_env::clock::Instant;
use dohle_protocol::wire::Text as Name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of how many things a page has series of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Partitions: above it there are none of each one, only of their topics.
    pub partitions: usize,
    /// Topics: beyond it only the sums over all are told.
    pub topics: usize,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self { partitions: 5_000, topics: 10_000 }
    }
}

/// Clients with a quota that have series of their own.
const CLIENTS_MAX: usize = 1_000;

/// One partition of this node.
pub(super) struct OfPartition {
    pub(super) topic: Name,
    pub(super) index: String,
    pub(super) directory: Arc<Directory>,
    pub(super) size_bytes: u64,
    pub(super) segments: usize,
    pub(super) start_offset: i64,
    pub(super) end_offset: i64,
    /// How far the last stable offset is behind the high watermark.
    pub(super) unstable: i64,
    pub(super) counts: RecordCounts,
    pub(super) is_uncleanable: bool,
    pub(super) is_moving: bool,
    /// Producers that its log remembers.
    pub(super) producers: usize,
    /// Producers and readers that wait.
    pub(super) delayed: (usize, usize),
    machine: Option<Counts>,
}

/// What partitions, coordinators, the controller and quotas say at one moment. A value: pages are made
/// of it on any thread.
pub struct Reading {
    pub(super) node: Arc<Node>,
    pub(super) view: Arc<View>,
    pub(super) now: Instant,
    pub(super) now_ms: i64,
    pub(super) partitions: Vec<OfPartition>,
    /// Partitions whose log is not served.
    pub(super) offline: usize,
    pub(super) apis: Vec<OfApi>,
    pub(super) cleaning: Cleaning,
    pub(super) quorum: Option<QuorumStatus>,
    pub(super) usage: Vec<Usage>,
    /// How long flushes took, and loads of group and of transaction coordinators.
    pub(super) flushes: Times,
    pub(super) loads: [Times; 2],
    pub(super) limits: SeriesLimits,
}

/// Sums over what the partitions say.
pub(super) struct Sums {
    pub(super) all: RecordCounts,
    pub(super) topics: BTreeMap<Name, RecordCounts>,
    pub(super) groups: GroupCounts,
    pub(super) transactions: TransactionCounts,
}

/// Asks everybody.
pub(crate) async fn read(node: &Arc<Node>) -> Reading {
    let said = housekeeping::each(node, |partition, _, _| of(partition)).await;
    let asked = said.len();
    let partitions: Vec<OfPartition> = said.into_iter().flatten().collect();
    let view = node.view();
    let is_offline = |replica: &&Replica| matches!(replica, Replica::Offline);
    let replicas = view.topics().flat_map(|topic| &topic.partitions);
    let offline = replicas.filter(is_offline).count() + asked - partitions.len();
    let mut flushes = Times::default();
    for directory in &node.directories {
        flushes.add(&directory.flush_times.read());
    }
    let now = node.env.clock.now();
    Reading {
        quorum: node.controller.describe().await,
        now,
        now_ms: node.env.clock.timestamp(),
        partitions,
        offline,
        apis: node.metrics.requests.read(),
        cleaning: node.metrics.cleaning.read(),
        usage: node.quotas.usage(now, CLIENTS_MAX),
        flushes,
        limits: SeriesLimits::default(),
        loads: node.metrics.loads.each_ref().map(super::Histogram::read),
        view,
        node: node.clone(),
    }
}

fn of(partition: &Partition) -> Option<OfPartition> {
    let log = partition.log().ok()?;
    Some(OfPartition {
        topic: partition.topic.clone(),
        index: partition.index.to_string(),
        directory: partition.directory.clone(),
        size_bytes: log.size_bytes(),
        segments: log.segment_count(),
        start_offset: log.start_offset(),
        end_offset: log.end_offset(),
        unstable: partition.high_watermark() - partition.visible_end(true),
        counts: partition.counts,
        is_uncleanable: partition.compacting == Compacting::Uncleanable,
        is_moving: partition.moving.is_some(),
        producers: log.producers().count(),
        delayed: partition.delayed(),
        machine: partition.machine_counts(),
    })
}

impl Reading {
    /// The same, for pages with other limits.
    #[must_use]
    pub fn limited(self, limits: SeriesLimits) -> Self {
        Self { limits, ..self }
    }

    /// All metrics in Prometheus's text format, under the names that jmx_exporter's common rules
    /// for Kafka give.
    #[must_use]
    pub fn kafka_page(&self) -> String {
        let mut text = Text::default();
        kafka::put(&mut text, self, &self.sums());
        text.finish()
    }

    /// The same under the names that Confluent's rules for jmx_exporter give.
    #[must_use]
    pub fn confluent_page(&self) -> String {
        let mut text = Text::with_names(Names::Confluent);
        kafka::put(&mut text, self, &self.sums());
        text.finish()
    }

    /// All metrics under names of our own, in base units, one family for one thing.
    #[must_use]
    pub fn own_page(&self) -> String {
        let mut text = Text::default();
        own::put(&mut text, self, &self.sums());
        text.finish()
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums {
            all: self.node.metrics.retired(),
            topics: BTreeMap::new(),
            groups: GroupCounts::default(),
            transactions: TransactionCounts::default(),
        };
        for partition in &self.partitions {
            sums.all.add(&partition.counts);
            match &partition.machine {
                Some(Counts::Groups(counts)) => sums.groups.add(counts),
                Some(Counts::Transactions(counts)) => sums.transactions.add(counts),
                None => {}
            }
            if sums.topics.contains_key(&partition.topic) || sums.topics.len() < self.limits.topics
            {
                sums.topics.entry(partition.topic.clone()).or_default().add(&partition.counts);
            }
        }
        sums
    }

    /// The APIs that were asked for.
    pub(super) fn used_apis(&self) -> impl Iterator<Item = &OfApi> {
        self.apis.iter().filter(|of| of.count() != 0)
    }

    /// Directories that do not work.
    pub(super) fn offline_directories(&self) -> usize {
        self.node.directories.iter().filter(|directory| !directory.log_dir.is_online()).count()
    }

    /// Partitions that cannot be compacted before the next start.
    pub(super) fn uncleanable(&self) -> usize {
        self.partitions.iter().filter(|of| of.is_uncleanable).count()
    }
}
