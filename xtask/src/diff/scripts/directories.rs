//! Two log directories: what lies in them, what moves between them, what is cordoned.

use std::time::{Duration, Instant};

use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use dohle_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use dohle_protocol::messages::{
    AlterReplicaLogDirsRequest, CreatePartitionsRequest, DeleteTopicsRequest,
    DescribeLogDirsRequest, IncrementalAlterConfigsRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};

use super::configs::{BROKER, change};
use super::{batch, stored};
use crate::diff::world::World;

const CORDONED: &str = "cordoned.log.dirs";
/// How fast partitions move between directories.
const THROTTLE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
/// Longer than a move takes, or a change of configs until it has its effect.
const LONG: Duration = Duration::from_secs(20);

/// The directories `data` and `other`, as the broker calls them.
pub(super) struct Paths {
    pub(super) data: String,
    pub(super) other: String,
}

fn description(topics: &[(&str, &[i32])]) -> DescribeLogDirsRequest {
    let of = |(topic, partitions): &(&str, &[i32])| DescribableLogDirTopic {
        topic: (*topic).into(),
        partitions: partitions.to_vec(),
        ..DescribableLogDirTopic::default()
    };
    DescribeLogDirsRequest { topics: Some(topics.iter().map(of).collect()), ..Default::default() }
}

fn alteration(dirs: &[(&str, &str, &[i32])]) -> AlterReplicaLogDirsRequest {
    let of = |(path, topic, partitions): &(&str, &str, &[i32])| {
        let topic = AlterReplicaLogDirTopic {
            name: (*topic).into(),
            partitions: partitions.to_vec(),
            ..AlterReplicaLogDirTopic::default()
        };
        let (path, topics) = ((*path).into(), vec![topic]);
        AlterReplicaLogDir { path, topics, ..AlterReplicaLogDir::default() }
    };
    AlterReplicaLogDirsRequest { dirs: dirs.iter().map(of).collect(), ..Default::default() }
}

pub(super) fn paths(world: &mut World) -> Paths {
    let answer = world.prepare(4, &description(&[])).unwrap_or_default();
    let path = |end: &str| {
        let all = answer.results.iter().map(|result| result.log_dir.as_str().to_owned());
        all.into_iter().find(|path| path.ends_with(end)).unwrap_or_default()
    };
    Paths { data: path("/data"), other: path("/other") }
}

/// Waits until `topic` lies only in directories whose names end so, by partition.
fn settle(world: &mut World, topic: &str, ends: &[&str]) {
    let wanted: Vec<i32> = (0..).take(ends.len()).collect();
    let begun = Instant::now();
    let mut is_settled = false;
    while !is_settled && begun.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(50));
        let answer = world.prepare(4, &description(&[(topic, &wanted)])).unwrap_or_default();
        let mut found = Vec::new();
        for result in &answer.results {
            for of in result.topics.iter().flat_map(|topic| &topic.partitions) {
                let end = ends.get(usize::try_from(of.partition_index).unwrap_or(usize::MAX));
                let path = result.log_dir.as_str();
                found.push(!of.is_future_key && end.is_some_and(|end| path.ends_with(end)));
            }
        }
        is_settled = found.len() == ends.len() && found.iter().all(|is_there| *is_there);
    }
    world.remark(&format!("{topic} lies in {ends:?}"), is_settled);
}

fn cordon(world: &mut World, what: &str, operation: i8, value: &str) {
    let request = change(BROKER, "1", CORDONED, operation, value);
    world.note::<IncrementalAlterConfigsRequest>(what, 1, &request);
    std::thread::sleep(Duration::from_millis(500));
}

