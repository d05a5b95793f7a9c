//! What a produce costs below the socket: its frame, its checksum, its records.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dohle_protocol::frame::{self, encode_request};
use dohle_protocol::messages::ProduceRequest;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::record::check::check;
use dohle_protocol::record::crc::crc32c;
use dohle_protocol::record::{
    Batch, BatchBuilder, CheckRules, Codec, Compression, NewRecord, Scratch,
};
use dohle_protocol::wire::{Message, Part, Reader, Records};
use std::hint::black_box;

const BATCH_BYTES: usize = 64 << 10;
const NOW: i64 = 1_700_000_000_000;
/// The version of Produce whose frames are read.
const VERSION: i16 = 12;

/// A batch of some 64 KiB of records of this size, before it is compressed.
fn batch(record_bytes: usize, codec: Codec) -> Bytes {
    let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
    for number in 0..BATCH_BYTES / record_bytes {
        let value = format!("{{\"number\":{number},\"name\":\"customer {number}\"}}");
        let value: Vec<u8> = value.bytes().cycle().take(record_bytes - 12).collect();
        let record = NewRecord { timestamp: NOW, value: Some(&value), ..NewRecord::default() };
        builder.append(&record).expect("it fits");
    }
    builder.build().expect("it fits")
}

fn checksum(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("crc32c");
    for size in [100, 1 << 10, BATCH_BYTES] {
        let bytes = vec![0x5a; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| crc32c(black_box(&bytes)));
        });
    }
}

fn decode(criterion: &mut Criterion) {
    let data = PartitionProduceData {
        records: Some(Records::Bytes(batch(1_000, Codec::None))),
        ..PartitionProduceData::default()
    };
    let topic = TopicProduceData {
        name: "topic".into(),
        partition_data: vec![data].into(),
        ..TopicProduceData::default()
    };
    let request = ProduceRequest { topic_data: vec![topic].into(), ..ProduceRequest::default() };
    let mut bytes = Vec::new();
    for part in encode_request(VERSION, 1, Some("bench".into()), &request) {
        if let Part::Bytes(part) = part {
            bytes.extend_from_slice(&part);
        }
    }
    let whole = Bytes::from(bytes).slice(4..);
    criterion.bench_function("decode/produce, one partition of 64 KiB", |bencher| {
        bencher.iter(|| {
            let mut reader = Reader::new(whole.clone());
            let start = frame::read_request_start(&mut reader).expect("a request");
            (start, ProduceRequest::decode(&mut reader, VERSION).expect("a request"))
        });
    });
    let bytes = batch(1_000, Codec::None);
    criterion.bench_function("decode/header of a batch", |bencher| {
        bencher.iter(|| Batch::parse(black_box(&bytes)).expect("a batch").header);
    });
}

/// All that a leader looks at before it takes a batch.
fn validation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    let codecs = [Codec::None, Codec::Lz4, Codec::Snappy, Codec::Zstd, Codec::Gzip];
    let kinds = codecs.into_iter().map(|codec| (1_000, codec)).chain([(100, Codec::None)]);
    for (record_bytes, codec) in kinds {
        let bytes = batch(record_bytes, codec);
        let rules = CheckRules { topic: "topic", now: NOW, ..CheckRules::default() };
        let mut scratch = Scratch::new();
        group.throughput(Throughput::Bytes(BATCH_BYTES as u64));
        let name = format!("64 KiB of {record_bytes}-byte records, {codec:?}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| check(black_box(&bytes), &rules, &mut scratch).expect("a good batch"));
        });
    }
}

criterion_group!(records, checksum, decode, validation);
criterion_main!(records);
