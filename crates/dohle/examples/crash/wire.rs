//! Requests by hand, one connection, one at a time: the error codes come as the node says them.

use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::frame;
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, FetchRequest, ProduceRequest,
};
use dohle_protocol::record::batch::crc_is_valid;
use dohle_protocol::record::{AnyBatch, BatchBuilder, Batches, NewRecord};
use dohle_protocol::wire::{Message, Part, Reader, Records, Request};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer takes here.
const HANG: Duration = Duration::from_secs(30);
const UNPACKED_MAX: usize = 1 << 21;

/// Why there is no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The node says no.
    Refused(ErrorCode),
    /// The connection is not there any more, or what came makes no sense.
    Broken(String),
}

impl Failure {
    /// What a log that cannot be written or read answers.
    pub(crate) const STORAGE: Self = Self::Refused(ErrorCode::KAFKA_STORAGE_ERROR);
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused: {code}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.to_string()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// What a partition says to a batch.
pub(crate) type Answered = (i32, Result<i64, Failure>);

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
}

impl Wire {
    pub(crate) fn dial(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG))?;
        stream.set_write_timeout(Some(HANG))?;
        Ok(Self { stream })
    }

    /// Whether the node answers at all.
    pub(crate) fn greet(&mut self) -> Result<(), Failure> {
        self.ask(0, &ApiVersionsRequest::default()).map(drop)
    }

    pub(crate) fn ask<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> Result<R::Response, Failure> {
        self.stream.write_all(&frame(version, request))?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(0);
        let mut answer = vec![0; size];
        self.stream.read_exact(&mut answer)?;
        let mut reader = Reader::new(answer.into());
        let broken = |what: String| Failure::Broken(what);
        frame::read_response_start(&mut reader, R::KEY, version)
            .map_err(|error| broken(format!("{error:?}")))?;
        R::Response::decode(&mut reader, version).map_err(|error| broken(format!("{error:?}")))
    }

    /// Makes a topic with these configs.
    pub(crate) fn create(
        &mut self,
        topic: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).into(),
            value: Some((*value).into()),
            ..CreatableTopicConfig::default()
        };
        let topic = CreatableTopic {
            name: topic.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 30_000,
            ..CreateTopicsRequest::default()
        };
        let answer = self.ask(7, &request)?;
        refuse(answer.topics.first().map(|it| it.error_code))
    }

    /// Deletes a topic.
    pub(crate) fn delete(&mut self, topic: &str) -> Result<(), Failure> {
        let request = DeleteTopicsRequest {
            topic_names: vec![topic.into()],
            timeout_ms: 30_000,
            ..DeleteTopicsRequest::default()
        };
        let answer = self.ask(5, &request)?;
        refuse(answer.responses.first().map(|it| it.error_code))
    }

    /// Appends a batch with acks=all; the offset of its first record.
    pub(crate) fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        batch: Bytes,
    ) -> Result<i64, Failure> {
        let answers = self.produce_many(topic, [(partition, batch)])?;
        answers.into_iter().next().map_or_else(|| Err(nothing()), |(_, answer)| answer)
    }

    /// Appends a batch to each of several partitions at once.
    pub(crate) fn produce_many(
        &mut self,
        topic: &str,
        batches: impl IntoIterator<Item = (i32, Bytes)>,
    ) -> Result<Vec<Answered>, Failure> {
        let answer = self.ask(9, &produce_request(topic, batches))?;
        let topic = answer.responses.first().ok_or_else(nothing)?;
        let row = |row: &dohle_protocol::messages::produce_response::PartitionProduceResponse| {
            (row.index, refuse(Some(row.error_code)).map(|()| row.base_offset))
        };
        Ok(topic.partition_responses.iter().map(row).collect())
    }

    /// One fetch of a partition: the bytes of its batches, and the high watermark.
    pub(crate) fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(Bytes, i64), Failure> {
        let answer = self.ask(11, &fetch_request(topic, [(partition, offset)], 8 << 20))?;
        refuse(Some(answer.error_code))?;
        let row = answer.responses.first().and_then(|topic| topic.partitions.first());
        let row = row.ok_or_else(nothing)?;
        refuse(Some(row.error_code))?;
        let bytes = match &row.records {
            Some(Records::Bytes(bytes)) => bytes.clone(),
            Some(Records::Elsewhere { .. }) | None => Bytes::new(),
        };
        Ok((bytes, row.high_watermark))
    }

    /// All records of a partition from `offset` on, with their offsets.
    pub(crate) fn read(
        &mut self,
        topic: &str,
        partition: i32,
        mut offset: i64,
    ) -> Result<Vec<(i64, Bytes)>, Failure> {
        let mut all = Vec::new();
        let mut unpacked = Vec::new();
        loop {
            let (bytes, high_watermark) = self.fetch(topic, partition, offset)?;
            let before = offset;
            for batch in Batches::new(&bytes) {
                let Ok(AnyBatch::V2(batch)) = batch else { break };
                let next = batch.header.last_offset() + 1;
                let damaged = |why: String| Failure::Broken(format!("offset {offset}: {why}"));
                if !crc_is_valid(batch.bytes) {
                    return Err(damaged("damaged, as its checksum says".to_owned()));
                }
                let records = batch.records(&mut unpacked, UNPACKED_MAX);
                for record in records.map_err(|error| damaged(error.to_string()))? {
                    let record = record.map_err(|error| damaged(error.to_string()))?;
                    let at = record.offset;
                    if offset <= at && !batch.header.attributes.is_control() {
                        let value = record.value.unwrap_or_default();
                        all.push((at, Bytes::copy_from_slice(value)));
                    }
                }
                offset = offset.max(next);
            }
            if offset >= high_watermark {
                return Ok(all);
            }
            if offset == before {
                let why = format!("nothing comes at {offset}, below {high_watermark}");
                return Err(Failure::Broken(why));
            }
        }
    }
}

