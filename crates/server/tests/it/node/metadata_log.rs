//! The metadata log over time.

use super::{HANG, Node};
use dohle_protocol::error_code::ErrorCode;
use std::path::Path;
use std::time::{Duration, Instant};

const TOPICS: usize = 100;

/// Snapshots replace the log below them, within `metadata.max.retention.bytes`, and a node that starts
/// from what is left knows all its topics.
#[test]
fn snapshots_replace_the_log_below_them() {
    let settings = [
        ("internal.metadata.log.segment.bytes", "20000"),
        ("metadata.log.max.record.bytes.between.snapshots", "1000"),
        ("metadata.max.retention.bytes", "10000"),
        ("log.initial.task.delay.ms", "10"),
        ("metadata.max.idle.interval.ms", "10"),
    ];
    let mut node = Node::start(&settings);
    let mut client = node.connect();
    for topic in 0..TOPICS {
        assert_eq!(client.create_topic(&name(topic), 1, &[]), ErrorCode::NONE);
    }
    let metadata = node.directory.join("data").join("__cluster_metadata-0");
    let begun = Instant::now();
    while !is_cut(&metadata) {
        assert!(
            begun.elapsed() < HANG,
            "the log goes back to its first record: {:?}",
            names(&metadata)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    node.restart(&settings);
    let mut client = node.connect();
    for topic in 0..TOPICS {
        let again = client.create_topic(&name(topic), 1, &[]);
        assert_eq!(again, ErrorCode::TOPIC_ALREADY_EXISTS, "topic-{topic}");
    }
    assert!(is_cut(&metadata));
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
