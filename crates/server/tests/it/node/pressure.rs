//! Memory under pressure: slow readers, half-sent frames, many idle connections.

use super::allocations::live_bytes;
use super::{
    Client, FETCH, Node, PRODUCE, batch, encode, fetch_request, produce_request, record_bytes,
};
use crate::world::in_own_process;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::fetch_request::FetchTopic;
use dohle_protocol::messages::{ApiVersionsRequest, FetchRequest};
use std::io::Write;
use std::time::Instant;

fn measured(test: &str, body: impl FnOnce()) {
    in_own_process(&format!("node::pressure::{test}"), body);
}

/// One reactor: whoever waits for the slow one is seen to wait.
#[test]
fn a_slow_reader_blocks_nobody_and_costs_little() {
    measured("a_slow_reader_blocks_nobody_and_costs_little", || {
        let node = Node::start(&[]);
        let mut other = node.connect();
        other.create_topic("big", 1, &[]);
        other.create_topic("small", 1, &[]);
        let large = batch(15, 60_000);
        for _ in 0..4 {
            other.produce(1, "big", &[0], &large);
        }
        let mut slow = node.connect();
        let before = live_bytes();
        let fetches = 60;
        for _ in 0..fetches {
            slow.send(FETCH, &fetch_request("big", 0, 900_000, 0));
        }
        let small = batch(1, 100);
        for round in 0..300 {
            let answer = other.produce(-1, "small", &[0], &small);
            assert_eq!(answer[0].base_offset, round);
        }
        let grown = live_bytes().saturating_sub(before);
        println!("50 MB of unread answers hold {grown} bytes");
        assert!(grown < 4 << 20, "{grown} bytes for one slow reader");
        // And it gets all of it, once it reads.
        for _ in 0..fetches {
            let (_, response) = slow.receive::<FetchRequest>(FETCH);
            let data = &response.responses[0].partitions[0];
            // The first batch is whole even over the limit; its first 16 bytes are its place's.
            assert_eq!(record_bytes(data)[16..], large[16..]);
        }
    });
}

/// Forty frames of 900 KB, half sent, where 4 MiB are allowed.
#[test]
fn half_sent_frames_push_back_and_stop_nobody() {
    measured("half_sent_frames_push_back_and_stop_nobody", || {
        let settings =
            [("queued.max.request.bytes", "4194304"), ("socket.request.max.bytes", "1048576")];
        let node = Node::start(&settings);
        let mut other = node.connect();
        other.create_topic("queued", 1, &[]);
        let frame = encode(PRODUCE, 9, &produce_request(1, "queued", &[0], &batch(15, 60_000)));
        let before = live_bytes();
        let half = frame.len() / 2;
        let clients: Vec<Client> = (0..40).map(|_| node.connect()).collect();
        std::thread::scope(|scope| {
            let mut halves = Vec::new();
            for client in &clients {
                let mut stream = client.stream.try_clone().unwrap();
                let part = &frame[..half];
                // It may stand still until the node takes it.
                halves.push(scope.spawn(move || stream.write_all(part).unwrap()));
            }
            for _ in 0..100 {
                let answer = other.produce(-1, "queued", &[0], &batch(1, 100));
                assert_eq!(answer[0].error_code, ErrorCode::NONE);
            }
            let grown = live_bytes().saturating_sub(before);
            println!("40 half frames of {} bytes hold {grown} bytes", frame.len());
            // What is allowed, a first look into each, and a longer one into those that came first.
            assert!(grown < (4 << 20) + 40 * (8 << 10) + 8 * (64 << 10), "{grown} bytes");
            // Half of them go away; the others go on and are all answered.
            let (gone, stay) = clients.split_at(20);
            for client in gone {
                client.stream.shutdown(std::net::Shutdown::Both).unwrap();
            }
            for client in stay {
                let mut client = Client { stream: client.stream.try_clone().unwrap(), next_id: 0 };
                let (rest, halves) = (&frame[half..], halves.pop());
                scope.spawn(move || {
                    if let Some(first) = halves {
                        first.join().unwrap();
                    }
                    client.stream.write_all(rest).unwrap();
                    client.frame().unwrap();
                });
            }
            // Writers of connections that were shut down end with an error.
            drop(halves);
        });
        let answer = other.produce(-1, "queued", &[0], &batch(15, 60_000));
        assert_eq!(answer[0].error_code, ErrorCode::NONE);
    });
}

