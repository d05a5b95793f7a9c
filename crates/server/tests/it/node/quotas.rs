//! Clients that use more than their quota wait; others do not.

use super::{
    Client, FETCH, Node, PRODUCE, batch, encode, fetch_request, produce_request, record_bytes,
};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use dohle_protocol::messages::create_topics_request::CreatableTopic;
use dohle_protocol::messages::delete_topics_request::DeleteTopicState;
use dohle_protocol::messages::{
    AlterClientQuotasRequest, ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    FetchRequest, MetadataRequest, ProduceRequest,
};
use std::io::Read;
use std::time::{Duration, Instant};

/// Two windows of a second: what was used counts for no longer than two seconds.
const SHORT: [(&str, &str); 2] = [("quota.window.num", "2"), ("controller.quota.window.num", "1")];

/// Sets a quota of the default entity of that kind.
pub(super) fn set(client: &mut Client, kind: &'static str, key: &'static str, value: f64) {
    let part = EntityData { entity_type: kind.into(), entity_name: None, ..Default::default() };
    let op = OpData { key: key.into(), value, remove: value == 0.0, ..OpData::default() };
    let entry = EntryData { entity: vec![part], ops: vec![op], ..EntryData::default() };
    let request = AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
    let answer = client.ask(1, &request);
    assert_eq!(answer.entries[0].error_code, ErrorCode::NONE);
}

/// How long the connection says nothing to a request that costs nothing.
fn silence(client: &mut Client) -> Duration {
    let begun = Instant::now();
    client.ask(0, &ApiVersionsRequest::default());
    begun.elapsed()
}

#[test]
fn who_produces_too_much_is_told_and_then_not_heard() {
    let node = Node::start(&SHORT);
    let (mut client, mut admin) = (node.connect(), node.connect());
    client.create_topic("t", 1, &[]);
    let request = produce_request(1, "t", &[0], &batch(10, 1000));
    let size_bytes = encode(PRODUCE, 1, &request).len() - 4;
    set(&mut admin, "user", "producer_byte_rate", (size_bytes as f64 / 1.3).round());
    let begun = Instant::now();
    let answer = client.ask(PRODUCE, &request);
    assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
    assert!(begun.elapsed() < Duration::from_millis(250), "it is answered at once");
    assert!((299..=301).contains(&answer.throttle_time_ms), "{}", answer.throttle_time_ms);
    assert!(silence(&mut admin) < Duration::from_millis(250), "others are heard");
    silence(&mut client);
    assert!(Duration::from_millis(295) < begun.elapsed(), "{:?}", begun.elapsed());
    // Without an answer there is nothing to be told in, but the client waits all the same.
    // The request that was sent right behind it may have begun before it was done.
    client.send(PRODUCE, &ProduceRequest { acks: 0, ..request });
    let begun = Instant::now();
    silence(&mut client);
    silence(&mut client);
    assert!(Duration::from_millis(295) < begun.elapsed(), "{:?}", begun.elapsed());
    set(&mut admin, "user", "producer_byte_rate", 0.0);
    let request = produce_request(1, "t", &[0], &batch(10, 1000));
    assert_eq!(client.ask(PRODUCE, &request).throttle_time_ms, 0, "no quota any more");
}

#[test]
fn who_fetches_too_much_gets_nothing_and_then_all() {
    let node = Node::start(&SHORT);
    let mut client = node.connect();
    client.create_topic("t", 1, &[]);
    let batch = batch(10, 1000);
    client.produce(1, "t", &[0], &batch);
    set(&mut client, "client-id", "consumer_byte_rate", ((batch.len() * 2) as f64 / 1.2).round());
    let request = fetch_request("t", 0, 1 << 20, 0);
    let first = client.ask(FETCH, &request);
    assert_eq!(first.throttle_time_ms, 0);
    assert_eq!(record_bytes(&first.responses[0].partitions[0]).len(), batch.len());
    let begun = Instant::now();
    let second = client.ask(FETCH, &request);
    assert!(second.responses.is_empty() && second.session_id == 0);
    assert!((190..=201).contains(&second.throttle_time_ms), "{}", second.throttle_time_ms);
    // What was not sent does not count: once the first one is long ago, it is sent.
    let mut asked = 0;
    loop {
        let answer = client.ask(FETCH, &request);
        asked += 1;
        if let Some(topic) = answer.responses.first() {
            assert_eq!(record_bytes(&topic.partitions[0]).len(), batch.len());
            break;
        }
        assert!(0 < answer.throttle_time_ms);
    }
    assert!(Duration::from_millis(190) < begun.elapsed() && asked < 20, "{asked} times");
}

