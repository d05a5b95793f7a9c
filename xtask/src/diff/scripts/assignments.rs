//! AssignReplicasToDirs: what a broker tells its controller. Only the controller's listener serves it,
//! so it is asked there.

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::AssignReplicasToDirsRequest;
use dohle_protocol::messages::assign_replicas_to_dirs_request::{
    DirectoryData, PartitionData, TopicData,
};

use super::directories::paths;
use crate::diff::world::World;

/// A node that was just formatted registers within so many records of its log.
const EPOCHS: std::ops::Range<i64> = 0..1000;

/// Partitions by the ids of their topics.
type Topics<'a> = [(Uuid, &'a [i32])];

fn request(
    broker_id: i32,
    broker_epoch: i64,
    directories: &[(Uuid, &Topics<'_>)],
) -> AssignReplicasToDirsRequest {
    let partition =
        |index: &i32| PartitionData { partition_index: *index, ..PartitionData::default() };
    let topic = |(topic_id, partitions): &(Uuid, &[i32])| TopicData {
        topic_id: *topic_id,
        partitions: partitions.iter().map(partition).collect(),
        ..TopicData::default()
    };
    let directory = |(id, topics): &(Uuid, &Topics<'_>)| DirectoryData {
        id: *id,
        topics: topics.iter().map(topic).collect(),
        ..DirectoryData::default()
    };
    AssignReplicasToDirsRequest {
        broker_id,
        broker_epoch,
        directories: directories.iter().map(directory).collect(),
        ..AssignReplicasToDirsRequest::default()
    }
}

/// The id in a directory's `meta.properties`.
fn id_of(path: &str) -> Uuid {
    let text = std::fs::read_to_string(format!("{path}/meta.properties")).unwrap_or_default();
    let id = text.lines().find_map(|line| line.strip_prefix("directory.id="));
    id.and_then(|id| id.parse().ok()).unwrap_or(Uuid::ZERO)
}

/// The epoch that the broker has registered with: the only one that is not stale.
fn epoch(controller: &mut World) -> i64 {
    let is_it = |controller: &mut World, epoch| {
        let answer = controller.prepare(0, &request(1, epoch, &[]));
        answer.is_some_and(|answer| answer.error_code == ErrorCode::NONE)
    };
    EPOCHS.into_iter().find(|epoch| is_it(controller, *epoch)).unwrap_or(-1)
}

pub(super) fn all(world: &mut World) {
    let topic = world.topic("assigned", 2, &[]);
    world.note("of a broker's listener", 0, &request(1, -1, &[]));
    let paths = paths(world);
    let mut controller = world.controller();
    let (data, other) = (id_of(&paths.data), id_of(&paths.other));
    controller.name_id(data, "data");
    controller.name_id(other, "other");
    let epoch = epoch(&mut controller);
    controller.remark("the epoch of the broker", epoch >= 0);
    let nobody = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
    let good: &Topics<'_> = &[(topic, &[0, 1])];
    for (what, id, epoch, directories) in [
        ("nothing", 1, epoch, &[][..]),
        ("no epoch", 1, -1, &[]),
        ("another epoch", 1, epoch + 1, &[(data, good)]),
        ("another broker", 7, epoch, &[(data, good)]),
        ("a negative broker", -1, epoch, &[(data, good)]),
        ("where it is", 1, epoch, &[(data, good)]),
        ("a directory without topics", 1, epoch, &[(data, &[])]),
        ("a topic without partitions", 1, epoch, &[(data, &[(topic, &[])])]),
        ("an unknown topic", 1, epoch, &[(data, &[(nobody, &[0])])]),
        ("no topic", 1, epoch, &[(data, &[(Uuid::ZERO, &[0])])]),
        ("unknown partitions", 1, epoch, &[(data, &[(topic, &[0, 7, -1])])]),
        ("a partition twice", 1, epoch, &[(data, &[(topic, &[0, 0])])]),
        ("in two directories", 1, epoch, &[(other, good), (data, good)]),
        ("in the other one", 1, epoch, &[(other, &[(topic, &[1])])]),
        ("and back", 1, epoch, &[(data, &[(topic, &[1])])]),
        ("an unknown directory and an unknown topic", 1, epoch, &[(nobody, &[(nobody, &[0])])]),
    ] {
        controller.note(what, 0, &request(id, epoch, directories));
    }
    world.hear(controller);
}
