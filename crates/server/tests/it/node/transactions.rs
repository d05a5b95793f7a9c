//! What transactional producers ask a node that has just been started.

use super::changes::change;
use super::{Client, HANG, Node, produce_request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_producers_request::TopicRequest;
use dohle_protocol::messages::{
    AddOffsetsToTxnRequest, DescribeProducersRequest, EndTxnRequest, FindCoordinatorRequest,
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::time::{Duration, Instant};

const KEY_TYPE_TRANSACTION: i8 = 1;

/// A producer id for that transactional id, once its coordinator is there.
fn init(client: &mut Client, id: &str) -> InitProducerIdResponse {
    let find = FindCoordinatorRequest {
        key: id.into(),
        key_type: KEY_TYPE_TRANSACTION,
        ..FindCoordinatorRequest::default()
    };
    let init = InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    };
    let began = Instant::now();
    loop {
        if client.ask(3, &find).error_code == ErrorCode::NONE {
            let answer = client.ask(4, &init);
            if answer.error_code == ErrorCode::NONE {
                return answer;
            }
        }
        assert!(began.elapsed() < HANG, "no coordinator");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Clients look for the group's coordinator, which makes the topic of offsets, only after that.
#[test]
fn offsets_are_added_before_any_group_is_looked_for() {
    let node = Node::start(&[
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
    ]);
    let mut client = node.connect();
    let producer = init(&mut client, "first");
    let add = AddOffsetsToTxnRequest {
        transactional_id: "first".into(),
        producer_id: producer.producer_id,
        producer_epoch: producer.producer_epoch,
        group_id: "group".into(),
        ..AddOffsetsToTxnRequest::default()
    };
    assert_eq!(client.ask(3, &add).error_code, ErrorCode::NONE);
    let end = EndTxnRequest {
        transactional_id: "first".into(),
        producer_id: producer.producer_id,
        producer_epoch: producer.producer_epoch,
        committed: true,
        ..EndTxnRequest::default()
    };
    assert_eq!(client.ask(3, &end).error_code, ErrorCode::NONE);
    assert_eq!(init(&mut client, "first").producer_id, producer.producer_id);
}

/// The newest version of clients that do not add partitions by producing to them.
const PRODUCE_V1: i16 = 11;

#[test]
fn a_batch_of_an_older_client_is_verified_or_not() {
    const KEY: &str = "transaction.partition.verification.enable";
    let node = Node::start(&[]);
    let (mut client, mut admin) = (node.connect(), node.connect());
    assert_eq!(client.create_topic("t", 8, &[]), ErrorCode::NONE);
    let producer = init(&mut client, "first");
    let mut produce = |partition: i32| {
        let (id, epoch) = (producer.producer_id, producer.producer_epoch);
        let mut batch = BatchBuilder::new(0).producer(id, epoch, 0).transactional();
        batch.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
        let request = ProduceRequest {
            transactional_id: Some("first".into()),
            ..produce_request(-1, "t", &[partition], &batch.build().unwrap())
        };
        client.ask(PRODUCE_V1, &request).responses[0].partition_responses[0].error_code
    };
    // No partition was added to a transaction.
    assert_eq!(produce(0), ErrorCode::TRANSACTION_ABORTABLE);
    change(&mut admin, (4, ""), KEY, "false");
    assert_eq!(produce(1), ErrorCode::NONE);
    change(&mut admin, (4, "1"), KEY, "true");
    assert_eq!(produce(2), ErrorCode::TRANSACTION_ABORTABLE);
}

#[test]
fn an_idle_producer_is_forgotten() {
    let node = Node::start(&[("producer.id.expiration.check.interval.ms", "20")]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let timestamp = i64::try_from(now.as_millis()).unwrap();
    let mut batch = BatchBuilder::new(0).producer(7, 0, 0);
    batch.append(&NewRecord { timestamp, value: Some(b"v"), ..NewRecord::default() }).unwrap();
    let batch = batch.build().unwrap();
    assert_eq!(client.produce(-1, "t", &[0], &batch)[0].error_code, ErrorCode::NONE);
    let known = |client: &mut Client| {
        let topic =
            TopicRequest { name: "t".into(), partition_indexes: vec![0], ..Default::default() };
        let request = DescribeProducersRequest { topics: vec![topic], ..Default::default() };
        client.ask(0, &request).topics[0].partitions[0].active_producers.len()
    };
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(known(&mut client), 1, "it is looked for often, but a day old it is not");
    change(&mut client, (4, ""), "producer.id.expiration.ms", "1");
    let began = Instant::now();
    while known(&mut client) != 0 {
        assert!(began.elapsed() < HANG, "it is not forgotten");
        std::thread::sleep(Duration::from_millis(20));
    }
}
