//! The metadata log over time.

use super::changes::change;
use super::{HANG, Node, batch};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::ApiVersionsRequest;
use std::path::Path;
use std::time::{Duration, Instant};

const TOPICS: usize = 100;

/// Snapshots replace the log below them, within `metadata.max.retention.bytes`, and a node that starts
/// from what is left knows all its topics.
#[test]
fn snapshots_replace_the_log_below_them() {
    check_that_the_log_is_cut(&[
        ("internal.metadata.log.segment.bytes", "20000"),
        ("metadata.log.max.record.bytes.between.snapshots", "1000"),
        ("metadata.max.retention.bytes", "10000"),
        ("log.initial.task.delay.ms", "10"),
        ("metadata.max.idle.interval.ms", "10"),
    ]);
}

/// The same by age alone: all sizes are left at what is never reached here.
#[test]
fn old_snapshots_replace_the_log_below_them() {
    check_that_the_log_is_cut(&[
        ("metadata.log.segment.ms", "100"),
        ("metadata.log.max.snapshot.interval.ms", "1000"),
        ("metadata.max.retention.ms", "100"),
    ]);
}

fn check_that_the_log_is_cut(settings: &[(&str, &str)]) {
    let mut node = Node::start(settings);
    let mut client = node.connect();
    for topic in 0..TOPICS {
        assert_eq!(client.create_topic(&name(topic), 1, &[]), ErrorCode::NONE);
    }
    let metadata = metadata_log(&node);
    let begun = Instant::now();
    while !is_cut(&metadata) {
        assert!(
            begun.elapsed() < HANG * 2,
            "the log goes back to its first record: {:?}",
            names(&metadata)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    node.restart(settings);
    let mut client = node.connect();
    for topic in 0..TOPICS {
        let again = client.create_topic(&name(topic), 1, &[]);
        assert_eq!(again, ErrorCode::TOPIC_ALREADY_EXISTS, "topic-{topic}");
    }
    assert!(is_cut(&metadata));
}

/// The least that Kafka allows, filled with configs of a topic.
#[test]
fn a_full_segment_of_the_metadata_log_is_closed() {
    let node = Node::start(&[("metadata.log.segment.bytes", "8388608")]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
    let long = (0..6_000).map(|number| format!("{number}:1")).collect::<Vec<_>>().join(",");
    let long = &long[..32_000];
    let topic = (2, "t");
    for number in 0..270 {
        let value = format!("{},{number}:2", &long[..long.rfind(',').unwrap()]);
        change(&mut client, topic, "leader.replication.throttled.replicas", &value);
    }
    let logs = names(&metadata_log(&node)).into_iter().filter(|name| name.ends_with(".log"));
    assert_eq!(logs.count(), 2);
}

#[test]
fn the_metadata_log_lies_where_it_is_told() {
    let node =
        Node::start(&[("log.dirs", "DIR/data,DIR/other"), ("metadata.log.dir", "DIR/apart")]);
    for (folder, has_it) in [("data", false), ("other", false), ("apart", true)] {
        let path = node.directory.join(folder).join("__cluster_metadata-0");
        assert_eq!(path.exists(), has_it, "{folder}");
    }
}

#[test]
fn an_idle_controller_says_so_as_often_as_configured() {
    for (interval, grows) in [("10", true), ("60000", false), ("0", false)] {
        let node = Node::start(&[("metadata.max.idle.interval.ms", interval)]);
        let log = metadata_log(&node).join("00000000000000000000.log");
        let size = || std::fs::metadata(&log).unwrap().len();
        let before = size();
        // The controller is woken once a second at least.
        std::thread::sleep(Duration::from_millis(1_500));
        assert_eq!(before < size(), grows, "{interval}");
    }
}

#[test]
fn high_watermarks_are_written_as_often_as_configured() {
    let node = Node::start(&[("replica.high.watermark.checkpoint.interval.ms", "50")]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
    client.produce(-1, "t", &[0], &batch(3, 10));
    let path = node.directory.join("data").join("replication-offset-checkpoint");
    let begun = Instant::now();
    while !std::fs::read_to_string(&path).unwrap().contains("t 0 3") {
        // Left at its default it is written after five seconds.
        assert!(begun.elapsed() < Duration::from_secs(4));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A quorum whose voters stand in the file is none that can change: so Kafka tells them apart.
#[test]
fn voters_of_the_file_or_of_the_log() {
    let of_file = [
        ("controller.quorum.voters", "1@127.0.0.1:29099"),
        ("controller.quorum.bootstrap.servers", ""),
    ];
    let of_log = [("controller.quorum.bootstrap.servers", "127.0.0.1:29099")];
    for (settings, level) in [(&of_file[..], 0), (&of_log[..], 1)] {
        let node = Node::start(settings);
        let request = ApiVersionsRequest {
            client_software_name: "tests".into(),
            client_software_version: "1".into(),
            ..ApiVersionsRequest::default()
        };
        let answer = node.connect().ask(4, &request);
        let found = answer.finalized_features.iter().find(|of| of.name == "kraft.version");
        assert_eq!(found.map_or(0, |of| of.max_version_level), level, "{settings:?}");
    }
}

fn metadata_log(node: &Node) -> std::path::PathBuf {
    node.directory.join("data").join("__cluster_metadata-0")
}

/// A long name: few topics fill a segment.
fn name(topic: usize) -> String {
    format!("{}-{topic}", "a".repeat(240))
}

/// Whether the first segment is gone, and its file with it.
fn is_cut(metadata: &Path) -> bool {
    let first = "00000000000000000000.log";
    !names(metadata).iter().any(|name| name.starts_with(first))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
