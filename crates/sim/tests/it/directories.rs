//! A node with several log directories, of which one fails.

mod strays;

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::create_topics_request::CreatableTopic;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::metadata_response::MetadataResponsePartition;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    AlterReplicaLogDirsRequest, CreateTopicsRequest, MetadataRequest, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use dohle_sim::client::Client;
use dohle_sim::disk::{Fault, Operation};
use dohle_sim::node::Node;
use dohle_sim::world::World;
use std::io;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 6;

async fn create(client: &mut Client) {
    let topic = CreatableTopic {
        name: "t".into(),
        num_partitions: PARTITIONS,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    };
    assert_eq!(client.ask(5, &request).await.unwrap().topics[0].error_code, ErrorCode::NONE);
}

async fn produce(client: &mut Client, index: i32) -> ErrorCode {
    let mut builder = BatchBuilder::new(0);
    builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    let records = Some(Records::Bytes(builder.build().unwrap()));
    let data = PartitionProduceData { index, records, ..PartitionProduceData::default() };
    let topic = TopicProduceData {
        name: "t".into(),
        partition_data: [data].into(),
        ..TopicProduceData::default()
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: [topic].into(),
        ..ProduceRequest::default()
    };
    let answer = client.ask(7, &request).await.unwrap();
    answer.responses[0].partition_responses[0].error_code
}

async fn partitions(client: &mut Client) -> Vec<MetadataResponsePartition> {
    let topic = MetadataRequestTopic { name: Some("t".into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
    let mut partitions = client.ask(8, &request).await.unwrap().topics.remove(0).partitions;
    partitions.sort_by_key(|partition| partition.partition_index);
    partitions
}

/// A world with a node on `/a` and `/b`, and a client.
fn start() -> (World, Node, Client) {
    let mut world = World::new(7);
    let dirs = [("log.dirs", "/a,/b".to_owned()), ("metadata.log.dir", "/a".to_owned())];
    let mut node = Node::new(&mut world, "n", 1, &dirs);
    node.start(&mut world, LIMIT).unwrap();
    let server = node.address(&mut world);
    let env = world.start("client");
    (world, node, Client::new(env, server, "client"))
}

/// The partitions whose folder lies in `/b`.
fn those_in_b(world: &mut World) -> Vec<i32> {
    let disk = world.disk("n");
    let in_b = |index: &i32| {
        let path = format!("/b/t-{index}/partition.metadata");
        disk.content(std::path::Path::new(&path)).is_ok()
    };
    (0..PARTITIONS).filter(in_b).collect()
}

async fn move_to(client: &mut Client, path: &str, index: i32) -> ErrorCode {
    let topic = AlterReplicaLogDirTopic {
        name: "t".into(),
        partitions: vec![index],
        ..AlterReplicaLogDirTopic::default()
    };
    let dir = AlterReplicaLogDir {
        path: path.into(),
        topics: vec![topic],
        ..AlterReplicaLogDir::default()
    };
    let request = AlterReplicaLogDirsRequest { dirs: vec![dir], ..Default::default() };
    let answer = client.ask(2, &request).await.unwrap();
    answer.results[0].partitions[0].error_code
}

/// Two copies of one partition are what no node starts beside.
#[test]
fn a_copy_that_cannot_be_opened_leaves_no_folder() {
    let (mut world, mut node, mut client) = start();
    let made = async move {
        create(&mut client).await;
        client
    };
    let mut client = world.complete("client", LIMIT, made).unwrap();
    let in_b = those_in_b(&mut world);
    let index = (0..PARTITIONS).find(|index| !in_b.contains(index)).unwrap();
    let disk = world.disk("n");
    disk.inject(Fault::fail(Operation::List, io::ErrorKind::Other).at("-future"));
    let asked = async move {
        let refused = move_to(&mut client, "/b", index).await;
        (refused, move_to(&mut client, "/b", index).await)
    };
    let codes = world.complete("client", LIMIT, asked).unwrap();
    assert_eq!(codes, (ErrorCode::KAFKA_STORAGE_ERROR, ErrorCode::NONE));
    assert_eq!(disk.counts().faults, 1);
    let copies = disk.paths().into_iter().filter(|(path, _)| path.ends_with("-future/"));
    assert!(copies.count() <= 1, "{:?}", disk.paths());
    node.kill(&mut world);
    node.start(&mut world, LIMIT).unwrap();
}

/// Nobody writes to these partitions when their directory fails: a folder could not be synced.
/// What the kernel calls clean then may not be on the disk, so nothing there is promised any more.
#[test]
fn nothing_of_a_failed_directory_is_served() {
    let (mut world, _node, mut client) = start();
    let fault = Fault::fail(Operation::Sync, io::ErrorKind::Other).at("partition.metadata");
    world.disk("n").inject(fault.after(1));
    let made = async move {
        create(&mut client).await;
        client.pause(Duration::from_secs(1)).await;
        client
    };
    let mut client = world.complete("client", LIMIT, made).unwrap();
    let lost = those_in_b(&mut world);
    let refused = async move {
        let mut refused = Vec::new();
        for index in 0..PARTITIONS {
            if produce(&mut client, index).await == ErrorCode::KAFKA_STORAGE_ERROR {
                refused.push(index);
            }
        }
        refused
    };
    let refused = world.complete("client", LIMIT, refused).unwrap();
    let others: Vec<i32> = (0..PARTITIONS).filter(|index| !lost.contains(index)).collect();
    assert!(refused == lost || refused == others, "{refused:?} are refused, {lost:?} lie in /b");
}

/// The controller knows in which directory each replica lies, because the broker has told it: when
/// one fails, just the partitions in it lose their leader.
#[test]
fn the_partitions_of_a_failed_directory_lose_their_leader() {
    let (mut world, _node, mut client) = start();
    let prepared = async move {
        create(&mut client).await;
        for index in 0..PARTITIONS {
            assert_eq!(produce(&mut client, index).await, ErrorCode::NONE);
        }
        client
    };
    let mut client = world.complete("client", LIMIT, prepared).unwrap();
    let disk = world.disk("n");
    let lost = those_in_b(&mut world);
    assert_eq!(lost.len(), 3, "new replicas go where there are fewest: {lost:?}");
    disk.inject(Fault::fail(Operation::Write, io::ErrorKind::Other).at("/b/").always());
    let first = lost[0];
    let after = async move {
        assert_eq!(produce(&mut client, first).await, ErrorCode::KAFKA_STORAGE_ERROR);
        // The next heartbeat tells the controller.
        client.pause(Duration::from_secs(5)).await;
        let partitions = partitions(&mut client).await;
        let mut leaderless = Vec::new();
        for partition in &partitions {
            let index = partition.partition_index;
            if partition.leader_id == -1 {
                assert_eq!(partition.offline_replicas, [1], "{index}");
                leaderless.push(index);
            } else {
                assert_eq!(produce(&mut client, index).await, ErrorCode::NONE, "{index}");
            }
        }
        leaderless
    };
    assert_eq!(world.complete("client", LIMIT, after).unwrap(), lost);
}
