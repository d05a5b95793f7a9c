//! Garbage: whatever arrives, the node serves on and nothing stored changes.

use super::allocations::{live_bytes, so_far};
use super::{Client, FETCH, Node, PRODUCE, batch, encode, produce_request, record_bytes};
use crate::world::in_own_process;
use bytes::Bytes;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest, RequestHeader};
use dohle_protocol::record::{BatchBuilder, Codec, Compression, NewRecord};
use dohle_protocol::wire::{Message, Writer};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::time::{Duration, Instant};

const FUZZ_FOR: Duration = Duration::from_secs(4);

fn measured(test: &str, body: impl FnOnce()) {
    in_own_process(&format!("node::garbage::{test}"), body);
}

fn header(key: ApiKey, version: i16) -> Vec<u8> {
    let header = RequestHeader {
        request_api_key: key.to_i16(),
        request_api_version: version,
        correlation_id: 1,
        client_id: Some("garbage".into()),
        ..RequestHeader::default()
    };
    let mut writer = Writer::with_capacity(64);
    header.encode(&mut writer, key.request_header_version(version));
    writer.into_bytes().to_vec()
}

fn framed(body: &[u8]) -> Vec<u8> {
    let size = i32::try_from(body.len()).unwrap();
    [&size.to_be_bytes()[..], body].concat()
}

/// Every request of the corpus, with its header.
fn corpus() -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/testdata/corpus");
    let text = std::fs::read_to_string(path.join("messages.txt")).unwrap();
    let request = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next().filter(|kind| *kind == "request").and_then(|_| words.next())?;
        let version: i16 = words.next()?.parse().ok()?;
        let hex = words.next()?;
        let key = ApiKey::all().find(|key| format!("{}Request", key.name()) == name)?;
        let body = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
        Some([header(key, version), body.map(Result::unwrap).collect()].concat())
    };
    let all: Vec<_> = text.lines().filter_map(request).collect();
    assert!(100 < all.len(), "{} requests in the corpus", all.len());
    all
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// A frame that is one of `seeds`, changed here and there, or nothing that anybody meant.
    fn frame(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut body = seeds[self.below(seeds.len())].clone();
        match self.below(8) {
            0 => body = (0..self.below(200)).map(|_| self.byte()).collect(),
            1 => body.truncate(self.below(body.len())),
            2 => {
                for _ in 0..self.below(40) {
                    body.push(self.byte());
                }
            }
            3 => {
                // Lengths: the largest, the smallest, null.
                let at = self.below(body.len().saturating_sub(4));
                let word = [[0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff; 4]][self.below(3)];
                if at + 4 <= body.len() {
                    body[at..at + 4].copy_from_slice(&word);
                }
            }
            4 => {}
            _ => {
                for _ in 0..1 + self.below(6) {
                    let at = self.below(body.len());
                    body[at] = self.byte();
                }
            }
        }
        let mut frame = framed(&body);
        if self.below(20) == 0 {
            let at = self.below(4);
            frame[at] = self.byte();
        }
        frame
    }
}

#[test]
fn a_node_survives_random_and_mutated_frames() {
    measured("a_node_survives_random_and_mutated_frames", || {
        let settings = [
            ("auto.create.topics.enable", "false"),
            ("socket.request.max.bytes", "1000000"),
            ("queued.max.request.bytes", "4000000"),
        ];
        let node = Node::on(2, &settings);
        let mut keeper = node.connect();
        keeper.create_topic("kept", 1, &[]);
        for size in [1, 1000, 30_000] {
            keeper.produce(-1, "kept", &[0], &batch(3, size));
        }
        let kept = keeper.fetch("kept", 0, 1 << 20);
        let seeds = corpus();
        let mut random = Random(20_260_731);
        let (before, began) = (live_bytes(), Instant::now());
        let mut frames = 0u32;
        while began.elapsed() < FUZZ_FOR {
            let mut client = node.connect();
            let count = 1 + random.below(8);
            let burst: Vec<u8> = (0..count).flat_map(|_| random.frame(&seeds)).collect();
            frames += u32::try_from(count).unwrap();
            // The node may have closed in the middle of it.
            let _sent = client.stream.write_all(&burst);
            if random.below(3) == 0 {
                let _ended = client.stream.shutdown(Shutdown::Write);
                client.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
                let mut answers = Vec::new();
                let _read = (&mut client.stream).take(1 << 20).read_to_end(&mut answers);
            }
        }
        let after = keeper.fetch("kept", 0, 1 << 20);
        assert_eq!((after.error_code, after.high_watermark), (ErrorCode::NONE, 9));
        assert_eq!(record_bytes(&after), record_bytes(&kept));
        let grown = live_bytes().saturating_sub(before);
        println!("{frames} frames of garbage; {grown} bytes more than before");
        assert!(grown < 64 << 20, "{grown} bytes are left of {frames} frames");
    });
}

