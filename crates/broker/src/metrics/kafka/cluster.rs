//! Replicas, the controller, the metadata log.

use super::super::reading::Reading;
use super::super::text::{Kind, Text};
use super::number;
use crate::quorum::QuorumStatus;
use dohle_metadata::image::Partition;
use std::sync::Arc;

pub(super) fn put(text: &mut Text, reading: &Reading) {
    replicas(text, reading);
    controller(text, reading);
    if reading.quorum.is_some() {
        // The rules of jmx_exporter's own examples, and Strimzi's.
        for prefix in ["kafka_server_raft_metrics_", "kafka_server_raftmetrics_"] {
            quorum(text, reading, prefix);
        }
    }
    metadata(text, reading);
}

fn replicas(text: &mut Text, reading: &Reading) {
    let (id, image) = (reading.node.id, &reading.view.image);
    let all = || image.topics.iter().flat_map(|topic| topic.partitions.values());
    let led = all().filter(|of| of.leader == id).count();
    let moves =
        |of: &&Arc<Partition>| !of.adding_replicas.is_empty() || !of.removing_replicas.is_empty();
    let gauges = [
        ("partitioncount", number(reading.partitions.len() + reading.offline)),
        ("leadercount", number(led)),
        ("offlinereplicacount", number(reading.offline)),
        ("reassigningpartitions", number(all().filter(moves).count())),
        (
            "produceridcount",
            number(reading.partitions.iter().map(|of| of.producers).sum::<usize>()),
        ),
        // With one replica of each partition none lags behind its leader, and all are just enough.
        ("underreplicatedpartitions", 0),
        ("underminisrpartitioncount", 0),
        ("atminisrpartitioncount", number(reading.partitions.len())),
    ];
    text.gauges("kafka_server_replicamanager_", "kafka.server:type=ReplicaManager", &gauges);
    for name in ["isrexpands", "isrshrinks", "failedisrupdates"] {
        let name = format!("kafka_server_replicamanager_{name}_total");
        text.one(&name, Kind::Counter, "kafka.server:type=ReplicaManager", 0);
    }
    for name in ["maxlag", "minfetchrate", "failedpartitionscount"] {
        let name = format!("kafka_server_replicafetchermanager_{name}");
        let help = "kafka.server:type=ReplicaFetcherManager";
        text.family(&name, Kind::Gauge, help).sample(&[("clientId", "Replica")], 0);
    }
    // RUNNING: who is asked serves.
    let state = [("brokerstate", 3)];
    text.gauges("kafka_server_kafkaserver_", "kafka.server:type=KafkaServer", &state);
    text.one("kafka_brokers", Kind::Gauge, "Brokers of the cluster.", image.brokers.len());
    let mut family = text.family("kafka_topic_partitions", Kind::Gauge, "Partitions of a topic.");
    for topic in image.topics.iter().take(reading.limits.topics) {
        family.sample(&[("topic", topic.name.as_str())], topic.partitions.len());
    }
}

fn controller(text: &mut Text, reading: &Reading) {
    let image = &reading.view.image;
    let all = || image.topics.iter().flat_map(|topic| topic.partitions.values());
    let fenced = image.brokers.values().filter(|broker| broker.is_fenced).count();
    let leaderless = all().filter(|of| of.leader < 0).count();
    let elsewhere = |of: &&Arc<Partition>| of.replicas.first() != Some(&of.leader);
    let gauges = [
        ("activecontrollercount", 1),
        ("activebrokercount", number(image.brokers.len() - fenced)),
        ("fencedbrokercount", number(fenced)),
        ("globaltopiccount", number(image.topics.iter().count())),
        ("globalpartitioncount", number(all().count())),
        ("offlinepartitionscount", number(leaderless)),
        ("preferredreplicaimbalancecount", number(all().filter(elsewhere).count())),
        ("lastappliedrecordoffset", image.provenance.offset),
        ("lastcommittedrecordoffset", image.provenance.offset),
        ("lastappliedrecordtimestamp", image.provenance.timestamp),
        // The active controller is level with itself.
        ("lastappliedrecordlagms", 0),
        // Metadata that cannot be applied ends the node.
        ("metadataerrorcount", 0),
        // What is asked of the controller waits for its answer, however long that takes: a session that
        // ends without heartbeats is among the fenced brokers, and is no heartbeat that timed out.
        ("timedoutbrokerheartbeatcount", 0),
        ("eventqueueoperationstimedoutcount", 0),
        ("newactivecontrollerscount", 1),
        // Idle. ZooKeeper's controllers had it, and dashboards find their hosts by it.
        ("controllerstate", 0),
    ];
    let help = "kafka.controller:type=KafkaController";
    text.gauges("kafka_controller_kafkacontroller_", help, &gauges);
    for name in ["uncleanleaderelections", "electionfromeligibleleaderreplicas"] {
        let name = format!("kafka_controller_controllerstats_{name}_total");
        text.one(&name, Kind::Counter, "kafka.controller:type=ControllerStats", 0);
    }
    if let Some(quorum) = &reading.quorum {
        let started = [("eventqueueoperationsstartedcount", number(quorum.decisions.count()))];
        text.gauges("kafka_controller_kafkacontroller_", help, &started);
        snapshots(text, reading, quorum);
        for (name, times) in
            [("eventqueuetimems", &quorum.waits), ("eventqueueprocessingtimems", &quorum.decisions)]
        {
            let name = format!("kafka_controller_controllereventmanager_{name}");
            let help = "kafka.controller:type=ControllerEventManager";
            text.family(&name, Kind::Summary, help).timer(None, times);
        }
    }
}

