//! A blocking client for what stands around a measurement: topics, first answers, first
//! acknowledged produce.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest, ProduceRequest,
};
use dohle_protocol::wire::{Message, Reader, Request};
use dohle_protocol::{ErrorCode, frame};

use crate::load::{self, PRODUCE_VERSION};

const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// The reference takes minutes for 10,000 partitions where the disk is busy.
const LEADERS_TIME_MAX: Duration = Duration::from_secs(600);
const ANSWER_BYTES_MAX: u32 = 64 << 20;
/// Between two tries.
const PAUSE: Duration = Duration::from_micros(500);
/// The last version that deletes by name.
const DELETE_VERSION: i16 = 5;
const CREATE_VERSION: i16 = 5;
const METADATA_VERSION: i16 = 9;

/// A connection of one request at a time.
pub(crate) struct Admin {
    socket: TcpStream,
}

impl Admin {
    /// # Errors
    /// When nobody listens.
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let socket = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(Self { socket })
    }

    /// Connects to a server that is starting, and returns once it has answered ApiVersions.
    ///
    /// # Errors
    /// When it has not within that time.
    pub(crate) fn first_answer(port: u16, within: Duration) -> io::Result<Self> {
        let begin = Instant::now();
        loop {
            let answered = Self::connect(port).and_then(|mut admin| {
                admin.api_versions()?;
                Ok(admin)
            });
            match answered {
                Ok(admin) => return Ok(admin),
                Err(error) if begin.elapsed() > within => return Err(error),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// # Errors
    /// When the answer does not come.
    pub(crate) fn api_versions(&mut self) -> io::Result<()> {
        // Only that an answer comes counts: the floor's names no API.
        let bytes = load::encode(0, 1, &ApiVersionsRequest::default());
        self.exchange(&bytes).map(drop)
    }

    /// Creates topics of so many partitions each, and waits until all have leaders. One request a
    /// topic, as Kafka's controller writes at most 10,000 records for one.
    ///
    /// # Errors
    /// When one is refused, or a leader is missing for long.
    pub(crate) fn create(
        &mut self,
        names: &[String],
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> io::Result<()> {
        let topic = |name: &String| CreatableTopic {
            name: name.as_str().into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs
                .iter()
                .map(|&(name, value)| CreatableTopicConfig {
                    name: name.into(),
                    value: Some(value.into()),
                    ..CreatableTopicConfig::default()
                })
                .collect(),
            ..CreatableTopic::default()
        };
        for name in names {
            let request = CreateTopicsRequest {
                topics: vec![topic(name)],
                timeout_ms: 100_000,
                ..CreateTopicsRequest::default()
            };
            for topic in self.call(CREATE_VERSION, &request)?.topics {
                if topic.error_code != ErrorCode::NONE {
                    return Err(refused("CreateTopics", topic.error_code));
                }
            }
        }
        let begin = Instant::now();
        while self.led(names)? < names.len() * partitions as usize {
            if begin.elapsed() > LEADERS_TIME_MAX {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "partitions lack leaders"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Creates a topic unless it is there.
    ///
    /// # Errors
    /// When it is refused, or a leader is missing for long.
    pub(crate) fn create_missing(&mut self, name: &str, partitions: i32) -> io::Result<()> {
        let names = [name.to_owned()];
        if self.led(&names)? == partitions as usize {
            return Ok(());
        }
        self.create(&names, partitions, &[])
    }

    /// How many partitions of these topics have leaders.
    fn led(&mut self, names: &[String]) -> io::Result<usize> {
        let topic = |name: &String| MetadataRequestTopic {
            name: Some(name.as_str().into()),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: Some(names.iter().map(topic).collect()),
            ..MetadataRequest::default()
        };
        let answer = self.call(METADATA_VERSION, &request)?;
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        Ok(partitions
            .filter(|partition| partition.error_code == ErrorCode::NONE && partition.leader_id >= 0)
            .count())
    }

    /// # Errors
    /// When it is refused.
    pub(crate) fn delete(&mut self, name: &str) -> io::Result<()> {
        let request = DeleteTopicsRequest {
            topic_names: vec![name.into()],
            timeout_ms: 30_000,
            ..DeleteTopicsRequest::default()
        };
        let answer = self.call(DELETE_VERSION, &request)?;
        match answer.responses.iter().find(|topic| topic.error_code != ErrorCode::NONE) {
            Some(topic) => Err(refused("DeleteTopics", topic.error_code)),
            None => Ok(()),
        }
    }

    /// Sends a produce request until it is acknowledged, as a partition may not be open to writes
    /// the moment that it has a leader: the offset of its first record.
    ///
    /// # Errors
    /// When that does not come within that time, or the connection breaks.
    pub(crate) fn produce(&mut self, frame: &[u8], within: Duration) -> io::Result<i64> {
        let begin = Instant::now();
        loop {
            let answer = self.exchange(frame)?;
            let answer = decode::<ProduceRequest>(PRODUCE_VERSION, answer)?;
            let mut partitions =
                answer.responses.iter().flat_map(|topic| &topic.partition_responses);
            let partition = partitions
                .next()
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an empty answer"))?;
            match partition.error_code {
                ErrorCode::NONE => return Ok(partition.base_offset),
                code if begin.elapsed() > within => return Err(refused("Produce", code)),
                _ => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When it does not come, or cannot be read.
    pub(crate) fn call<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> io::Result<R::Response> {
        let answer = self.exchange(&load::encode(version, 0, request))?;
        decode::<R>(version, answer)
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.socket.write_all(request)?;
        let mut size = [0; 4];
        self.socket.read_exact(&mut size)?;
        let size = u32::from_be_bytes(size);
        if size > ANSWER_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{size} bytes")));
        }
        let mut answer = vec![0; size as usize];
        self.socket.read_exact(&mut answer)?;
        Ok(answer)
    }
}

fn decode<R: Request>(version: i16, answer: Vec<u8>) -> io::Result<R::Response> {
    let unreadable = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{error:?}"));
    let mut reader = Reader::new(answer.into());
    frame::read_response_start(&mut reader, R::KEY, version).map_err(unreadable)?;
    R::Response::decode(&mut reader, version).map_err(unreadable)
}

/// The error of a refusal.
pub(crate) fn refused(what: &str, code: ErrorCode) -> io::Error {
    io::Error::other(format!("{what} was refused: {code:?}"))
}