#[test]
fn counts_that_no_frame_could_hold_cost_nothing() {
    measured("counts_that_no_frame_could_hold_cost_nothing", || {
        let node = Node::start(&[("broker.heartbeat.interval.ms", "60000")]);
        let mut other = node.connect();
        other.ask(0, &ApiVersionsRequest::default());
        // In Produce v3: null transactional id, acks, timeout, then the count of topics.
        let produce = [&[0xff, 0xff, 0, 1, 0, 0, 0, 9][..], &[0x7f, 0xff, 0xff, 0xff]].concat();
        // A topic whose name is null.
        let nameless = [&1i32.to_be_bytes()[..], &[0xff, 0xff]].concat();
        for (key, version, body) in [
            (ApiKey::Metadata, 0, i32::MAX.to_be_bytes().to_vec()),
            (ApiKey::Metadata, 0, (-2i32).to_be_bytes().to_vec()),
            (ApiKey::Metadata, 12, vec![0xff, 0xff, 0xff, 0xff, 0x0f]),
            (ApiKey::Metadata, 0, nameless.clone()),
            (ApiKey::CreateTopics, 0, nameless.clone()),
            (ApiKey::Produce, 3, produce),
            (ApiKey::DeleteTopics, 0, i32::MAX.to_be_bytes().to_vec()),
            (
                ApiKey::ListOffsets,
                1,
                [&(-1i32).to_be_bytes()[..], &i32::MAX.to_be_bytes()].concat(),
            ),
        ] {
            let before = so_far().1;
            let mut client = node.connect();
            client.send_bytes(&framed(&[header(key, version), body].concat()));
            assert!(client.is_closed(), "{key:?} v{version}");
            let allocated = so_far().1 - before;
            assert!(allocated < 1 << 20, "{key:?} v{version}: {allocated} bytes");
        }
        // Unknown APIs and versions.
        for (key, version) in [(12345i16, 0i16), (-1, 0), (3, 99), (3, -1), (0, 99)] {
            let mut client = node.connect();
            let body = [&key.to_be_bytes()[..], &version.to_be_bytes(), &[0; 4], &[0xff; 2]];
            client.send_bytes(&framed(&body.concat()));
            assert!(client.is_closed(), "API {key} v{version}");
        }
        other.ask(0, &ApiVersionsRequest::default());
    });
}

/// One batch of zeros, a thousandth of their size.
fn bomb(records: usize, value_bytes: usize) -> Bytes {
    let zeros = vec![0; value_bytes];
    let mut builder = BatchBuilder::new(0).compression(Compression::of(Codec::Zstd));
    for _ in 0..records {
        builder.append(&NewRecord { value: Some(&zeros), ..NewRecord::default() }).unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn a_decompression_bomb_is_an_error_and_keeps_no_memory() {
    measured("a_decompression_bomb_is_an_error_and_keeps_no_memory", || {
        let node = Node::start(&[]);
        let mut client = node.connect();
        client.create_topic("bomb", 1, &[]);
        client.produce(-1, "bomb", &[0], &bomb(1, 1000));
        // Many records: they are looked at one by one.
        let many = bomb(1000, 60_000);
        let before = so_far().1;
        let answer = client.produce(-1, "bomb", &[0], &many).remove(0);
        let allocated = so_far().1 - before;
        println!("60 MB in {} bytes: {:?}, {allocated} bytes", many.len(), answer.error_code);
        assert_eq!(answer.error_code, ErrorCode::NONE);
        assert!(allocated < 4 << 20, "{allocated} bytes");
        // One record, larger than any may be.
        let one = bomb(1, 257 << 20);
        let before = live_bytes();
        let answer = client.produce(-1, "bomb", &[0], &one).remove(0);
        let grown = live_bytes().saturating_sub(before);
        println!("257 MiB in {} bytes: {:?}, {grown} bytes kept", one.len(), answer.error_code);
        assert_eq!(answer.error_code, ErrorCode::MESSAGE_TOO_LARGE);
        assert!(grown < 4 << 20, "{grown} bytes are kept");
        let fine = client.produce(-1, "bomb", &[0], &batch(1, 1)).remove(0);
        assert_eq!((fine.error_code, fine.base_offset), (ErrorCode::NONE, 1001));
    });
}

#[test]
fn bad_batches_are_refused_and_nothing_is_stored() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    client.create_topic("checked", 1, &[]);
    let good = batch(2, 100);
    let changed = |at: usize, to: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = to;
        Bytes::from(bytes)
    };
    let large = batch(20, 60_000);
    for (what, bytes, error) in [
        ("CRC", changed(80, 1), ErrorCode::CORRUPT_MESSAGE),
        ("length", changed(11, 1), ErrorCode::CORRUPT_MESSAGE),
        ("cut", good.slice(..100), ErrorCode::CORRUPT_MESSAGE),
        ("too large", large, ErrorCode::MESSAGE_TOO_LARGE),
        ("magic", changed(16, 9), ErrorCode::CORRUPT_MESSAGE),
    ] {
        let answer = client.produce(-1, "checked", &[0], &bytes).remove(0);
        println!("{what}: {:?} {:?}", answer.error_code, answer.error_message);
        assert!(answer.error_code != ErrorCode::NONE, "{what}");
        if what == "too large" || what == "CRC" {
            assert_eq!(answer.error_code, error, "{what}");
        }
    }
    assert_eq!(client.fetch("checked", 0, 1000).high_watermark, 0);
}