/// Without a snapshot the age is that of the node, as in Kafka.
fn snapshots(text: &mut Text, reading: &Reading, quorum: &QuorumStatus) {
    let (size_bytes, at) = quorum.snapshot;
    let gauges = [
        ("latestsnapshotgeneratedbytes", number(size_bytes)),
        ("latestsnapshotgeneratedagems", number(reading.now.since(at).as_millis())),
    ];
    let help = "kafka.server:type=SnapshotEmitter; since the start.";
    text.gauges("kafka_server_snapshotemitter_", help, &gauges);
    let loaded = [("handleloadsnapshotcount", number(quorum.snapshots_loaded))];
    text.gauges("kafka_server_metadataloader_", "kafka.server:type=MetadataLoader", &loaded);
}

fn quorum(text: &mut Text, reading: &Reading, prefix: &str) {
    let Some(quorum) = &reading.quorum else { return };
    let help = "kafka.server:type=raft-metrics";
    let gauges = [
        ("current_leader", i64::from(quorum.leader_id)),
        ("current_vote", i64::from(quorum.leader_id)),
        ("current_epoch", i64::from(quorum.leader_epoch)),
        ("high_watermark", quorum.high_watermark),
        ("log_end_offset", quorum.log_end_offset),
        ("number_unknown_voter_connections", 0),
        // The only voter is asked by nobody.
        ("fetch_records_rate", 0),
    ];
    text.gauges(prefix, help, &gauges);
    let channel =
        if prefix.contains("raft_") { "raft_channel_metrics" } else { "raftchannelmetrics" };
    for name in ["incoming_byte", "outgoing_byte", "request", "response"] {
        let name = format!("kafka_server_{channel}_{name}_total");
        text.one(&name, Kind::Counter, "kafka.server:type=raft-channel-metrics", 0);
    }
    let commits = &quorum.commits;
    for (name, value) in [
        ("append_records_rate", quorum.append_rate),
        ("commit_latency_avg", commits.mean_ms()),
        ("commit_latency_max", commits.max.as_secs_f64() * 1000.0),
    ] {
        text.one(&format!("{prefix}{name}"), Kind::Gauge, help, value);
    }
    let (name, label) = match prefix.contains("raft_") {
        true => ("current_state_info", "state"),
        false => ("current_state", "current_state"),
    };
    text.family(&format!("{prefix}{name}"), Kind::Gauge, help).sample(&[(label, "leader")], 1);
}

fn metadata(text: &mut Text, reading: &Reading) {
    let provenance = reading.view.image.provenance;
    let gauges = [
        ("last_applied_record_offset", provenance.offset),
        ("last_applied_record_timestamp", provenance.timestamp),
        ("last_applied_record_lag_ms", (reading.now_ms - provenance.timestamp).max(0)),
        ("metadata_load_error_count", 0),
        ("metadata_apply_error_count", 0),
    ];
    let help = "kafka.server:type=broker-metadata-metrics";
    text.gauges("kafka_server_broker_metadata_metrics_", help, &gauges);
    let level = i64::from(reading.view.image.metadata_version().0);
    let help = "kafka.server:type=MetadataLoader";
    text.gauges("kafka_server_metadataloader_", help, &[("currentmetadataversion", level)]);
}
