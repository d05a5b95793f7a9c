//! Where replicas are and who leads: elections, reassignments, brokers that go.

use std::time::Duration;

use dohle_protocol::messages::alter_partition_reassignments_request::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use dohle_protocol::messages::describe_cluster_request::DescribeClusterRequest;
use dohle_protocol::messages::elect_leaders_request::{ElectLeadersRequest, TopicPartitions};
use dohle_protocol::messages::list_partition_reassignments_request::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics,
};
use dohle_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use dohle_protocol::messages::unregister_broker_request::UnregisterBrokerRequest;

use crate::diff::world::World;

/// Longer than a change of metadata takes to reach all parts of a node.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) fn elections(world: &mut World) {
    world.topic("el", 2, &[]);
    for version in world.versions::<ElectLeadersRequest>() {
        let request = |election_type, partitions: Option<&[(&str, &[i32])]>| {
            let of = |(topic, partitions): &(&str, &[i32])| TopicPartitions {
                topic: (*topic).into(),
                partitions: partitions.to_vec(),
                ..TopicPartitions::default()
            };
            ElectLeadersRequest {
                election_type,
                topic_partitions: partitions.map(|all| all.iter().map(of).collect()),
                timeout_ms: 10_000,
                ..ElectLeadersRequest::default()
            }
        };
        for election_type in [0, 1, 2, -1] {
            for (what, partitions) in [
                ("all", None),
                ("no topics", Some(&[][..])),
                ("two partitions", Some(&[("el", &[0, 1][..])][..])),
                ("unknown partition", Some(&[("el", &[0, 7])])),
                ("unknown topic", Some(&[("el-none", &[0])])),
                ("no partitions", Some(&[("el", &[])])),
                ("partition twice", Some(&[("el", &[0, 0])])),
                ("topic twice", Some(&[("el", &[0]), ("el", &[1])])),
                ("empty name", Some(&[("", &[0])])),
            ] {
                let what = format!("{what}, type {election_type}");
                world.note(&what, version, &request(election_type, partitions));
            }
        }
    }
}

pub(super) fn reassignments(world: &mut World) {
    for version in world.versions::<AlterPartitionReassignmentsRequest>() {
        let topic = format!("re-{version}");
        world.topic(&topic, 2, &[]);
        for allow_replication_factor_change in [true, false] {
            for (what, name, index, replicas) in [
                ("same", topic.as_str(), 0, Some(&[1][..])),
                ("cancel", &topic, 0, None),
                ("unknown broker", &topic, 0, Some(&[7])),
                ("one more, unknown", &topic, 0, Some(&[1, 7])),
                ("negative broker", &topic, 0, Some(&[-1])),
                ("no brokers", &topic, 0, Some(&[])),
                ("broker twice", &topic, 0, Some(&[1, 1])),
                ("unknown partition", &topic, 9, Some(&[1])),
                ("unknown topic", "re-none", 0, Some(&[1])),
                ("cancel for an unknown topic", "re-none", 0, None),
                ("empty name", "", 0, Some(&[1])),
            ] {
                let partition = ReassignablePartition {
                    partition_index: index,
                    replicas: replicas.map(<[i32]>::to_vec),
                    ..ReassignablePartition::default()
                };
                let topic = ReassignableTopic {
                    name: name.into(),
                    partitions: vec![partition],
                    ..ReassignableTopic::default()
                };
                let request = AlterPartitionReassignmentsRequest {
                    timeout_ms: 10_000,
                    topics: vec![topic],
                    allow_replication_factor_change: allow_replication_factor_change || version < 1,
                    ..AlterPartitionReassignmentsRequest::default()
                };
                let factor = if allow_replication_factor_change { "" } else { ", factor kept" };
                world.note(&format!("{what}{factor}"), version, &request);
            }
        }
        let none = AlterPartitionReassignmentsRequest {
            allow_replication_factor_change: true,
            ..AlterPartitionReassignmentsRequest::default()
        };
        world.note("no topics", version, &none);
    }
    for version in world.versions::<ListPartitionReassignmentsRequest>() {
        for (what, topics) in [
            ("all", None),
            ("no topics", Some(&[][..])),
            ("a topic", Some(&[("re-0", &[0, 1][..])][..])),
            ("unknown partition", Some(&[("re-0", &[7])])),
            ("unknown topic", Some(&[("re-none", &[0])])),
        ] {
            let of = |(name, indexes): &(&str, &[i32])| ListPartitionReassignmentsTopics {
                name: (*name).into(),
                partition_indexes: indexes.to_vec(),
                ..ListPartitionReassignmentsTopics::default()
            };
            let request = ListPartitionReassignmentsRequest {
                timeout_ms: 10_000,
                topics: topics.map(|topics| topics.iter().map(of).collect()),
                ..ListPartitionReassignmentsRequest::default()
            };
            world.note(what, version, &request);
        }
    }
    for version in world.versions::<UnregisterBrokerRequest>() {
        for broker_id in [0, 2, 7, -1, i32::MAX, i32::MIN] {
            let request = UnregisterBrokerRequest { broker_id, ..Default::default() };
            world.note(&format!("broker {broker_id}"), version, &request);
        }
    }
}

/// The node takes itself out of the cluster: it is asked, and what is left of it is told.
pub(super) fn unregister(world: &mut World) {
    world.topic("ub", 1, &[]);
    for version in world.versions::<UnregisterBrokerRequest>() {
        let own = UnregisterBrokerRequest { broker_id: 1, ..Default::default() };
        world.note("its own broker", version, &own);
        std::thread::sleep(SETTLED);
        world.note("its own broker again", version, &own);
    }
    let topic = MetadataRequestTopic { name: Some("ub".into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
    world.note("behind its own end", 12, &request);
    let request = DescribeClusterRequest {
        include_fenced_brokers: true,
        ..DescribeClusterRequest::default()
    };
    world.note("behind its own end", 2, &request);
}
