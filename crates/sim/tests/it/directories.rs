//! A node with several log directories, of which one fails.

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_topics_request::CreatableTopic;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::metadata_response::MetadataResponsePartition;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{CreateTopicsRequest, MetadataRequest, ProduceRequest};
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

/// The controller knows in which directory each replica lies, because the broker has told it: when
/// one fails, just the partitions in it lose their leader.
#[test]
fn the_partitions_of_a_failed_directory_lose_their_leader() {
    let mut world = World::new(7);
    let dirs = [("log.dirs", "/a,/b".to_owned()), ("metadata.log.dir", "/a".to_owned())];
    let mut node = Node::new(&mut world, "n", 1, &dirs);
    node.start(&mut world, LIMIT).unwrap();
    let server = node.address(&mut world);
    let env = world.start("client");
    let mut client = Client::new(env, server, "client");
    let prepared = async move {
        create(&mut client).await;
        for index in 0..PARTITIONS {
            assert_eq!(produce(&mut client, index).await, ErrorCode::NONE);
        }
        client
    };
    let mut client = world.complete("client", LIMIT, prepared).unwrap();
    let disk = world.disk("n");
    let in_b = |index: &i32| {
        let path = format!("/b/t-{index}/partition.metadata");
        disk.content(std::path::Path::new(&path)).is_ok()
    };
    let lost: Vec<i32> = (0..PARTITIONS).filter(in_b).collect();
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