/// Whether anything but what a fresh node has was made in or beside the data directory.
fn names_in(node: &Node) -> Vec<String> {
    let mut names = Vec::new();
    for folder in [node.directory.join(""), node.directory.join("data")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            names.push(entry.unwrap().file_name().into_string().unwrap());
        }
    }
    names.sort();
    names
}

#[test]
fn hostile_topic_names_are_refused() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    let before = names_in(&node);
    let long = "x".repeat(250);
    let names =
        ["../x", "a/b", "..", ".", "", "\u{fc}", "a\0b", " ", "x\n", "-/../..", long.as_str()];
    for name in names {
        let error = client.create_topic(name, 1, &[]);
        assert_eq!(error, ErrorCode::INVALID_TOPIC_EXCEPTION, "{name:?}");
        let topic = MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: true,
            ..MetadataRequest::default()
        };
        let answer = client.ask(9, &request);
        assert_eq!(answer.topics[0].error_code, ErrorCode::INVALID_TOPIC_EXCEPTION, "{name:?}");
        let produced = client.produce(1, name, &[0], &batch(1, 1)).remove(0);
        assert_ne!(produced.error_code, ErrorCode::NONE, "{name:?}");
    }
    assert_eq!(names_in(&node), before);
    // The longest name there may be, and one that only looks like a partition's.
    for name in ["y".repeat(249), "z-0".to_owned()] {
        assert_eq!(client.create_topic(&name, 1, &[]), ErrorCode::NONE);
        assert_eq!(client.produce(-1, &name, &[0], &batch(1, 1))[0].error_code, ErrorCode::NONE);
    }
}

/// Absurd numbers in good requests.
#[test]
fn absurd_numbers_are_answered() {
    let node = Node::start(&[]);
    let mut client: Client = node.connect();
    for count in [0, -2, i32::MIN, i32::MAX] {
        assert_ne!(client.create_topic("many", count, &[]), ErrorCode::NONE, "{count}");
    }
    client.create_topic("few", 1, &[]);
    for (offset, size_bytes_max) in [(i64::MAX, 1), (i64::MIN, 1), (-1, -1), (0, i32::MIN)] {
        let request = super::fetch_request("few", offset, size_bytes_max, i32::MIN);
        let answer = client.ask::<FetchRequest>(FETCH, &request);
        println!("{offset} {size_bytes_max}: {:?}", answer.responses[0].partitions[0].error_code);
    }
    let answer = client.produce(1, "few", &[-1, i32::MAX, i32::MIN, 1], &batch(1, 1));
    assert!(answer.iter().all(|of| of.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    for acks in [2, -2, i16::MAX] {
        let request = encode(PRODUCE, 3, &produce_request(acks, "few", &[0], &batch(1, 1)));
        client.send_bytes(&request);
        let (_, answer) = client.receive::<dohle_protocol::messages::ProduceRequest>(PRODUCE);
        let error = answer.responses[0].partition_responses[0].error_code;
        assert_eq!(error, ErrorCode::INVALID_REQUIRED_ACKS);
    }
    assert_eq!(client.fetch("few", 0, 1000).high_watermark, 0);
}
