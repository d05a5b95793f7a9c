//! Requests and batches, encoded once.

use bytes::Bytes;
use dohle_protocol::frame;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{FetchRequest, OffsetCommitRequest, ProduceRequest};
use dohle_protocol::record::{BatchBuilder, Codec, Compression, NewRecord};
use dohle_protocol::wire::{Part, Records, Request, Text};

pub(crate) const CLIENT: &str = "bench";
/// The last versions that name topics instead of their ids.
pub(crate) const PRODUCE_VERSION: i16 = 9;
pub(crate) const FETCH_VERSION: i16 = 12;
pub(crate) const COMMIT_VERSION: i16 = 9;
/// Where a request's correlation id stands in its frame.
pub(super) const CORRELATION_AT: usize = 8;

/// What records hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Contents {
    /// Bytes that do not compress, sent as they are.
    Noise,
    /// Lines of words, of which LZ4 makes about half.
    WordsInLz4,
}

/// A batch of so many records of that size each, stamped with that time.
pub(crate) fn batch(contents: Contents, record_count: usize, size: usize, time_ms: i64) -> Bytes {
    let compression = match contents {
        Contents::Noise => Compression::NONE,
        Contents::WordsInLz4 => Compression::of(Codec::Lz4),
    };
    let mut builder = BatchBuilder::new(0).compression(compression);
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..record_count {
        let value = match contents {
            Contents::Noise => noise(&mut seed, size),
            Contents::WordsInLz4 => words(&mut seed, size),
        };
        let record = NewRecord { timestamp: time_ms, value: Some(&value), ..NewRecord::default() };
        builder.append(&record).expect("offsets rise and the time is positive");
    }
    builder.build().expect("LZ4 takes any bytes")
}

/// Xorshift: the same bytes in every run.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

fn noise(seed: &mut u64, size: usize) -> Vec<u8> {
    (0..size).map(|_| (next(seed) >> 32) as u8).collect()
}

fn words(seed: &mut u64, size: usize) -> Vec<u8> {
    let mut line = Vec::with_capacity(size + 32);
    while line.len() < size {
        let field = format!("\"field{}\":{:x},", next(seed) % 50, (next(seed) >> 40) as u32);
        line.extend_from_slice(field.as_bytes());
    }
    line.truncate(size);
    line
}

/// A produce request of one batch, with acks from all replicas.
pub(crate) fn produce_frame(topic: &str, partition: i32, batch: Bytes) -> Vec<u8> {
    let data = PartitionProduceData {
        index: partition,
        records: Some(Records::Bytes(batch)),
        ..PartitionProduceData::default()
    };
    let topic = TopicProduceData {
        name: topic.into(),
        partition_data: vec![data].into(),
        ..TopicProduceData::default()
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![topic].into(),
        ..ProduceRequest::default()
    };
    encode(PRODUCE_VERSION, 0, &request)
}

/// A commit of one offset of one partition, of a group without members.
pub(crate) fn commit_frame(group: &str, topic: &str, offset: i64) -> Vec<u8> {
    let partition = OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: offset,
        committed_metadata: Some(Text::default()),
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: topic.into(),
        partitions: vec![partition],
        ..OffsetCommitRequestTopic::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.into(),
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    encode(COMMIT_VERSION, 0, &request)
}

/// A consumer's request outside of any session, and where its offset stands.
pub(crate) fn fetch_frame(topic: &str, partition: i32, bytes_max: i32) -> (Vec<u8>, usize) {
    let part = FetchPartition {
        partition,
        fetch_offset: 0,
        partition_max_bytes: bytes_max,
        ..FetchPartition::default()
    };
    let topic =
        FetchTopic { topic: topic.into(), partitions: vec![part].into(), ..FetchTopic::default() };
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: bytes_max,
        topics: vec![topic].into(),
        ..FetchRequest::default()
    };
    let frame = encode(FETCH_VERSION, 0, &request);
    // Behind the offset: last fetched epoch, log start, most bytes, tags of the partition and of the
    // topic, no forgotten topics, no rack, tags.
    let offset_at = frame.len() - (1 + 1 + 1 + 1 + 1 + 4 + 8 + 4) - 8;
    (frame, offset_at)
}

/// A request as it goes on the wire.
pub(crate) fn encode<R: Request>(version: i16, correlation_id: i32, request: &R) -> Vec<u8> {
    let parts = frame::encode_request(version, correlation_id, Some(Text::from(CLIENT)), request);
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Bytes(part) => bytes.extend_from_slice(&part),
            Part::Elsewhere { .. } => unreachable!("no request here names a file"),
        }
    }
    bytes
}

/// How many bytes a name takes, its length before it.
pub(super) fn name_size(name: &str) -> usize {
    if name.len() < 127 { 1 + name.len() } else { 2 + name.len() }
}