pub(super) fn all(world: &mut World) {
    let paths = paths(world);
    // The file says `./data`.
    world.remark("a relative directory is told from the root on", paths.data.starts_with('/'));
    world.remark("and its dot stays", paths.data.ends_with("/./data"));
    world.topic("two", 2, &[]);
    for (index, count) in [(0, 10), (0, 3), (1, 7)] {
        let batch = batch(world, count);
        stored(world, "two", index, batch);
    }
    for version in world.versions::<DescribeLogDirsRequest>() {
        let request = description(&[("two", &[0, 1])]);
        world.note("sizes, one directory cordoned in the file", version, &request);
    }
    let (data, other) = (paths.data.as_str(), paths.other.as_str());
    let versions = world.versions::<AlterReplicaLogDirsRequest>();
    for version in &versions {
        world.note("to a cordoned directory", *version, &alteration(&[(other, "two", &[0])]));
    }
    cordon(world, "a directory that there is not", 0, "/no/such/directory");
    cordon(world, "one that there is and one that there is not", 0, &format!("{data},/no"));
    cordon(world, "all and one", 0, &format!("*,{data}"));
    cordon(world, "all", 0, "*");
    let request = description(&[("two", &[0, 1])]);
    for version in world.versions::<DescribeLogDirsRequest>() {
        world.note("all cordoned", version, &request);
    }
    cordon(world, "none", 0, "");
    for version in versions {
        for (what, dirs) in [
            ("already there", &[(data, "two", &[0, 1][..])][..]),
            ("unknown partition", &[(other, "two", &[7])]),
            ("unknown topic", &[(other, "two-none", &[0])]),
            ("a good and an unknown partition", &[(data, "two", &[0, 7])]),
            ("a partition in two directories", &[(other, "two", &[0]), (data, "two", &[0])]),
            ("a good move", &[(other, "two", &[1])]),
        ] {
            world.note(what, version, &alteration(dirs));
        }
        settle(world, "two", &["/data", "/other"]);
        world.note(&format!("after a move by v{version}"), 4, &request);
        world.note("back", version, &alteration(&[(data, "two", &[1])]));
        settle(world, "two", &["/data", "/data"]);
    }
    cordon(world, "as the file says", 1, "");
    world.note("at last", 4, &request);
}

/// Moves that are refused, that wait for their partition, and that are met half done.
pub(super) fn moves(world: &mut World) {
    let paths = paths(world);
    world.topic("mo", 2, &[]);
    world.topic("half", 1, &[]);
    cordon(world, "none", 0, "");
    settle(world, "mo", &["/data", "/data"]);
    settle(world, "half", &["/data"]);
    refused(world, &paths);
    wished(world, &paths);
    half_done(world, &paths);
    cordon(world, "as the file says", 1, "");
}

fn refused(world: &mut World, paths: &Paths) {
    let (data, other) = (paths.data.as_str(), paths.other.as_str());
    let slash = format!("{other}/");
    let dotless = data.replace("/./", "/");
    let inside = format!("{other}/mo-0");
    let long = "x".repeat(215);
    let longest = "x".repeat(212);
    for version in world.versions::<AlterReplicaLogDirsRequest>() {
        for (what, dirs) in [
            ("an unknown directory", &[("/no/such/directory", "mo", &[0, 1][..])][..]),
            ("no directory", &[("", "mo", &[0])]),
            ("as the file writes it", &[("./data", "mo", &[0])]),
            ("by its name", &[("other", "mo", &[0])]),
            ("with a slash behind", &[(&slash, "mo", &[0])]),
            ("without its dot", &[(&dotless, "mo", &[0])]),
            ("a folder in it", &[(&inside, "mo", &[0])]),
            ("the root", &[("/", "mo", &[0])]),
            ("the same directory", &[(data, "mo", &[0, 1])]),
            ("the same directory, a row twice", &[(data, "mo", &[0]), (data, "mo", &[0])]),
            ("a partition twice in a row", &[(data, "mo", &[0, 0])]),
            ("a good and an unknown directory", &[(data, "mo", &[0]), ("/no", "mo", &[1])]),
            ("a good, then an unknown directory", &[(data, "mo", &[0]), ("/no", "mo", &[0])]),
            ("an unknown, then a good directory", &[("/no", "mo", &[0]), (data, "mo", &[0])]),
            ("a negative partition", &[(data, "mo", &[-1])]),
            ("two topics", &[(data, "mo", &[0]), (data, "mo-none", &[0])]),
            ("no partitions", &[(data, "mo", &[])]),
            ("the metadata's own log", &[(data, "__cluster_metadata", &[0])]),
            ("no topic's name", &[(data, "", &[0])]),
            ("a bad topic's name", &[(data, "bad name!", &[0])]),
            ("a name too long for a copy", &[(data, &long, &[0])]),
            ("the longest name", &[(data, &longest, &[0])]),
        ] {
            world.note(what, version, &alteration(dirs));
        }
    }
    world.note("nothing has moved", 4, &description(&[("mo", &[0, 1])]));
}

