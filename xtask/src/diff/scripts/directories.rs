//! Two log directories: what lies in them, what moves between them, what is cordoned.

use std::time::{Duration, Instant};

use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use dohle_protocol::messages::{
    AlterReplicaLogDirsRequest, DescribeLogDirsRequest, IncrementalAlterConfigsRequest,
};

use super::configs::{BROKER, change};
use super::{batch, stored};
use crate::diff::world::World;

const CORDONED: &str = "cordoned.log.dirs";
/// Longer than a move takes, or a change of configs until it has its effect.
const LONG: Duration = Duration::from_secs(20);

/// The directories `data` and `other`, as the broker calls them.
struct Paths {
    data: String,
    other: String,
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

fn paths(world: &mut World) -> Paths {
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