/// A fetch that waits for `wait_ms`, and names `names` topics of which it wants nothing besides.
fn wordy_fetch(topic: &str, name: &str, names: usize, wait_ms: i32) -> Vec<u8> {
    let mut request = fetch_request(topic, 0, 1000, wait_ms);
    let empty = FetchTopic { topic: name.into(), ..FetchTopic::default() };
    request.topics.extend(std::iter::repeat_n(empty, names));
    encode(FETCH, 9, &request)
}

/// Forty fetches wait that take 55 KB each in frames, and eight times as much decoded; 2 MiB are
/// allowed for that.
#[test]
fn what_requests_are_decoded_into_has_a_limit() {
    measured("what_requests_are_decoded_into_has_a_limit", || {
        let settings =
            [("queued.max.request.bytes", "4194304"), ("socket.request.max.bytes", "1048576")];
        let node = Node::start(&settings);
        let mut other = node.connect();
        other.create_topic("queued", 1, &[]);
        let before = live_bytes();
        let frame = wordy_fetch("queued", "nothing-of-this-topic", 2_200, 1_000);
        let mut clients: Vec<Client> = (0..40).map(|_| node.connect()).collect();
        clients.iter_mut().for_each(|client| client.send_bytes(&frame));
        let mut most = 0;
        for _ in 0..100 {
            let answer = other.produce(-1, "elsewhere", &[0], &batch(1, 100));
            assert_eq!(answer[0].error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            most = most.max(live_bytes().saturating_sub(before));
        }
        println!("40 waiting fetches of {} bytes hold {most} bytes", frame.len());
        let frames = 40 * (frame.len() as u64 + (8 << 10));
        assert!(most < frames + (2 << 20) + (1 << 20), "{most} bytes");
        // Each has its turn.
        for client in &mut clients {
            let (_, response) = client.receive::<FetchRequest>(FETCH);
            assert_eq!(response.error_code, ErrorCode::NONE);
        }
        let left = live_bytes().saturating_sub(before);
        assert!(left < 2 << 20, "{left} bytes are left");
    });
}

/// Three bytes of it claim a struct of two hundred: nobody who means it sends so much of that.
#[test]
fn a_request_that_grows_too_much_is_refused() {
    let node = Node::start(&[]);
    let mut greedy = node.connect();
    greedy.send_bytes(&wordy_fetch("t", "", 100_000, 0));
    assert!(greedy.is_closed());
    let mut modest = node.connect();
    modest.send_bytes(&wordy_fetch("t", "", 100, 0));
    modest.frame().unwrap();
}

#[test]
fn two_thousand_idle_connections() {
    measured("two_thousand_idle_connections", || {
        let node = Node::on(2, &[("broker.heartbeat.interval.ms", "60000")]);
        let count = 2_000;
        let mut clients: Vec<Client> = Vec::with_capacity(count);
        let began = Instant::now();
        let before = live_bytes();
        for _ in 0..count {
            let mut client = node.connect();
            client.ask(0, &ApiVersionsRequest::default());
            clients.push(client);
        }
        let each = live_bytes().saturating_sub(before) / count as u64;
        println!("{each} bytes per idle connection; {count} came in {:?}", began.elapsed());
        assert!(each < 2048, "{each} bytes per idle connection");
        clients.iter_mut().step_by(100).for_each(|client| {
            client.ask(0, &ApiVersionsRequest::default());
        });
    });
}
