//! Settings that change while the node runs: no restart is needed, and none undoes them.

use super::{Client, HANG, Node, batch, set};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::time::{Duration, Instant};

/// Housekeeping that does not let a test wait, and a cleaner that rests for an hour.
const SETTINGS: [(&str, &str); 4] = [
    ("log.initial.task.delay.ms", "1"),
    ("log.retention.check.interval.ms", "100"),
    ("log.cleaner.backoff.ms", "3600000"),
    ("log.cleaner.min.cleanable.ratio", "0"),
];

fn produce(client: &mut Client, topic: &str, batch: &Bytes) -> ErrorCode {
    client.produce(1, topic, &[0], batch)[0].error_code
}

/// The sizes of a topic's segments; one may go while they are looked at.
fn segments(node: &Node, topic: &str) -> Vec<u64> {
    let folder = std::fs::read_dir(node.directory.join(&format!("data/{topic}-0"))).unwrap();
    let files = folder.map(|entry| entry.unwrap());
    let logs = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "log"));
    logs.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect()
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < HANG, "{what} has no effect");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_largest_batch_changes() {
    const KEY: &str = "message.max.bytes";
    let mut node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("t", 1, &[]);
    let large = batch(1, 2_000);
    assert_eq!(produce(&mut client, "t", &large), ErrorCode::NONE);
    set(&mut client, KEY, Some("1000"));
    assert_eq!(produce(&mut client, "t", &large), ErrorCode::MESSAGE_TOO_LARGE);
    node.restart(&[]);
    let mut client = node.connect();
    assert_eq!(produce(&mut client, "t", &large), ErrorCode::MESSAGE_TOO_LARGE, "once restarted");
    set(&mut client, KEY, None);
    assert_eq!(produce(&mut client, "t", &large), ErrorCode::NONE);
}

#[test]
fn segments_and_retention_change() {
    let node = Node::start(&SETTINGS);
    let mut client = node.connect();
    client.create_topic("t", 1, &[]);
    let half = batch(1, 600_000);
    let fill = |client: &mut Client| {
        (0..3).for_each(|_| assert_eq!(produce(client, "t", &half), ErrorCode::NONE));
    };
    fill(&mut client);
    assert_eq!(segments(&node, "t").len(), 1);
    set(&mut client, "log.segment.bytes", Some("1048576"));
    fill(&mut client);
    assert_eq!(segments(&node, "t").len(), 4);
    set(&mut client, "log.retention.bytes", Some("1000000"));
    wait("log.retention.bytes", || segments(&node, "t").len() == 2);
    set(&mut client, "log.retention.bytes", None);
    fill(&mut client);
    assert_eq!(segments(&node, "t").len(), 5);
    set(&mut client, "log.retention.ms", Some("1"));
    wait("log.retention.ms", || segments(&node, "t").iter().sum::<u64>() == 0);
}

#[test]
fn the_cleaner_changes() {
    let node = Node::start(&SETTINGS);
    let mut client = node.connect();
    let configs = [("cleanup.policy", "compact"), ("internal.segment.bytes", "10000")];
    assert_eq!(client.create_topic("t", 1, &configs), ErrorCode::NONE);
    let value = [b'v'; 900];
    let mut builder = BatchBuilder::new(0);
    let record = NewRecord { timestamp: 1, key: Some(b"k"), value: Some(&value), headers: &[] };
    builder.append(&record).unwrap();
    let batch = builder.build().unwrap();
    let mut fill = || {
        (0..50).for_each(|_| assert_eq!(produce(&mut client, "t", &batch), ErrorCode::NONE));
    };
    let size_bytes = || segments(&node, "t").iter().sum::<u64>();
    fill();
    assert!(45_000 < size_bytes());
    let mut admin = node.connect();
    set(&mut admin, "log.cleaner.backoff.ms", Some("10"));
    wait("log.cleaner.backoff.ms", || size_bytes() < 20_000);
    // Nothing is dirty enough any more.
    set(&mut admin, "log.cleaner.min.cleanable.ratio", Some("1"));
    fill();
    assert!(45_000 < size_bytes());
    set(&mut admin, "log.cleaner.min.cleanable.ratio", None);
    wait("log.cleaner.min.cleanable.ratio", || size_bytes() < 20_000);
}
