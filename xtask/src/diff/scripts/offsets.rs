//! Offsets by time and epoch, and the deletion of records.

use dohle_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use dohle_protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use dohle_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::{batch, stored};
use crate::diff::world::World;

fn filled(world: &mut World, topic: &str) {
    world.topic(topic, 2, &[]);
    for _ in 0..3 {
        let records = batch(world, 5);
        stored(world, topic, 0, records);
    }
}

fn times(topic: &str, partitions: &[(i32, i64)]) -> ListOffsetsRequest {
    let partitions = partitions
        .iter()
        .map(|(partition_index, timestamp)| ListOffsetsPartition {
            partition_index: *partition_index,
            current_leader_epoch: -1,
            timestamp: *timestamp,
            max_num_offsets: 5,
            ..ListOffsetsPartition::default()
        })
        .collect();
    let topic = ListOffsetsTopic { name: topic.into(), partitions, ..ListOffsetsTopic::default() };
    ListOffsetsRequest {
        replica_id: -1,
        topics: vec![topic],
        timeout_ms: 5000,
        ..ListOffsetsRequest::default()
    }
}

pub(super) fn list(world: &mut World) {
    filled(world, "lo");
    let now = world.now_ms;
    for version in world.versions::<ListOffsetsRequest>() {
        for (what, time) in [
            ("latest", -1),
            ("earliest", -2),
            ("max timestamp", -3),
            ("earliest local", -4),
            ("latest tiered", -5),
            ("earliest pending upload", -6),
            ("no such special", -7),
            ("before all", now - 1000),
            ("first", now),
            ("between", now + 1500),
            ("last", now + 4000),
            ("after all", now + 4001),
            ("zero", 0),
            ("end of time", i64::MAX),
        ] {
            world.note(what, version, &times("lo", &[(0, time)]));
            world.note(&format!("{what}, empty partition"), version, &times("lo", &[(1, time)]));
        }
        world.note("unknown topic", version, &times("lo-none", &[(0, -1)]));
        world.note("bad name", version, &times("bad name!", &[(0, -1)]));
        world.note("unknown partition", version, &times("lo", &[(7, -1)]));
        world.note("twice in one", version, &times("lo", &[(0, -1), (0, -2)]));
        let mut asked = times("lo", &[(0, -1)]);
        asked.replica_id = 9;
        world.note("unknown replica", version, &asked);
        asked.replica_id = -1;
        asked.isolation_level = 1;
        world.note("read committed", version, &asked);
        asked.isolation_level = 7;
        world.note("isolation 7", version, &asked);
        if version >= 4 {
            for epoch in [0, 4] {
                let mut asked = times("lo", &[(0, -1)]);
                asked.topics[0].partitions[0].current_leader_epoch = epoch;
                world.note(&format!("leader epoch {epoch}"), version, &asked);
            }
        }
    }
}

pub(super) fn leader_epochs(world: &mut World) {
    filled(world, "le");
    for version in world.versions::<OffsetForLeaderEpochRequest>() {
        for (what, topic, partition, current_leader_epoch, leader_epoch) in [
            ("epoch 0", "le", 0, -1, 0),
            ("epoch 5", "le", 0, -1, 5),
            ("epoch -1", "le", 0, -1, -1),
            ("empty partition", "le", 1, -1, 0),
            ("current epoch 0", "le", 0, 0, 0),
            ("current epoch 3", "le", 0, 3, 0),
            ("unknown partition", "le", 8, -1, 0),
            ("unknown topic", "le-none", 0, -1, 0),
        ] {
            let partition = OffsetForLeaderPartition {
                partition,
                current_leader_epoch,
                leader_epoch,
                ..OffsetForLeaderPartition::default()
            };
            let topic = OffsetForLeaderTopic {
                topic: topic.into(),
                partitions: vec![partition],
                ..OffsetForLeaderTopic::default()
            };
            let request = OffsetForLeaderEpochRequest {
                replica_id: -1,
                topics: vec![topic],
                ..OffsetForLeaderEpochRequest::default()
            };
            world.note(what, version, &request);
        }
    }
}

pub(super) fn delete_records(world: &mut World) {
    for version in world.versions::<DeleteRecordsRequest>() {
        let topic = format!("dr-{version}");
        filled(world, &topic);
        let compacted = format!("dr-{version}-compact");
        world.topic(&compacted, 1, &[("cleanup.policy", "compact")]);
        let records = batch(world, 4);
        stored(world, &compacted, 0, records);
        for (what, topic, partition_index, offset) in [
            ("nothing", topic.as_str(), 0, 0),
            ("inside a batch", &topic, 0, 7),
            ("below the start", &topic, 0, 3),
            ("past the end", &topic, 0, 99),
            ("negative", &topic, 0, -2),
            ("all", &topic, 0, -1),
            ("unknown partition", &topic, 6, 0),
            ("unknown topic", "dr-none", 0, 0),
            ("bad name", "bad name!", 0, 0),
            ("compacted topic", &compacted, 0, 2),
        ] {
            let partition = DeleteRecordsPartition {
                partition_index,
                offset,
                ..DeleteRecordsPartition::default()
            };
            let topic = DeleteRecordsTopic {
                name: topic.into(),
                partitions: vec![partition],
                ..DeleteRecordsTopic::default()
            };
            let request = DeleteRecordsRequest {
                topics: vec![topic],
                timeout_ms: 10_000,
                ..DeleteRecordsRequest::default()
            };
            world.note(what, version, &request);
        }
        for (what, time) in [("earliest after deletion", -2), ("latest after deletion", -1)] {
            world.note(
                &format!("{what} with DeleteRecords v{version}"),
                5,
                &times(&topic, &[(0, time)]),
            );
        }
    }
}
