//! The generator against the floor, and against a server that answers with errors; fixed positions
//! held to the encoders of `dohle-protocol`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use dohle_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use dohle_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use dohle_protocol::messages::{FetchRequest, FetchResponse, ProduceRequest, ProduceResponse};
use dohle_protocol::record::{AnyBatch, Batches, Codec};
use dohle_protocol::wire::{Message, Part, Parts, Reader};
use dohle_protocol::{ApiKey, ErrorCode, frame};

use super::request::{CORRELATION_AT, FETCH_VERSION, fetch_frame};
use super::{
    Client, Contents, Fetcher, Limits, PRODUCE_VERSION, Producer, Rate, acknowledged, batch,
    closed, closed_in_turns, delivered, produce_frame,
};
use crate::admin::Admin;
use crate::floor;

const TOPIC: &str = "a-topic";
const TIME_MS: i64 = 1_700_000_000_000;
const PARTITIONS: i32 = 3;

/// Starts a floor of so many threads that lives as long as the tests: its port and its directory.
fn start_floor(name: &str, threads: usize) -> (u16, PathBuf) {
    let directory =
        std::env::temp_dir().join(format!("dohle-bench-test-{}-{name}", std::process::id()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = directory.clone();
    std::thread::spawn(move || floor::serve_listener(listener, &served, threads));
    (port, directory)
}

/// Each thread of the floor serves in the order of arrival, and takes the next connection in turn:
/// after this both are done with what was on its way.
fn await_floor(port: u16) {
    for _ in 0..2 {
        Admin::connect(port).unwrap().api_versions().unwrap();
    }
}

fn frames(contents: Contents, record_count: usize) -> Vec<Vec<u8>> {
    let batch = batch(contents, record_count, 1024, TIME_MS);
    (0..PARTITIONS).map(|partition| produce_frame(TOPIC, partition, batch.clone())).collect()
}

fn limits(requests_max: u64) -> Limits {
    Limits { warm: Duration::ZERO, time: Duration::from_secs(60), requests_max }
}

/// Produces to the floor: how many requests were answered.
fn produce(port: u16, frames: &[Vec<u8>], window: u64, requests: u64) -> u64 {
    let client = |first| {
        let producer = Producer::connect(port, TOPIC, frames.to_vec(), first).unwrap();
        Client::Producer(producer, window)
    };
    let mut edges = 0;
    let clients = (0..2).map(client).collect();
    let done = closed(clients, &limits(requests), || edges += 1).unwrap();
    assert_eq!(edges, 2);
    assert!(done.requests >= requests, "{done:?}");
    await_floor(port);
    done.requests
}

#[test]
fn all_have_their_turn() {
    let (port, directory) = start_floor("turns", 2);
    let frames = frames(Contents::Noise, 1);
    let connect = |first| Producer::connect(port, TOPIC, frames.clone(), first).unwrap();
    // More than may be in flight, and fewer.
    for (count, asked) in [(100, 1000), (3, 100)] {
        let mut edges = 0;
        let producers = (0..count).map(connect).collect();
        let done = closed_in_turns(producers, 20, &limits(asked), || edges += 1).unwrap();
        assert_eq!(edges, 2);
        assert!(done.requests >= asked, "{done:?}");
    }
    await_floor(port);
    let stored: i64 = (0..PARTITIONS).map(|partition| check_file(&directory, partition)).sum();
    // Those before counting began, and those on their way at the end.
    let least = 100 + 1000 + 3 + 100;
    assert!((least..=least + 6 * 20).contains(&stored), "{stored}");
    fs::remove_dir_all(directory).unwrap();
}

/// The batches of a partition's file are whole, in order, and without a gap.
fn check_file(directory: &std::path::Path, partition: i32) -> i64 {
    let bytes = fs::read(directory.join(format!("partition-{partition}.log"))).unwrap();
    let mut next = 0;
    for found in Batches::new(&bytes) {
        let AnyBatch::V2(found) = found.unwrap() else { panic!("magic 2 was sent") };
        found.ensure_valid().unwrap();
        assert_eq!(found.header.base_offset, next);
        next = found.header.next_offset();
    }
    next
}

#[test]
fn the_floor_stores_what_was_sent() {
    for (name, records, window, threads) in
        [("small", 1, 64, 1), ("medium", 15, 5, 2), ("large", 300, 5, 1)]
    {
        let (port, directory) = start_floor(name, threads);
        let answered = produce(port, &frames(Contents::Noise, records), window, 500);
        let stored: i64 = (0..PARTITIONS).map(|partition| check_file(&directory, partition)).sum();
        // What was on its way at the end may be stored too.
        let least = answered as i64 * records as i64;
        assert!(stored >= least, "{name}: {stored} of at least {least}");
        fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn fetches_take_all_and_begin_again() {
    let (port, directory) = start_floor("fetch", 1);
    let frames = frames(Contents::Noise, 63);
    produce(port, &frames, 5, 300);
    let size_bytes = batch(Contents::Noise, 63, 1024, TIME_MS).len();
    for bytes_max in [64 << 10, 1 << 20] {
        let fetcher = Fetcher::connect(port, TOPIC, 0..PARTITIONS, bytes_max)
            .unwrap()
            .of_batches(size_bytes, 63)
            .again_and_again(1);
        let done = closed(vec![Client::Fetcher(fetcher)], &limits(1000), || ()).unwrap();
        assert!(done.requests >= 1000);
        assert!(done.bytes >= done.records / 63 * size_bytes as u64);
        let most = done.requests * bytes_max.cast_unsigned() as u64;
        assert!(done.records > 0 && done.bytes <= most, "{done:?}");
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn latencies_count_every_request() {
    let (port, directory) = start_floor("rate", 2);
    let rate = Rate {
        per_second: 2000,
        warm: Duration::from_millis(100),
        time: Duration::from_millis(300),
    };
    let frames = frames(Contents::Noise, 1);
    let producers = (0..4)
        .map(|first| Producer::connect(port, TOPIC, frames.clone(), first).unwrap())
        .collect();
    let latencies = acknowledged(producers, &rate, || ()).unwrap();
    // All intended times from the end of the warm-up on, however late they were sent.
    assert_eq!(latencies.len(), 600);

    await_floor(port);
    let end = check_file(&directory, 0);
    let size_bytes = batch(Contents::Noise, 1, 1024, TIME_MS).len();
    let fetcher = Fetcher::connect(port, TOPIC, 0..1, 1 << 20)
        .unwrap()
        .of_batches(size_bytes, 1)
        .starting_at(end);
    let producer = Producer::connect(port, TOPIC, frames[..1].to_vec(), 0).unwrap();
    let latencies = delivered(producer, fetcher, &rate, || ()).unwrap();
    assert_eq!(latencies.len(), 600);
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn frames_are_requests() {
    let packed = batch(Contents::WordsInLz4, 63, 1024, TIME_MS);
    let mut batches = Batches::new(&packed);
    let only = batches.next().unwrap().unwrap();
    only.ensure_valid().unwrap();
    assert_eq!(only.compression().unwrap(), Codec::Lz4);
    assert!((25_000..45_000).contains(&packed.len()), "{} bytes", packed.len());

    let sent = produce_frame(TOPIC, 7, packed.clone());
    let mut reader = Reader::new(sent[4..].to_vec().into());
    let start = frame::read_request_start(&mut reader).unwrap();
    assert_eq!((start.key, start.version), (ApiKey::Produce, PRODUCE_VERSION));
    let request = ProduceRequest::decode(&mut reader, PRODUCE_VERSION).unwrap();
    assert_eq!(request.acks, -1);
    assert_eq!(request.topic_data[0].partition_data[0].index, 7);

    let (mut sent, offset_at) = fetch_frame(TOPIC, 7, 65_536);
    sent[offset_at..offset_at + 8].copy_from_slice(&0x0102_0304_0506_0708_i64.to_be_bytes());
    sent[CORRELATION_AT..CORRELATION_AT + 4].copy_from_slice(&99_i32.to_be_bytes());
    let mut reader = Reader::new(sent[4..].to_vec().into());
    assert_eq!(frame::read_request_start(&mut reader).unwrap().correlation_id, 99);
    let request = FetchRequest::decode(&mut reader, FETCH_VERSION).unwrap();
    let partition = &request.topics[0].partitions[0];
    assert_eq!(partition.fetch_offset, 0x0102_0304_0506_0708);
    assert_eq!((partition.partition, partition.partition_max_bytes), (7, 65_536));
}

/// A server that takes one request and sends these bytes.
fn answer_once(answer: Parts) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 64];
        let _ = socket.read(&mut request);
        for part in answer {
            let Part::Bytes(bytes) = part else { panic!("only bytes") };
            socket.write_all(&bytes).unwrap();
        }
        // Kept open until the client goes.
        while socket.read(&mut request).is_ok_and(|count| count > 0) {}
    });
    port
}

#[test]
fn errors_of_produce_are_seen() {
    let partition = PartitionProduceResponse {
        error_code: ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ..PartitionProduceResponse::default()
    };
    let topic = TopicProduceResponse {
        name: TOPIC.into(),
        partition_responses: vec![partition].into(),
        ..TopicProduceResponse::default()
    };
    let answer = ProduceResponse { responses: vec![topic].into(), ..ProduceResponse::default() };
    let port = answer_once(frame::encode_response(ApiKey::Produce, PRODUCE_VERSION, 0, &answer));
    let producer = Producer::connect(port, TOPIC, frames(Contents::Noise, 1), 0).unwrap();
    let error = closed(vec![Client::Producer(producer, 1)], &limits(1), || ()).unwrap_err();
    assert!(error.to_string().contains("error 6"), "{error}");
}

#[test]
fn errors_of_fetch_are_seen() {
    let answers = [
        (ErrorCode::NONE, ErrorCode::OFFSET_OUT_OF_RANGE, "error 1"),
        (ErrorCode::UNKNOWN_SERVER_ERROR, ErrorCode::NONE, "error -1"),
    ];
    for (top, of_partition, expected) in answers {
        let partition = PartitionData {
            error_code: of_partition,
            high_watermark: 5,
            aborted_transactions: None,
            records: Some(bytes::Bytes::new().into()),
            ..PartitionData::default()
        };
        let topic = FetchableTopicResponse {
            topic: TOPIC.into(),
            partitions: vec![partition].into(),
            ..FetchableTopicResponse::default()
        };
        let answer = FetchResponse {
            error_code: top,
            responses: vec![topic].into(),
            ..FetchResponse::default()
        };
        let port = answer_once(frame::encode_response(ApiKey::Fetch, FETCH_VERSION, 0, &answer));
        let fetcher = Fetcher::connect(port, TOPIC, 0..1, 1000).unwrap();
        let error = closed(vec![Client::Fetcher(fetcher)], &limits(1), || ()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
