//! The cluster, its quorum, log directories, producers, features, producer ids.

use std::time::Duration;

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::AlterReplicaLogDirsRequest;
use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::describe_cluster_request::DescribeClusterRequest;
use dohle_protocol::messages::describe_log_dirs_request::{
    DescribableLogDirTopic, DescribeLogDirsRequest,
};
use dohle_protocol::messages::describe_producers_request::{
    DescribeProducersRequest, TopicRequest,
};
use dohle_protocol::messages::describe_quorum_request::{
    DescribeQuorumRequest, PartitionData, TopicData,
};
use dohle_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use dohle_protocol::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use dohle_protocol::record::BatchBuilder;

use super::{build, stored};
use crate::diff::world::World;

pub(super) fn all(world: &mut World) {
    cluster(world);
    quorum(world);
    log_dirs(world);
    moves(world);
    producers(world);
    producer_ids(world);
    features(world);
}

fn cluster(world: &mut World) {
    for version in world.versions::<DescribeClusterRequest>() {
        let mut request = DescribeClusterRequest::default();
        world.note("good", version, &request);
        request.include_cluster_authorized_operations = true;
        world.note("authorized operations", version, &request);
        request.include_fenced_brokers = true;
        world.note("fenced brokers", version, &request);
        for endpoint_type in [0, 2, 9] {
            request.endpoint_type = endpoint_type;
            world.note(&format!("endpoints of type {endpoint_type}"), version, &request);
        }
    }
}

fn quorum(world: &mut World) {
    for version in world.versions::<DescribeQuorumRequest>() {
        for (what, topic, partition_index) in [
            ("good", "__cluster_metadata", 0),
            ("unknown partition", "__cluster_metadata", 1),
            ("another topic", "dq-none", 0),
        ] {
            let partition = PartitionData { partition_index, ..PartitionData::default() };
            let topic = TopicData {
                topic_name: topic.into(),
                partitions: vec![partition],
                ..TopicData::default()
            };
            let request =
                DescribeQuorumRequest { topics: vec![topic], ..DescribeQuorumRequest::default() };
            world.note(what, version, &request);
        }
        world.note("no topics", version, &DescribeQuorumRequest::default());
    }
}

fn log_dirs(world: &mut World) {
    world.topic("ld", 2, &[]);
    for version in world.versions::<DescribeLogDirsRequest>() {
        for (what, topic, partitions) in [
            ("two partitions", "ld", vec![0, 1]),
            ("unknown partition", "ld", vec![5]),
            ("unknown topic", "ld-none", vec![0]),
        ] {
            let topic = DescribableLogDirTopic {
                topic: topic.into(),
                partitions,
                ..DescribableLogDirTopic::default()
            };
            let request = DescribeLogDirsRequest {
                topics: Some(vec![topic]),
                ..DescribeLogDirsRequest::default()
            };
            world.note(what, version, &request);
        }
        let request =
            DescribeLogDirsRequest { topics: Some(vec![]), ..DescribeLogDirsRequest::default() };
        world.note("no topics", version, &request);
    }
}

/// The servers' own directories have other names, so what is asked for is always somewhere else.
fn moves(world: &mut World) {
    world.topic("mv", 1, &[]);
    let long = "x".repeat(230);
    for version in world.versions::<AlterReplicaLogDirsRequest>() {
        for (what, path, topic, partitions) in [
            ("unknown directory", "/no/such/directory", "mv", vec![0]),
            ("relative directory", "data", "mv", vec![0]),
            ("no directory", "", "mv", vec![0]),
            ("unknown partition and directory", "/no/such/directory", "mv", vec![7]),
            ("unknown topic and directory", "/no/such/directory", "mv-none", vec![0]),
            ("a name too long for a copy", "/no/such/directory", long.as_str(), vec![0]),
            ("no partitions", "/no/such/directory", "mv", vec![]),
        ] {
            let topic = AlterReplicaLogDirTopic {
                name: topic.into(),
                partitions,
                ..AlterReplicaLogDirTopic::default()
            };
            let dir = AlterReplicaLogDir {
                path: path.into(),
                topics: vec![topic],
                ..AlterReplicaLogDir::default()
            };
            let request = AlterReplicaLogDirsRequest { dirs: vec![dir], ..Default::default() };
            world.note(what, version, &request);
        }
        world.note("nothing", version, &AlterReplicaLogDirsRequest::default());
    }
}

fn producers(world: &mut World) {
    world.topic("dp", 1, &[]);
    let records = build(world, 2, BatchBuilder::new(0).producer(4242, 3, 0));
    stored(world, "dp", 0, records);
    for version in world.versions::<DescribeProducersRequest>() {
        for (what, topic, partition_indexes) in [
            ("one producer", "dp", vec![0]),
            ("unknown partition", "dp", vec![4]),
            ("unknown topic", "dp-none", vec![0]),
            ("bad name", "bad name!", vec![0]),
        ] {
            let topic =
                TopicRequest { name: topic.into(), partition_indexes, ..TopicRequest::default() };
            let request = DescribeProducersRequest {
                topics: vec![topic],
                ..DescribeProducersRequest::default()
            };
            world.note(what, version, &request);
        }
    }
}

/// One that is not transactional.
fn new_producer() -> InitProducerIdRequest {
    InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdRequest::default()
    }
}

/// Kafka refuses the first producers until its controller has given it ids: the run begins behind that.
fn await_producer_ids(world: &mut World) {
    let Some(version) = world.versions::<InitProducerIdRequest>().pop() else { return };
    for _ in 0..100 {
        match world.prepare(version, &new_producer()) {
            Some(answer) if answer.error_code == ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return,
        }
    }
}

fn producer_ids(world: &mut World) {
    await_producer_ids(world);
    for version in world.versions::<InitProducerIdRequest>() {
        let mut request = new_producer();
        let Some(answer) = world.ask("new id", version, &request) else { continue };
        world.note("another", version, &request);
        request.transaction_timeout_ms = 0;
        world.note("no timeout", version, &request);
        request.producer_id = answer.producer_id;
        request.producer_epoch = answer.producer_epoch;
        world.note("next epoch", version, &request);
        request.producer_epoch = -1;
        world.note("id without epoch", version, &request);
    }
}

fn features(world: &mut World) {
    for version in world.versions::<UpdateFeaturesRequest>() {
        let update = |feature: &str, level, upgrade_type| FeatureUpdateKey {
            feature: feature.into(),
            max_version_level: level,
            upgrade_type,
            allow_downgrade: upgrade_type > 1,
            ..FeatureUpdateKey::default()
        };
        for (what, feature_updates) in [
            ("nothing", vec![]),
            ("unknown feature", vec![update("no.such", 1, 1)]),
            ("level too high", vec![update("metadata.version", 32_000, 1)]),
            ("negative level", vec![update("metadata.version", -1, 1)]),
            ("level 0", vec![update("metadata.version", 0, 1)]),
            ("downgrade as upgrade", vec![update("metadata.version", 7, 1)]),
            ("type 9", vec![update("metadata.version", 7, 9)]),
            ("empty name", vec![update("", 1, 1)]),
        ] {
            let request = UpdateFeaturesRequest {
                timeout_ms: 10_000,
                feature_updates,
                ..UpdateFeaturesRequest::default()
            };
            world.note(what, version, &request);
        }
    }
}
