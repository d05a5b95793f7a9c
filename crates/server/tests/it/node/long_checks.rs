//! Batches that take long to check: what waits for them, and what does not.

use super::{Client, HANG, Node, PRODUCE, batch, encode, produce_request};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::ProduceRequest;
use dohle_protocol::record::{BatchBuilder, Codec, Compression, NewRecord};
use std::io::ErrorKind;
use std::time::Instant;

/// A batch that unpacks to `records` times 100 kB of zeros: a few kB to send, much to unpack.
fn packed(codec: Codec, records: usize, timestamp: i64) -> Bytes {
    let value = vec![0; 100_000];
    let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
    for _ in 0..records {
        let record = NewRecord { timestamp, value: Some(&value), ..NewRecord::default() };
        builder.append(&record).unwrap();
    }
    builder.build().unwrap()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Whether something has arrived.
fn has_answer(client: &Client) -> bool {
    client.stream.set_nonblocking(true).unwrap();
    let peeked = client.stream.peek(&mut [0; 1]);
    client.stream.set_nonblocking(false).unwrap();
    match peeked {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

/// Both connections live on the one reactor. While it unpacked the large batch itself, the small
/// ones of the other connection would be answered after it.
#[test]
fn a_large_batch_does_not_stall_others() {
    let node = Node::start(&[]);
    let (mut large, mut small) = (node.connect(), node.connect());
    large.create_topic("large", 1, &[]);
    large.create_topic("small", 1, &[]);
    let little = batch(1, 100);
    small.produce(1, "small", &[0], &little);
    let bomb = packed(Codec::Gzip, 2_500, now());
    assert!(bomb.len() < 1_000_000, "{}", bomb.len());
    large.send_bytes(&encode(PRODUCE, 1, &produce_request(1, "large", &[0], &bomb)));
    let began = Instant::now();
    let (mut answered, mut slowest) = (0, std::time::Duration::ZERO);
    while !has_answer(&large) {
        let asked = Instant::now();
        small.produce(1, "small", &[0], &little);
        (answered, slowest) = (answered + 1, slowest.max(asked.elapsed()));
        assert!(began.elapsed() < HANG);
    }
    let took = began.elapsed();
    println!("250 MB unpacked in {took:?}; meanwhile {answered} small ones, slowest {slowest:?}");
    assert!(10 < answered, "only {answered} small batches were answered in {took:?}");
    let (_, answer) = large.receive::<ProduceRequest>(PRODUCE);
    assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
}

#[test]
fn what_follows_a_long_check_is_appended_after_it() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("order", 2, &[]);
    let (long, short) = (packed(Codec::Lz4, 200, now()), batch(1, 100));
    for (id, batch) in [&long, &short, &long, &short, &short].into_iter().enumerate() {
        let request = produce_request(-1, "order", &[0, 1], batch);
        client.send_bytes(&encode(PRODUCE, i32::try_from(id).unwrap(), &request));
    }
    for (id, offset) in [0, 200, 201, 401, 402].into_iter().enumerate() {
        let (answered, answer) = client.receive::<ProduceRequest>(PRODUCE);
        assert_eq!(answered, i32::try_from(id).unwrap());
        for partition in &answer.responses[0].partition_responses {
            assert_eq!(partition.error_code, ErrorCode::NONE);
            assert_eq!(partition.base_offset, offset);
        }
    }
}

#[test]
fn a_long_check_refuses_as_a_short_one_does() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("refused", 1, &[]);
    let tomorrow = now() + 24 * 3600 * 1000;
    for records in [1, 200] {
        let batch = packed(Codec::Zstd, records, tomorrow);
        let answer = client.produce(1, "refused", &[0], &batch).remove(0);
        assert_eq!(answer.error_code, ErrorCode::INVALID_TIMESTAMP, "{records} records");
        assert_eq!(answer.record_errors.len(), records);
        assert_eq!(answer.base_offset, -1);
    }
}