/// A request as it goes over the wire.
pub(crate) fn frame<R: Request>(version: i16, request: &R) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in frame::encode_request(version, 1, Some("crash".into()), request) {
        if let Part::Bytes(part) = part {
            bytes.extend_from_slice(&part);
        }
    }
    bytes
}

/// A batch for each of several partitions, with acks=all.
pub(crate) fn produce_request(
    topic: &str,
    batches: impl IntoIterator<Item = (i32, Bytes)>,
) -> ProduceRequest {
    let part = |(index, batch)| PartitionProduceData {
        index,
        records: Some(Records::Bytes(batch)),
        ..PartitionProduceData::default()
    };
    let parts: Vec<_> = batches.into_iter().map(part).collect();
    let data = TopicProduceData {
        name: topic.into(),
        partition_data: parts.into(),
        ..TopicProduceData::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![data].into(),
        ..ProduceRequest::default()
    }
}

/// How many partitions refuse what was produced, as the answer to such a request (version 9) says.
pub(crate) fn refusals(answer: Bytes) -> Result<usize, Failure> {
    let broken = |error| Failure::Broken(format!("{error:?}"));
    let mut reader = Reader::new(answer);
    frame::read_response_start(&mut reader, ProduceRequest::KEY, 9).map_err(broken)?;
    let answer = <ProduceRequest as Request>::Response::decode(&mut reader, 9).map_err(broken)?;
    let rows = answer.responses.iter().flat_map(|topic| topic.partition_responses.iter());
    Ok(rows.filter(|row| row.error_code != ErrorCode::NONE).count())
}

/// A fetch of partitions from these offsets on, each and all of them up to `bytes_max`.
pub(crate) fn fetch_request(
    topic: &str,
    from: impl IntoIterator<Item = (i32, i64)>,
    bytes_max: i32,
) -> FetchRequest {
    let wanted = |(partition, offset)| FetchPartition {
        partition,
        current_leader_epoch: -1,
        fetch_offset: offset,
        last_fetched_epoch: -1,
        partition_max_bytes: bytes_max,
        ..FetchPartition::default()
    };
    let partitions: Vec<_> = from.into_iter().map(wanted).collect();
    let topic =
        FetchTopic { topic: topic.into(), partitions: partitions.into(), ..FetchTopic::default() };
    FetchRequest {
        max_wait_ms: 100,
        min_bytes: 1,
        max_bytes: bytes_max,
        session_epoch: -1,
        topics: vec![topic].into(),
        ..FetchRequest::default()
    }
}

fn nothing() -> Failure {
    Failure::Broken("the answer names nothing that was asked for".to_owned())
}

fn refuse(code: Option<ErrorCode>) -> Result<(), Failure> {
    match code {
        Some(ErrorCode::NONE) => Ok(()),
        Some(code) => Err(Failure::Refused(code)),
        None => Err(nothing()),
    }
}

/// A batch of one record.
pub(crate) fn batch(timestamp: i64, key: Option<&[u8]>, value: &[u8]) -> Result<Bytes, String> {
    let mut builder = BatchBuilder::new(0);
    let record = NewRecord { timestamp, key, value: Some(value), ..NewRecord::default() };
    builder.append(&record).map_err(|error| format!("{error:?}"))?;
    builder.build().map_err(|error| format!("{error:?}"))
}