/// Partitions that are not there yet, and where they are made.
fn wished(world: &mut World, paths: &Paths) {
    let (data, other) = (paths.data.as_str(), paths.other.as_str());
    for version in world.versions::<AlterReplicaLogDirsRequest>() {
        let name = format!("wished-{version}");
        let of = |topics: &[i32]| description(&[(&name, topics)]);
        let wish = alteration(&[(data, &name, &[0, 1, 2]), (other, &name, &[3])]);
        world.note("a wish", version, &wish);
        world.note("another wish", version, &alteration(&[(other, &name, &[0, 1, 2])]));
        world.topic(&name, 3, &[]);
        settle(world, &name, &["/other"; 3]);
        world.note("made where it was wished", 4, &of(&[0, 1, 2, 3]));
        let more =
            CreatePartitionsTopic { name: name.as_str().into(), count: 4, ..Default::default() };
        let more = CreatePartitionsRequest {
            topics: vec![more],
            timeout_ms: 10_000,
            ..CreatePartitionsRequest::default()
        };
        world.note("one more", 3, &more);
        settle(world, &name, &["/other"; 4]);
        let names = vec![name.as_str().into()];
        let gone =
            DeleteTopicsRequest { topic_names: names, timeout_ms: 10_000, ..Default::default() };
        world.note("wished for", 3, &gone);
        std::thread::sleep(Duration::from_millis(500));
        world.note("of a deleted topic", version, &alteration(&[(data, &name, &[0, 1, 2, 3])]));
        // The wishes of before were fulfilled, the last ones count.
        world.topic(&name, 4, &[]);
        settle(world, &name, &["/data"; 4]);
    }
}

/// A move that stands still behind its first piece.
fn half_done(world: &mut World, paths: &Paths) {
    let (data, other) = (paths.data.as_str(), paths.other.as_str());
    for _ in 0..4 {
        let records = large(world);
        stored(world, "half", 0, records);
    }
    let request = description(&[("half", &[0])]);
    let throttle = |operation| change(BROKER, "1", THROTTLE, operation, "1");
    for version in world.versions::<AlterReplicaLogDirsRequest>() {
        world.note::<IncrementalAlterConfigsRequest>("a byte a second", 1, &throttle(0));
        std::thread::sleep(Duration::from_millis(500));
        world.note("a slow move", version, &alteration(&[(other, "half", &[0])]));
        await_copy(world);
        for version in world.versions::<DescribeLogDirsRequest>() {
            world.note("half done", version, &request);
        }
        world.note("on its way there already", version, &alteration(&[(other, "half", &[0])]));
        world.note("still half done", 4, &request);
        world.note("not after all", version, &alteration(&[(data, "half", &[0])]));
        settle(world, "half", &["/data"]);
        world.note("taken back", 4, &request);
        world.note("a slow move again", version, &alteration(&[(other, "half", &[0])]));
        world.note::<IncrementalAlterConfigsRequest>("any bytes a second", 1, &throttle(1));
        settle(world, "half", &["/other"]);
        world.note("done", 4, &request);
        world.note("back", version, &alteration(&[(data, "half", &[0])]));
        settle(world, "half", &["/data"]);
    }
}

/// A batch of which a second one does not fit into what is copied at once.
fn large(world: &World) -> Vec<u8> {
    let value = vec![b'x'; 700_000];
    let mut builder = BatchBuilder::new(0);
    let record = NewRecord { timestamp: world.now_ms, value: Some(&value), ..NewRecord::default() };
    builder.append(&record).expect("one record");
    builder.build().expect("a batch of one").to_vec()
}

/// Waits until there is a copy of `half`, and something in it.
fn await_copy(world: &mut World) {
    let begun = Instant::now();
    let mut is_there = false;
    while !is_there && begun.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(50));
        let answer = world.prepare(4, &description(&[("half", &[0])])).unwrap_or_default();
        let topics = answer.results.iter().flat_map(|result| &result.topics);
        let mut partitions = topics.flat_map(|topic| &topic.partitions);
        is_there = partitions.any(|of| of.is_future_key && of.partition_size > 0);
    }
    world.remark("a copy of half", is_there);
}
