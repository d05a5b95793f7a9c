//! The coordinators' topics, and topics that are made without numbers.

use super::{Client, HANG, Node};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_configs_request::DescribeConfigsResource;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::{
    ConsumerGroupHeartbeatRequest, CreateTopicsRequest, DescribeConfigsRequest,
    FindCoordinatorRequest, MetadataRequest, OffsetCommitRequest,
};
use std::time::{Duration, Instant};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const TOPIC: i8 = 2;

fn find(client: &mut Client, key_type: i8) -> ErrorCode {
    let request = FindCoordinatorRequest { key: "k".into(), key_type, ..Default::default() };
    client.ask(3, &request).error_code
}

/// Looks for a coordinator until there is one.
fn found(client: &mut Client, key_type: i8) {
    let began = Instant::now();
    while find(client, key_type) != ErrorCode::NONE {
        assert!(began.elapsed() < HANG, "no coordinator");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn partition_count(client: &mut Client, topic: &'static str) -> usize {
    let named = MetadataRequestTopic { name: Some(topic.into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![named]), ..MetadataRequest::default() };
    client.ask(12, &request).topics[0].partitions.len()
}

fn config(client: &mut Client, topic: &'static str, key: &str) -> String {
    let resource = DescribeConfigsResource {
        resource_type: TOPIC,
        resource_name: topic.into(),
        configuration_keys: Some(vec![key.into()]),
        ..DescribeConfigsResource::default()
    };
    let request =
        DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    let mut described = client.ask(4, &request).results.remove(0);
    described.configs.remove(0).value.expect("a value").as_str().to_owned()
}

#[test]
fn the_coordinators_topics_are_as_configured() {
    let node = Node::start(&[
        ("offsets.topic.num.partitions", "7"),
        ("offsets.topic.segment.bytes", "2097152"),
        ("transaction.state.log.num.partitions", "3"),
        ("transaction.state.log.segment.bytes", "3145728"),
        ("transaction.state.log.min.isr", "5"),
    ]);
    let mut client = node.connect();
    found(&mut client, GROUP);
    found(&mut client, TRANSACTION);
    assert_eq!(partition_count(&mut client, "__consumer_offsets"), 7);
    assert_eq!(config(&mut client, "__consumer_offsets", "segment.bytes"), "2097152");
    assert_eq!(partition_count(&mut client, "__transaction_state"), 3);
    assert_eq!(config(&mut client, "__transaction_state", "segment.bytes"), "3145728");
    assert_eq!(config(&mut client, "__transaction_state", "min.insync.replicas"), "5");
}

/// There is one broker: who asks for more replicas is told so, and nothing is made with fewer.
#[test]
fn more_replicas_than_brokers_are_refused() {
    let node = Node::start(&[
        ("offsets.topic.replication.factor", "2"),
        ("transaction.state.log.replication.factor", "2"),
        ("default.replication.factor", "2"),
    ]);
    let mut client = node.connect();
    for key_type in [GROUP, TRANSACTION] {
        for _ in 0..3 {
            assert_eq!(find(&mut client, key_type), ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
    }
    let topic = dohle_protocol::messages::create_topics_request::CreatableTopic {
        name: "t".into(),
        num_partitions: 1,
        replication_factor: -1,
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 30_000,
        ..CreateTopicsRequest::default()
    };
    let answer = client.ask(7, &request).topics.remove(0);
    assert_eq!(answer.error_code, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert_eq!(partition_count(&mut client, "__consumer_offsets"), 0);
}

#[test]
fn offsets_are_packed_as_configured() {
    for codec in [0, 1, 4] {
        let node = Node::start(&[
            ("offsets.topic.num.partitions", "1"),
            ("offsets.topic.compression.codec", &codec.to_string()),
        ]);
        let mut client = node.connect();
        assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
        found(&mut client, GROUP);
        let partition = OffsetCommitRequestPartition { committed_offset: 5, ..Default::default() };
        let topic = OffsetCommitRequestTopic {
            name: "t".into(),
            partitions: vec![partition],
            ..OffsetCommitRequestTopic::default()
        };
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        let began = Instant::now();
        while client.ask(8, &request).topics[0].partitions[0].error_code != ErrorCode::NONE {
            assert!(began.elapsed() < HANG, "it is not committed");
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = node.directory.join("data/__consumer_offsets-0/00000000000000000000.log");
        let bytes = std::fs::read(log).unwrap();
        // The attributes of the first batch: the codec is in the last three bits.
        assert_eq!(bytes[22] & 7, codec);
    }
}

#[test]
fn a_protocol_that_is_not_served_is_refused() {
    for (protocols, expected) in
        [("classic", ErrorCode::UNSUPPORTED_VERSION), ("classic,consumer", ErrorCode::NONE)]
    {
        let node = Node::start(&[("group.coordinator.rebalance.protocols", protocols)]);
        let mut client = node.connect();
        assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
        found(&mut client, GROUP);
        let request = ConsumerGroupHeartbeatRequest {
            group_id: "k".into(),
            member_id: "m".into(),
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec!["t".into()]),
            topic_partitions: Some(Vec::new()),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let began = Instant::now();
        let is_settled = |error| {
            error != ErrorCode::COORDINATOR_LOAD_IN_PROGRESS && error != ErrorCode::NOT_COORDINATOR
        };
        let error = loop {
            let error = client.ask(1, &request).error_code;
            if is_settled(error) {
                break error;
            }
            assert!(began.elapsed() < HANG, "{error}");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(error, expected, "{protocols}");
    }
}
