//! The pages of metrics: under the names that jmx_exporter's rules for Kafka give, and under names of
//! our own.

use super::RecordCounts;
use super::requests::{BUCKETS, OfApi, bound_micros};
use super::text::{Kind, Text};
use crate::housekeeping;
use crate::node::{Node, View};
use crate::partition::compacting::Compacting;
use crate::topic::Replica;
use dohle_protocol::wire::Text as Name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Partitions above which a page has no series of each one, only of their topics.
const PARTITIONS_MAX: usize = 5_000;
/// Topics that have series of their own; beyond them only the sums over all are told.
const TOPICS_MAX: usize = 10_000;

/// Which names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// What dashboards for Kafka ask for.
    Kafka,
    /// Base units, one family for one thing.
    Own,
}

/// One partition of this node.
struct OfPartition {
    topic: Name,
    index: String,
    size_bytes: u64,
    segments: usize,
    start_offset: i64,
    end_offset: i64,
    counts: RecordCounts,
    is_uncleanable: bool,
    is_moving: bool,
}

/// All that a page is made of.
struct Read {
    partitions: Vec<OfPartition>,
    offline: usize,
    topics: BTreeMap<Name, RecordCounts>,
    all: RecordCounts,
    apis: Vec<OfApi>,
}

/// The page as it is now.
pub(crate) async fn read(node: &Arc<Node>, page: Page) -> String {
    let said = housekeeping::each(node, |partition, _, _| {
        let log = partition.log().ok()?;
        Some(OfPartition {
            topic: partition.topic.clone(),
            index: partition.index.to_string(),
            size_bytes: log.size_bytes(),
            segments: log.segment_count(),
            start_offset: log.start_offset(),
            end_offset: log.end_offset(),
            counts: partition.counts,
            is_uncleanable: partition.compacting == Compacting::Uncleanable,
            is_moving: partition.moving.is_some(),
        })
    });
    let said = said.await;
    let asked = said.len();
    let partitions: Vec<OfPartition> = said.into_iter().flatten().collect();
    let view = node.view();
    let is_offline = |replica: &&Replica| matches!(replica, Replica::Offline);
    let replicas = view.topics().flat_map(|topic| &topic.partitions);
    let offline = replicas.filter(is_offline).count() + asked - partitions.len();
    let mut all = node.metrics.retired();
    let mut topics: BTreeMap<Name, RecordCounts> = BTreeMap::new();
    for partition in &partitions {
        all.add(&partition.counts);
        if topics.contains_key(&partition.topic) || topics.len() < TOPICS_MAX {
            topics.entry(partition.topic.clone()).or_default().add(&partition.counts);
        }
    }
    let read = Read { partitions, offline, topics, all, apis: node.metrics.requests.read() };
    let mut text = Text::default();
    match page {
        Page::Kafka => {
            kafka_records(&mut text, &read);
            kafka_requests(&mut text, &read);
            kafka_replicas(&mut text, node, &view, &read);
            kafka_logs(&mut text, &read);
        }
        Page::Own => own(&mut text, node, &view, &read),
    }
    text.finish()
}

