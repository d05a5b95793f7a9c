//! Connections: the order of answers, limits, and ends.

use super::{Client, FETCH, Node, PRODUCE, batch, encode, fetch_request, produce_request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::frame;
use dohle_protocol::messages::{
    ApiVersionsRequest, FetchRequest, MetadataRequest, ProduceRequest, ProduceResponse,
};
use dohle_protocol::wire::{Message, Reader, Request};
use std::time::{Duration, Instant};

fn versions(client: &mut Client) {
    let request = ApiVersionsRequest {
        client_software_name: "tests".into(),
        client_software_version: "1".into(),
        ..ApiVersionsRequest::default()
    };
    assert_eq!(client.ask(3, &request).error_code, ErrorCode::NONE);
}

/// More than the 64 replies that a connection may owe, of every kind, in one go.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let node = Node::on(2, &[]);
    let mut client = node.connect();
    client.create_topic("ordered", 3, &[]);
    // Acks of this one wait for the disk, while others behind it are ready at once.
    client.create_topic("durable", 1, &[("flush.messages", "1")]);
    let small = batch(1, 50);
    let mut stream = Vec::new();
    let kinds = 600;
    for id in 0..kinds {
        stream.extend(match id % 6 {
            0 => encode(PRODUCE, id, &produce_request(-1, "durable", &[0], &small)),
            1 => encode(PRODUCE, id, &produce_request(-1, "ordered", &[0, 1, 2], &small)),
            2 => encode(12, id, &MetadataRequest { topics: None, ..MetadataRequest::default() }),
            3 => encode(PRODUCE, id, &produce_request(1, "ordered", &[1], &small)),
            4 => encode(FETCH, id, &fetch_request("ordered", 0, 1000, 0)),
            _ => encode(0, id, &ApiVersionsRequest::default()),
        });
    }
    let mut writer = client.stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &stream));
    let mut offsets = Vec::new();
    for id in 0..kinds {
        let mut reader = Reader::new(client.frame().unwrap());
        let (key, version) = match id % 6 {
            0 | 1 | 3 => (ProduceRequest::KEY, PRODUCE),
            2 => (MetadataRequest::KEY, 12),
            4 => (FetchRequest::KEY, FETCH),
            _ => (ApiVersionsRequest::KEY, 0),
        };
        let found = frame::read_response_start(&mut reader, key, version).unwrap();
        assert_eq!(found, id);
        if id % 6 == 0 {
            let response = ProduceResponse::decode(&mut reader, version).unwrap();
            let partition = &response.responses[0].partition_responses[0];
            assert_eq!(partition.error_code, ErrorCode::NONE);
            offsets.push(partition.base_offset);
        }
    }
    sender.join().unwrap().unwrap();
    assert_eq!(offsets, (0..100).collect::<Vec<i64>>());
}

#[test]
fn a_frame_of_no_possible_size_ends_the_connection() {
    let node = Node::start(&[("socket.request.max.bytes", "100000")]);
    for size in [-1, i32::MIN, 100_001, i32::MAX] {
        let mut client = node.connect();
        client.send_bytes(&i32::to_be_bytes(size));
        assert!(client.is_closed(), "{size}");
    }
    // Just the largest is read whole; that it is no request ends the connection then.
    let mut client = node.connect();
    client.send_bytes(&100_000i32.to_be_bytes());
    client.send_bytes(&[0xff; 100_000]);
    assert!(client.is_closed());
    versions(&mut node.connect());
}

#[test]
fn half_frames_and_closes_leave_nothing_behind() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("half", 1, &[]);
    let frame = encode(PRODUCE, 1, &produce_request(1, "half", &[0], &batch(10, 5000)));
    for cut in (0..frame.len()).step_by(frame.len() / 200) {
        node.connect().send_bytes(&frame[..cut]);
    }
    let answer = client.produce(1, "half", &[0], &batch(1, 10));
    assert_eq!((answer[0].error_code, answer[0].base_offset), (ErrorCode::NONE, 0));
}

#[test]
fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let node = Node::start(&[("connections.max.idle.ms", "400")]);
    let (mut idle, mut half, mut busy) = (node.connect(), node.connect(), node.connect());
    versions(&mut idle);
    half.send_bytes(&[0, 0, 1]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let ended = [idle, half].map(|mut client| scope.spawn(move || client.is_closed()));
        while ended.iter().any(|ended| !ended.is_finished()) {
            versions(&mut busy);
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(ended.into_iter().all(|ended| ended.join().unwrap()));
    });
    assert!(Duration::from_millis(300) < began.elapsed(), "{:?}", began.elapsed());
    versions(&mut busy);
}

#[test]
fn an_address_has_no_more_connections_than_it_may() {
    // Both limits are the file's; the address's own counts.
    let own = ("max.connections.per.ip.overrides", "localhost:3,10.1.1.1:9");
    for settings in [
        [("max.connections.per.ip", "3"), ("max.connections.per.ip.overrides", "")],
        [("max.connections.per.ip", "1"), own],
    ] {
        let node = Node::on(2, &settings);
        let mut open: Vec<Client> = (0..3).map(|_| node.connect()).collect();
        open.iter_mut().for_each(versions);
        assert!(node.connect().is_closed(), "{settings:?}");
        drop(open.pop());
        let began = Instant::now();
        // The node hears of the close a moment later.
        while node.connect().is_closed_soon() {
            assert!(began.elapsed() < super::HANG, "the place is not given back");
        }
        open.iter_mut().for_each(versions);
    }
}

#[test]
fn who_comes_when_there_are_max_connections_waits() {
    for key in ["max.connections", "listener.name.plaintext.max.connections"] {
        let node = Node::on(2, &[(key, "3")]);
        let mut open: Vec<Client> = (0..3).map(|_| node.connect()).collect();
        open.iter_mut().for_each(versions);
        let mut waiting = node.connect();
        waiting.send(0, &ApiVersionsRequest::default());
        waiting.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert!(waiting.frame().is_err(), "{key}");
        open.iter_mut().for_each(versions);
        waiting.stream.set_read_timeout(Some(super::HANG)).unwrap();
        drop(open.pop());
        waiting.frame().expect("a place is given back");
        open.iter_mut().for_each(versions);
    }
}

impl Client {
    /// Whether the node closes the connection rather than answer.
    fn is_closed_soon(&mut self) -> bool {
        let request = encode(0, 1, &ApiVersionsRequest::default());
        std::io::Write::write_all(&mut self.stream, &request).is_err() || self.frame().is_err()
    }
}

#[test]
fn an_error_of_a_produce_without_acks_ends_the_connection() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("silent", 1, &[]);
    let (good, mut bad) = (batch(1, 10), batch(1, 10).to_vec());
    client.send(PRODUCE, &produce_request(0, "silent", &[0], &good));
    // No answer to that: the next one is this one's.
    versions(&mut client);
    assert_eq!(client.fetch("silent", 0, 1000).high_watermark, 1);
    client.send(PRODUCE, &produce_request(0, "nowhere", &[0], &good));
    assert!(client.is_closed());
    *bad.last_mut().unwrap() ^= 1;
    let mut client = node.connect();
    client.send(PRODUCE, &produce_request(0, "silent", &[0], &bad.into()));
    assert!(client.is_closed());
    assert_eq!(node.connect().fetch("silent", 0, 1000).high_watermark, 1);
}
