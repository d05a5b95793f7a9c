//! Replicas move between log directories, and nobody who produces or reads sees it.

use super::{Client, Node, batch, record_bytes, set};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::describe_log_dirs_response::DescribeLogDirsPartition;
use dohle_protocol::messages::{
    AlterReplicaLogDirsRequest, DescribeLogDirsRequest, MetadataRequest,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
pub(super) const TWO: (&str, &str) = ("log.dirs", "DIR/data,DIR/other");
/// Longer than any move here takes.
const LONG: Duration = Duration::from_secs(60);

pub(super) fn path(node: &Node, name: &str) -> String {
    node.directory.join(name).to_str().unwrap().to_owned()
}

pub(super) fn alter(
    client: &mut Client,
    path: &str,
    topic: &str,
    partitions: &[i32],
) -> Vec<ErrorCode> {
    let topic = AlterReplicaLogDirTopic {
        name: topic.into(),
        partitions: partitions.to_vec(),
        ..AlterReplicaLogDirTopic::default()
    };
    let dir = AlterReplicaLogDir {
        path: path.into(),
        topics: vec![topic],
        ..AlterReplicaLogDir::default()
    };
    let request = AlterReplicaLogDirsRequest { dirs: vec![dir], ..Default::default() };
    let results = client.ask(2, &request).results.remove(0);
    results.partitions.iter().map(|of| of.error_code).collect()
}

/// The places of a topic's partitions: (directory, partition).
fn places(client: &mut Client, topic: &str) -> Vec<(String, DescribeLogDirsPartition)> {
    let answer = client.ask(4, &DescribeLogDirsRequest { topics: None, ..Default::default() });
    let mut found = Vec::new();
    for result in answer.results {
        assert_eq!(result.error_code, ErrorCode::NONE);
        let name = result.log_dir.as_str().rsplit('/').next().unwrap().to_owned();
        for of in result.topics.into_iter().filter(|of| of.name.as_str() == topic) {
            found.extend(of.partitions.into_iter().map(|partition| (name.clone(), partition)));
        }
    }
    found
}

/// Where the partitions are that lie in one directory only: directory names by index.
pub(super) fn settled(client: &mut Client, topic: &str) -> Option<Vec<String>> {
    let mut all = places(client, topic);
    all.sort_by_key(|(_, partition)| partition.partition_index);
    let is_settled = all.iter().all(|(_, partition)| !partition.is_future_key);
    is_settled.then(|| all.into_iter().map(|(name, _)| name).collect())
}

pub(super) fn wait(client: &mut Client, topic: &str, expected: &[&str]) {
    let begun = Instant::now();
    while settled(client, topic).is_none_or(|places| places != expected) {
        assert!(begun.elapsed() < LONG, "{:?}", places(client, topic));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A topic whose partitions all lie in `data`.
fn topic_in_data(node: &Node, client: &mut Client, name: &str, partitions: i32) {
    assert_eq!(client.create_topic(name, partitions, &[]), ErrorCode::NONE);
    let all: Vec<i32> = (0..partitions).collect();
    let moved = alter(client, &path(node, "data"), name, &all);
    assert!(moved.iter().all(|code| *code == ErrorCode::NONE), "{moved:?}");
    wait(client, name, &vec!["data"; all.len()]);
}

/// All that a reader gets of partition 0.
fn read(client: &mut Client, topic: &str, end: i64) -> Vec<u8> {
    let (mut offset, mut bytes) = (0, Vec::new());
    while offset < end {
        let data = client.fetch(topic, offset, 1 << 20);
        assert_eq!(data.error_code, ErrorCode::NONE);
        let mut rest = record_bytes(&data);
        while !rest.is_empty() {
            let batch = dohle_protocol::record::Batch::parse(rest).unwrap();
            offset = batch.header.next_offset();
            bytes.extend_from_slice(batch.bytes);
            rest = &rest[batch.bytes.len()..];
        }
    }
    bytes
}

#[test]
fn a_partition_moves_while_it_is_written_and_read() {
    let mut node = Node::start(&[TWO, ("log.segment.bytes", "1048576")]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    let mut end = 0;
    let mut produce = |client: &mut Client, acks: i16| {
        let answer = client.produce(acks, "t", &[0], &batch(10, 20_000)).remove(0);
        assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, end));
        end += 10;
        end
    };
    for _ in 0..30 {
        produce(&mut client, 1);
    }
    let before = read(&mut client, "t", 300);
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    let begun = Instant::now();
    let mut last = 0;
    while settled(&mut client, "t").is_none_or(|places| places != ["other"]) {
        last = produce(&mut client, -1);
        std::thread::sleep(Duration::from_millis(2));
        assert!(begun.elapsed() < LONG);
    }
    last = last.max(produce(&mut client, -1));
    let after = read(&mut client, "t", last);
    assert_eq!(after[..before.len()], before[..]);
    // The folders say the same, now and after a restart and a crash.
    let folders = |name: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(node.directory.join(name)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("t-0") && !name.ends_with("-delete")).collect()
    };
    assert_eq!(folders("data"), BTreeSet::new());
    assert_eq!(folders("other"), BTreeSet::from(["t-0".to_owned()]));
    for how in [Node::restart, Node::crash] {
        how(&mut node, &[TWO, ("log.segment.bytes", "1048576")]);
        let mut client = node.connect();
        wait(&mut client, "t", &["other"]);
        assert!(read(&mut client, "t", last) == after);
    }
}

#[test]
fn a_move_goes_on_after_a_stop_and_a_crash_and_can_be_taken_back() {
    // Slow enough to be met half done.
    let settings = [TWO, (RATE, "200000"), ("alter.log.dirs.replication.quota.window.num", "2")];
    let mut node = Node::start(&settings);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    for _ in 0..20 {
        client.produce(1, "t", &[0], &batch(10, 10_000));
    }
    let all = read(&mut client, "t", 200);
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    for how in [Node::restart, Node::crash] {
        let half_done = places(&mut client, "t");
        let future: Vec<_> = half_done.iter().filter(|(_, of)| of.is_future_key).collect();
        assert!(matches!(&future[..], [(name, of)] if name == "other" && 0 < of.offset_lag));
        how(&mut node, &settings);
        client = node.connect();
        assert!(read(&mut client, "t", 200) == all);
    }
    // Back to where it is: the copy goes.
    assert_eq!(alter(&mut client, &path(&node, "data"), "t", &[0]), [ErrorCode::NONE]);
    assert_eq!(settled(&mut client, "t").unwrap(), ["data"]);
    // Asked again and let go, it comes to its end.
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    set(&mut client, RATE, Some("1000000000"));
    wait(&mut client, "t", &["other"]);
    assert!(read(&mut client, "t", 200) == all);
    node.restart(&settings);
    client = node.connect();
    assert_eq!(settled(&mut client, "t").unwrap(), ["other"]);
    assert!(read(&mut client, "t", 200) == all);
}

/// The controller knows of a move before its last step. Seed 3247 of the simulation.
#[test]
fn a_copy_takes_no_place_of_a_log_in_a_directory_that_is_offline() {
    let mut node = Node::start(&[TWO]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    client.produce(-1, "t", &[0], &batch(10, 100));
    let all = read(&mut client, "t", 10);
    node.stop();
    // As it is while the copy is level, the controller knows, and the log is written to.
    let (data, other) = (node.directory.join("data"), node.directory.join("other"));
    let copy = data.join(format!("t-0.{:032x}-future", 7));
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(data.join("t-0/partition.metadata"), copy.join("partition.metadata")).unwrap();
    std::fs::rename(data.join("t-0"), other.join("t-0")).unwrap();
    let away = put_away(&node, &other);
    node.restart(&[TWO]);
    client = node.connect();
    let answer = client.produce(-1, "t", &[0], &batch(10, 100)).remove(0);
    assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    node.stop();
    put_back(&away, &other);
    node.restart(&[TWO]);
    client = node.connect();
    assert!(read(&mut client, "t", 10) == all);
    wait(&mut client, "t", &["data"]);
    assert!(read(&mut client, "t", 10) == all);
}

/// The controller knows of a move that was given up; the log lies where it always was.
#[test]
fn no_log_is_begun_anew_while_it_may_lie_in_a_directory_that_is_offline() {
    let mut node = Node::start(&[TWO]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    client.produce(-1, "t", &[0], &batch(10, 100));
    let all = read(&mut client, "t", 10);
    node.stop();
    let (data, other) = (node.directory.join("data"), node.directory.join("other"));
    std::fs::rename(data.join("t-0"), other.join("t-0")).unwrap();
    let away = put_away(&node, &other);
    node.restart(&[TWO]);
    client = node.connect();
    let answer = client.produce(-1, "t", &[0], &batch(10, 100)).remove(0);
    assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    assert!(!data.join("t-0").exists());
    node.stop();
    put_back(&away, &other);
    node.restart(&[TWO]);
    client = node.connect();
    assert!(read(&mut client, "t", 10) == all);
}

/// It would be one of two once the partition is asked to move again, and no node starts beside two.
/// Seed 56377 of the simulation.
#[test]
fn a_copy_that_a_start_cannot_open_is_removed() {
    let mut node = Node::start(&[TWO]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    client.produce(-1, "t", &[0], &batch(10, 100));
    let all = read(&mut client, "t", 10);
    node.stop();
    let data = node.directory.join("data");
    let copy = node.directory.join("other").join(format!("t-0.{:032x}-future", 7));
    std::fs::create_dir_all(copy.join("00000000000000000000.log")).unwrap();
    std::fs::copy(data.join("t-0/partition.metadata"), copy.join("partition.metadata")).unwrap();
    node.restart(&[TWO]);
    client = node.connect();
    let begun = Instant::now();
    while copy.exists() {
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    wait(&mut client, "t", &["other"]);
    assert!(read(&mut client, "t", 10) == all);
}

/// A directory that cannot be opened: what is no folder.
fn put_away(node: &Node, directory: &Path) -> PathBuf {
    let away = node.directory.join("away");
    std::fs::rename(directory, &away).unwrap();
    std::fs::write(directory, "").unwrap();
    away
}

fn put_back(away: &Path, directory: &Path) {
    std::fs::remove_file(directory).unwrap();
    std::fs::rename(away, directory).unwrap();
}

#[test]
fn a_deleted_topic_takes_its_copy_along() {
    let mut node = Node::start(&[TWO, (RATE, "1000"), ("log.segment.delete.delay.ms", "0")]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    (0..5).for_each(|_| drop(client.produce(1, "t", &[0], &batch(10, 10_000))));
    assert_eq!(alter(&mut client, &path(&node, "other"), "t", &[0]), [ErrorCode::NONE]);
    let topics = vec!["t".into()];
    let delete = dohle_protocol::messages::DeleteTopicsRequest {
        topic_names: topics,
        timeout_ms: 30_000,
        ..Default::default()
    };
    assert_eq!(client.ask(5, &delete).responses[0].error_code, ErrorCode::NONE);
    assert!(places(&mut client, "t").is_empty());
    topic_in_data(&node, &mut client, "t", 1);
    node.restart(&[TWO]);
    let mut client = node.connect();
    assert_eq!(settled(&mut client, "t").unwrap(), ["data"]);
    assert_eq!(client.ask(9, &MetadataRequest::default()).topics.len(), 0);
}

#[test]
fn what_cannot_be_moved_is_told_as_kafka_tells_it() {
    let node = Node::start(&[TWO]);
    let mut client = node.connect();
    topic_in_data(&node, &mut client, "t", 1);
    let other = path(&node, "other");
    assert_eq!(alter(&mut client, "/nowhere", "t", &[0]), [ErrorCode::LOG_DIR_NOT_FOUND]);
    assert_eq!(alter(&mut client, &other, "t", &[7]), [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    assert_eq!(alter(&mut client, &other, "nobody", &[0]), [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    let long = "x".repeat(214);
    assert_eq!(alter(&mut client, &other, &long, &[0]), [ErrorCode::INVALID_TOPIC_EXCEPTION]);
    // Where it is already it stays.
    assert_eq!(alter(&mut client, &path(&node, "data"), "t", &[0]), [ErrorCode::NONE]);
    assert_eq!(settled(&mut client, "t").unwrap(), ["data"]);
}

#[test]
fn a_move_is_no_faster_than_it_may_be() {
    let count = ("alter.log.dirs.replication.quota.window.num", "2");
    let key = "alter.log.dirs.replication.quota.window.size.seconds";
    let with = |seconds| [TWO, count, (key, seconds), (RATE, "200000")];
    let begin = |seconds| {
        let node = Node::start(&with(seconds));
        let mut client = node.connect();
        topic_in_data(&node, &mut client, "t", 1);
        (0..8).for_each(|_| drop(client.produce(1, "t", &[0], &batch(10, 10_000))));
        let begun = Instant::now();
        alter(&mut client, &path(&node, "other"), "t", &[0]);
        wait(&mut client, "t", &["other"]);
        (begun.elapsed(), node, client)
    };
    // 800 kB, of which two windows' worth and a step are there at once: of five seconds, all.
    let (slow, node, mut client) = begin("1");
    assert!(Duration::from_millis(1_000) < slow, "{slow:?}");
    let (soon, ..) = begin("5");
    assert!(soon < slow, "{soon:?}, and {slow:?} with a window of a second");
    set(&mut client, RATE, None);
    let begun = Instant::now();
    alter(&mut client, &path(&node, "data"), "t", &[0]);
    wait(&mut client, "t", &["data"]);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn one_thread_moves_one_partition_after_the_other() {
    // Room for some batches comes back every second, for whoever looks first.
    let window = ("alter.log.dirs.replication.quota.window.num", "2");
    let key = "num.replica.alter.log.dirs.threads";
    let of = |threads| [TWO, (key, threads), (RATE, "300000"), window];
    for (threads, at_once) in [("1", 1), ("2", 2)] {
        let node = Node::start(&of(threads));
        let mut client = node.connect();
        topic_in_data(&node, &mut client, "t", 2);
        (0..10).for_each(|_| drop(client.produce(1, "t", &[0, 1], &batch(10, 10_000))));
        alter(&mut client, &path(&node, "other"), "t", &[0, 1]);
        let (mut most, begun) = (0, Instant::now());
        while most < 2 && settled(&mut client, "t").is_none() {
            assert!(begun.elapsed() < LONG, "{:?}", places(&mut client, "t"));
            let half_done = places(&mut client, "t")
                .into_iter()
                .filter(|(_, of)| of.is_future_key && 0 < of.partition_size && 0 < of.offset_lag);
            most = most.max(half_done.count());
        }
        assert_eq!(most, at_once, "with {threads} threads");
    }
}

#[test]
fn a_partition_that_is_not_there_yet_is_made_where_it_is_wanted() {
    let mut node = Node::start(&[TWO]);
    let mut client = node.connect();
    let (data, other) = (path(&node, "data"), path(&node, "other"));
    let unknown = [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION; 4];
    assert_eq!(alter(&mut client, &data, "t", &[0, 1, 2, 3]), unknown);
    // The last wish counts.
    assert_eq!(alter(&mut client, &other, "t", &[0, 1, 2, 3]), unknown);
    assert_eq!(alter(&mut client, &other, "u", &[7]), [unknown[0]]);
    assert_eq!(alter(&mut client, "other", "v", &[0, 1]), [ErrorCode::LOG_DIR_NOT_FOUND; 2]);
    assert_eq!(client.create_topic("t", 4, &[]), ErrorCode::NONE);
    assert_eq!(settled(&mut client, "t").unwrap(), ["other"; 4]);
    // A wish is for one time.
    for topic in ["v", "w"] {
        assert_eq!(client.create_topic(topic, 2, &[]), ErrorCode::NONE);
        assert_eq!(settled(&mut client, topic).unwrap(), ["data"; 2], "{topic}");
    }
    for partition in 0..4 {
        let answer = client.produce(-1, "t", &[partition], &batch(1, 10)).remove(0);
        assert_eq!(answer.error_code, ErrorCode::NONE);
    }
    // The metadata has learnt it: what a start finds it keeps.
    node.restart(&[TWO]);
    assert_eq!(settled(&mut node.connect(), "t").unwrap(), ["other"; 4]);
}
