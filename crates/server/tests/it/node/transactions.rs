//! What transactional producers ask a node that has just been started.

use super::{Client, HANG, Node};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{
    AddOffsetsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest,
    InitProducerIdResponse,
};
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