#[test]
fn a_session_goes_on_where_it_was_after_a_wait() {
    let node = Node::start(&SHORT);
    let mut client = node.connect();
    client.create_topic("t", 2, &[]);
    let batch = batch(10, 1000);
    let opened = client.ask(
        FETCH,
        &FetchRequest { session_id: 0, session_epoch: 0, ..fetch_request("t", 0, 1 << 20, 0) },
    );
    assert_ne!(opened.session_id, 0);
    client.produce(1, "t", &[0], &batch);
    set(&mut client, "client-id", "consumer_byte_rate", (batch.len() as f64 / 1.1).round());
    let again = |session_epoch| FetchRequest {
        session_id: opened.session_id,
        session_epoch,
        topics: Default::default(),
        ..fetch_request("t", 0, 1 << 20, 0)
    };
    let throttled = client.ask(FETCH, &again(1));
    assert!(throttled.responses.is_empty() && 0 < throttled.throttle_time_ms);
    assert_eq!(throttled.session_id, opened.session_id);
    set(&mut client, "client-id", "consumer_byte_rate", 0.0);
    let answer = client.ask(FETCH, &again(2));
    assert_eq!(record_bytes(&answer.responses[0].partitions[0]).len(), batch.len());
}

#[test]
fn who_takes_too_much_time_of_threads_waits_for_a_window_at_most() {
    for (seconds, window_ms) in [("1", 1000), ("2", 2000)] {
        let node = Node::start(&[SHORT[0], ("quota.window.size.seconds", seconds)]);
        let (mut client, mut admin) = (node.connect(), node.connect());
        set(&mut admin, "user", "request_percentage", 0.000_01);
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let answer = client.ask(12, &request);
        assert_eq!(answer.throttle_time_ms, window_ms);
        let least = Duration::from_millis(window_ms.unsigned_abs().into()) * 19 / 20;
        assert!(least < silence(&mut client));
    }
}

#[test]
fn who_makes_too_many_partitions_is_refused() {
    let node = Node::start(&SHORT);
    let mut client = node.connect();
    set(&mut client, "user", "controller_mutation_rate", 10.0);
    let request = creation;
    let first = client.ask(7, &request("a", 14));
    assert_eq!((first.topics[0].error_code, first.throttle_time_ms), (ErrorCode::NONE, 0));
    let second = client.ask(7, &request("b", 1));
    assert_eq!(second.topics[0].error_code, ErrorCode::THROTTLING_QUOTA_EXCEEDED);
    assert!((1..=400).contains(&second.throttle_time_ms), "{}", second.throttle_time_ms);
    let third = client.ask(7, &request("b", 5));
    assert_eq!(third.topics[0].error_code, ErrorCode::NONE, "after the wait");
    // Clients of before are not refused; they wait.
    let old = client.ask(5, &request("c", 5));
    assert_eq!(old.topics[0].error_code, ErrorCode::NONE);
    assert!(0 < old.throttle_time_ms);
    silence(&mut client);
    // Each partition of a topic that goes counts too.
    assert_eq!(delete(&mut client, "a"), ErrorCode::NONE);
    assert_eq!(delete(&mut client, "b"), ErrorCode::THROTTLING_QUOTA_EXCEEDED);
}

#[test]
fn a_longer_window_lets_more_happen_at_once() {
    let key = "controller.quota.window.size.seconds";
    let node = Node::start(&[SHORT[1], (key, "2")]);
    let mut client = node.connect();
    set(&mut client, "user", "controller_mutation_rate", 10.0);
    // With windows of a second the second one is refused, see above.
    for (name, partitions) in [("a", 14), ("b", 1)] {
        let made = client.ask(7, &creation(name, partitions));
        assert_eq!((made.topics[0].error_code, made.throttle_time_ms), (ErrorCode::NONE, 0));
    }
}

fn creation(name: &'static str, num_partitions: i32) -> CreateTopicsRequest {
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        timeout_ms: 30_000,
        ..CreateTopicsRequest::default()
    }
}

fn delete(client: &mut Client, name: &'static str) -> ErrorCode {
    let topic = DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() };
    let request =
        DeleteTopicsRequest { topics: vec![topic], timeout_ms: 30_000, ..Default::default() };
    client.ask(6, &request).responses[0].error_code
}

#[test]
fn an_address_that_opens_too_many_connections_is_held_and_closed() {
    let node = Node::start(&SHORT);
    let mut admin = node.connect();
    set(&mut admin, "ip", "connection_creation_rate", 3.0);
    let mut welcome: Vec<Client> = (0..3).map(|_| node.connect()).collect();
    for client in &mut welcome {
        silence(client);
    }
    let mut held = node.connect();
    held.send(0, &ApiVersionsRequest::default());
    let mut byte = [0];
    let end = held.stream.read(&mut byte);
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}: it is not answered");
    for client in &mut welcome {
        silence(client);
    }
    set(&mut admin, "ip", "connection_creation_rate", 0.0);
    silence(&mut node.connect());
}

#[test]
fn a_node_that_is_opened_too_fast_waits() {
    let node = Node::start(&[("quota.window.num", "2"), ("max.connection.creation.rate", "4")]);
    let begun = Instant::now();
    for _ in 0..4 {
        silence(&mut node.connect());
    }
    assert!(begun.elapsed() < Duration::from_millis(200), "four at once");
    silence(&mut node.connect());
    silence(&mut node.connect());
    assert!(Duration::from_millis(200) < begun.elapsed(), "{:?}", begun.elapsed());
}