type Count = (&'static str, fn(&RecordCounts) -> u64);

fn kafka_records(text: &mut Text, read: &Read) {
    const COUNTS: [Count; 7] = [
        ("messagesin", |of| of.messages_in),
        ("bytesin", |of| of.bytes_in),
        ("bytesout", |of| of.bytes_out),
        ("totalproducerequests", |of| of.produces),
        ("failedproducerequests", |of| of.failed_produces),
        ("totalfetchrequests", |of| of.fetches),
        ("failedfetchrequests", |of| of.failed_fetches),
    ];
    for (name, count) in COUNTS {
        let name = format!("kafka_server_brokertopicmetrics_{name}_total");
        let mut family = text.family(&name, Kind::Counter, "kafka.server:type=BrokerTopicMetrics");
        family.sample(&[], count(&read.all));
        for (topic, counts) in &read.topics {
            family.sample(&[("topic", topic.as_str())], count(counts));
        }
    }
}

fn kafka_requests(text: &mut Text, read: &Read) {
    let mean = "kafka.network:type=RequestMetrics";
    let used = || read.apis.iter().filter(|of| of.count() != 0);
    let name = "kafka_network_requestmetrics_requests_total";
    let mut family = text.family(name, Kind::Counter, mean);
    for of in used() {
        let request = format!("{:?}", of.key);
        for (version, count) in of.versions.iter().enumerate().filter(|(_, count)| **count != 0) {
            let labels = [("request", request.as_str()), ("version", &version.to_string())];
            family.sample(&labels, count);
        }
    }
    let name = "kafka_network_requestmetrics_totaltimems";
    let mut family = text.family(name, Kind::Summary, mean);
    for of in used() {
        let request = format!("{:?}", of.key);
        for quantile in ["0.50", "0.75", "0.95", "0.98", "0.99", "0.999"] {
            let labels = [("request", request.as_str()), ("quantile", quantile)];
            family.sample(&labels, of.quantile_ms(quantile.parse().unwrap_or(0.5)));
        }
        family.part("_count", &[("request", &request)], of.count());
    }
}

fn kafka_replicas(text: &mut Text, node: &Node, view: &View, read: &Read) {
    let image = &view.image;
    let partitions = || image.topics.iter().flat_map(|topic| topic.partitions.values());
    let led = partitions().filter(|of| of.leader == node.id).count();
    let leaderless = partitions().filter(|of| of.leader < 0).count();
    let offline_directories =
        node.directories.iter().filter(|directory| !directory.log_dir.is_online()).count();
    let brokers = || image.brokers.values();
    let fenced = brokers().filter(|broker| broker.is_fenced).count();
    let connections = node.connections.total();
    let free_bytes = node.request_bytes.free_bytes();
    let used_bytes = node.limits.request_bytes.saturating_sub(free_bytes);
    let offset = image.provenance.offset;
    let uncleanable = read.partitions.iter().filter(|of| of.is_uncleanable).count();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    for (name, value) in [
        ("server_replicamanager_partitioncount", number(read.partitions.len() + read.offline)),
        ("server_replicamanager_leadercount", number(led)),
        ("server_replicamanager_offlinereplicacount", number(read.offline)),
        // With one replica of each partition none lags behind its leader.
        ("server_replicamanager_underreplicatedpartitions", 0),
        ("server_replicamanager_underminisrpartitioncount", 0),
        // RUNNING: who is asked serves.
        ("server_kafkaserver_brokerstate", 3),
        ("controller_kafkacontroller_activecontrollercount", 1),
        ("controller_kafkacontroller_activebrokercount", number(brokers().count() - fenced)),
        ("controller_kafkacontroller_fencedbrokercount", number(fenced)),
        ("controller_kafkacontroller_globaltopiccount", number(image.topics.iter().count())),
        ("controller_kafkacontroller_globalpartitioncount", number(partitions().count())),
        ("controller_kafkacontroller_offlinepartitionscount", number(leaderless)),
        ("controller_kafkacontroller_lastappliedrecordoffset", offset),
        ("controller_kafkacontroller_lastcommittedrecordoffset", offset),
        ("network_socketserver_memorypoolavailable", number(free_bytes)),
        ("network_socketserver_memorypoolused", number(used_bytes)),
        ("server_socket_server_metrics_connection_count", number(connections)),
        ("log_logmanager_offlinelogdirectorycount", number(offline_directories)),
        ("log_logcleanermanager_uncleanable_partitions_count", number(uncleanable)),
    ] {
        text.one(&format!("kafka_{name}"), Kind::Gauge, "As Kafka's MBean of this name.", value);
    }
    let name = "kafka_log_logmanager_logdirectoryoffline";
    let mut family = text.family(name, Kind::Gauge, "kafka.log:type=LogManager");
    for directory in &node.directories {
        let path = directory.log_dir.path().to_string_lossy();
        family.sample(&[("logDirectory", &path)], u8::from(!directory.log_dir.is_online()));
    }
}

fn kafka_logs(text: &mut Text, read: &Read) {
    type Value = (&'static str, fn(&OfPartition) -> i64);
    const VALUES: [Value; 6] = [
        ("kafka_log_log_size", |of| i64::try_from(of.size_bytes).unwrap_or(i64::MAX)),
        ("kafka_log_log_numlogsegments", |of| i64::try_from(of.segments).unwrap_or(i64::MAX)),
        ("kafka_log_log_logstartoffset", |of| of.start_offset),
        ("kafka_log_log_logendoffset", |of| of.end_offset),
        ("kafka_topic_partition_oldest_offset", |of| of.start_offset),
        ("kafka_topic_partition_current_offset", |of| of.end_offset),
    ];
    if PARTITIONS_MAX < read.partitions.len() {
        return;
    }
    for (name, value) in VALUES {
        let mut family = text.family(name, Kind::Gauge, "Of each partition of this node.");
        for of in &read.partitions {
            let labels = [("topic", of.topic.as_str()), ("partition", of.index.as_str())];
            family.sample(&labels, value(of));
        }
    }
}

fn own(text: &mut Text, node: &Node, view: &View, read: &Read) {
    own_records(text, read);
    own_requests(text, read);
    let gauges = [
        ("dohle_partitions", "Partitions of this node that are served.", read.partitions.len()),
        ("dohle_partitions_offline", "Partitions whose log failed.", read.offline),
        (
            "dohle_partitions_moving",
            "Partitions on their way to another log directory.",
            read.partitions.iter().filter(|of| of.is_moving).count(),
        ),
        (
            "dohle_partitions_uncleanable",
            "Partitions that cannot be compacted before the next start.",
            read.partitions.iter().filter(|of| of.is_uncleanable).count(),
        ),
        ("dohle_connections", "Open connections.", node.connections.total()),
        ("dohle_request_memory_bytes", "What requests may take.", node.limits.request_bytes),
        ("dohle_request_memory_free_bytes", "What is left of it.", node.request_bytes.free_bytes()),
    ];
    for (name, help, value) in gauges {
        text.one(name, Kind::Gauge, help, value);
    }
    let offset = view.image.provenance.offset;
    text.one("dohle_metadata_offset", Kind::Gauge, "The newest metadata made real here.", offset);
    let cleaned = node.metrics.cleaned();
    for ((name, help), value) in [
        ("dohle_compactions_total", "Logs that were compacted."),
        ("dohle_compaction_read_bytes_total", "Bytes read to compact logs."),
        ("dohle_compaction_written_bytes_total", "Bytes that stayed of them."),
    ]
    .into_iter()
    .zip(cleaned)
    {
        text.one(name, Kind::Counter, help, value);
    }
    let help = "Bytes of a topic's logs on this node.";
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for of in &read.partitions {
        *sizes.entry(of.topic.as_str()).or_default() += of.size_bytes;
    }
    let mut family = text.family("dohle_log_size_bytes", Kind::Gauge, help);
    for (topic, size_bytes) in sizes.into_iter().take(TOPICS_MAX) {
        family.sample(&[("topic", topic)], size_bytes);
    }
    let help = "Whether a log directory works.";
    let mut family = text.family("dohle_log_directory_online", Kind::Gauge, help);
    for directory in &node.directories {
        let path = directory.log_dir.path().to_string_lossy();
        family.sample(&[("directory", &path)], u8::from(directory.log_dir.is_online()));
    }
}

fn own_records(text: &mut Text, read: &Read) {
    const COUNTS: [(Count, &str); 7] = [
        (("dohle_records_in_total", |of| of.messages_in), "Records appended by clients."),
        (("dohle_bytes_in_total", |of| of.bytes_in), "Bytes of their batches."),
        (("dohle_bytes_out_total", |of| of.bytes_out), "Bytes of batches given to readers."),
        (("dohle_appends_total", |of| of.produces), "Batches that clients wanted appended."),
        (("dohle_appends_refused_total", |of| of.failed_produces), "Batches of them refused."),
        (("dohle_reads_total", |of| of.fetches), "Times that a reader asked a partition."),
        (("dohle_reads_refused_total", |of| of.failed_fetches), "Times that it was refused."),
    ];
    for ((name, count), help) in COUNTS {
        let mut family = text.family(name, Kind::Counter, help);
        for (topic, counts) in &read.topics {
            family.sample(&[("topic", topic.as_str())], count(counts));
        }
    }
}

fn own_requests(text: &mut Text, read: &Read) {
    let help = "From the frame to the answer, as the connection sees it.";
    let mut family = text.family("dohle_request_duration_seconds", Kind::Histogram, help);
    for of in read.apis.iter().filter(|of| of.count() != 0) {
        let request = format!("{:?}", of.key);
        let mut sum = 0;
        for n in 0..BUCKETS - 1 {
            sum += of.buckets[n];
            let bound = (bound_micros(n) / 1e6).to_string();
            family.part("_bucket", &[("request", &request), ("le", &bound)], sum);
        }
        family.part("_bucket", &[("request", &request), ("le", "+Inf")], of.count());
        family.part("_sum", &[("request", &request)], of.sum.as_secs_f64());
        family.part("_count", &[("request", &request)], of.count());
    }
}
