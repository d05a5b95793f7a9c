//! One broker as a script sees it: asked, and everything it said noted under a name.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ApiKey;
use dohle_protocol::descriptor::{Descriptor, Kind};
use dohle_protocol::frame;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::api_versions_request::ApiVersionsRequest;
use dohle_protocol::messages::api_versions_response::ApiVersionsResponse;
use dohle_protocol::messages::create_topics_request::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use dohle_protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use dohle_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use dohle_protocol::wire::{Message, Part, Reader, Request, Text};
use serde_json::Value;

use super::link::{Link, Reply};
use super::normal::Names;

/// The versions of each API that a run asks for, or that a broker offers.
pub(crate) type Versions = BTreeMap<i16, RangeInclusive<i16>>;

/// What came back to one request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Heard {
    /// An answer that decodes, with what differs from run to run replaced.
    Answer(Value),
    /// An answer that does not decode, and why.
    Unreadable(String),
    /// The broker closed the connection.
    Closed,
    /// Nothing came in time.
    Silence,
}

/// How long an answer may take.
const WAIT: Duration = Duration::from_secs(3);
/// How long garbage is given to bring an answer or a closed connection.
const GARBAGE_WAIT: Duration = Duration::from_millis(1500);

/// A broker, and what it said so far.
pub(crate) struct World {
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// What this run asks for.
    pub(crate) plan: Versions,
    /// The time that all records of this run count from, the same for both brokers.
    pub(crate) now_ms: i64,
    /// Everything heard, in order.
    pub(crate) heard: Vec<(String, Heard)>,
    link: Option<Link>,
    names: Names,
    topic_ids: BTreeMap<String, Uuid>,
    correlation_id: i32,
}

impl World {
    /// A broker that was not asked anything yet.
    pub(crate) fn new(address: &str, plan: Versions, now_ms: i64) -> Self {
        Self {
            address: address.to_owned(),
            plan,
            now_ms,
            heard: Vec::new(),
            link: None,
            names: Names::of(address),
            topic_ids: BTreeMap::new(),
            correlation_id: 0,
        }
    }

    /// The versions of an API that this run asks for.
    pub(crate) fn versions<R: Request>(&self) -> Vec<i16> {
        self.plan.get(&R::KEY.to_i16()).cloned().map_or_else(Vec::new, Iterator::collect)
    }

    /// Sends a request and notes the answer.
    pub(crate) fn note<R: Request>(&mut self, name: &str, version: i16, request: &R) {
        let (_, heard) = self.exchange(version, request);
        self.heard.push((format!("{} v{version} {name}", R::KEY), heard));
    }

    /// Sends a request and notes the answer, which the script needs to go on.
    pub(crate) fn ask<R: Request>(
        &mut self,
        name: &str,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        let (answer, heard) = self.exchange(version, request);
        self.heard.push((format!("{} v{version} {name}", R::KEY), heard));
        answer
    }

    /// Sends a request that only prepares something: its answer is not compared.
    pub(crate) fn prepare<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response> {
        self.exchange(version, request).0
    }

    /// Sends a request to which no answer is to come, then another, whose answer shows that none came.
    pub(crate) fn note_unanswered<R: Request>(&mut self, name: &str, version: i16, request: &R) {
        let bytes = self.encode(version, request);
        if let Some(link) = self.link() {
            link.send(&bytes);
        }
        let (_, heard) = self.exchange(0, &ApiVersionsRequest::default());
        let heard = match heard {
            Heard::Answer(_) => Heard::Answer("the next request is answered".into()),
            other => other,
        };
        self.heard.push((format!("after {} v{version} {name}", R::KEY), heard));
    }

    /// Sends bytes on a connection of their own and notes what comes.
    pub(crate) fn note_raw(&mut self, name: &str, bytes: &[u8]) {
        let heard = match Link::open(&self.address) {
            Ok(mut link) => {
                link.send(bytes);
                match link.listen(GARBAGE_WAIT) {
                    Reply::Frame(frame) => {
                        let port = self.address.rsplit(':').next().and_then(|it| it.parse().ok());
                        let port: u32 = port.unwrap_or(0);
                        Heard::Answer(hex(&frame).replace(&format!("{port:08x}"), "(port)").into())
                    }
                    Reply::Closed => Heard::Closed,
                    Reply::Silence => Heard::Silence,
                }
            }
            Err(error) => Heard::Unreadable(error),
        };
        self.heard.push((format!("bytes {name}"), heard));
    }

    /// Creates a topic, waits until it is there, and remembers its id.
    pub(crate) fn topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
        let configs = configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: (*name).into(),
                value: Some((*value).into()),
                ..CreatableTopicConfig::default()
            })
            .collect();
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 30_000,
            ..CreateTopicsRequest::default()
        };
        self.prepare(5, &request);
        self.await_topic(name)
    }

    /// Waits until the broker's metadata has the topic with leaders, and remembers its id.
    pub(crate) fn await_topic(&mut self, name: &str) -> Uuid {
        let wanted =
            MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![wanted]), ..MetadataRequest::default() };
        for _ in 0..100 {
            if let Some(answer) = self.prepare(12, &request)
                && let Some(topic) = answer.topics.first()
                && topic.error_code.0 == 0
                && self.is_led(name, topic.partitions.len())
            {
                self.names.topic(topic.topic_id, name);
                self.topic_ids.insert(name.to_owned(), topic.topic_id);
                return topic.topic_id;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Uuid::ZERO
    }

    /// Whether the broker serves all these partitions: its metadata shows them a moment before.
    fn is_led(&mut self, topic: &str, partitions: usize) -> bool {
        let partitions = (0i32..).take(partitions).map(|partition_index| ListOffsetsPartition {
            partition_index,
            current_leader_epoch: -1,
            timestamp: -1,
            ..ListOffsetsPartition::default()
        });
        let topic = ListOffsetsTopic {
            name: topic.into(),
            partitions: partitions.collect(),
            ..ListOffsetsTopic::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![topic],
            ..ListOffsetsRequest::default()
        };
        self.prepare(5, &request).is_some_and(|answer| {
            let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            partitions.all(|partition| partition.error_code.0 == 0)
        })
    }

    /// The id of a topic that a script made; zero for any other.
    pub(crate) fn topic_id(&self, name: &str) -> Uuid {
        self.topic_ids.get(name).copied().unwrap_or(Uuid::ZERO)
    }

    /// The broker's controller, which listens on the next port. What it says is heard of here once it
    /// is given to [`World::hear`].
    pub(crate) fn controller(&self) -> World {
        let (host, port) = self.address.rsplit_once(':').unwrap_or((self.address.as_str(), "0"));
        let next = port.parse::<u16>().unwrap_or(0).wrapping_add(1);
        let mut controller = World::new(&format!("{host}:{next}"), self.plan.clone(), self.now_ms);
        controller.names = self.names.clone();
        controller
    }

    /// Notes what another one has said.
    pub(crate) fn hear(&mut self, other: World) {
        self.heard.extend(other.heard);
        self.names = other.names;
    }

    /// Gives an id that both brokers have drawn a name.
    pub(crate) fn name_id(&mut self, id: Uuid, name: &str) {
        self.names.topic(id, name);
    }

    /// Notes something that a script observed by itself.
    pub(crate) fn remark(&mut self, name: &str, holds: bool) {
        self.heard.push((format!("observed {name}"), Heard::Answer(Value::Bool(holds))));
    }

    /// What the broker offers, from its own mouth.
    pub(crate) fn offered(&mut self) -> Result<Versions, String> {
        let request = ApiVersionsRequest::default();
        let (answer, heard) = self.exchange::<ApiVersionsRequest>(0, &request);
        let answer: ApiVersionsResponse =
            answer.ok_or_else(|| format!("{}: no versions: {heard:?}", self.address))?;
        Ok(answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, api.min_version..=api.max_version))
            .collect())
    }

    fn link(&mut self) -> Option<&mut Link> {
        if self.link.is_none() {
            self.link = Link::open(&self.address).ok();
        }
        self.link.as_mut()
    }

    fn encode<R: Request>(&mut self, version: i16, request: &R) -> Vec<u8> {
        self.correlation_id += 1;
        let client = Some(Text::from_static("diff"));
        let parts = frame::encode_request(version, self.correlation_id, client, request);
        joined(&parts)
    }

    fn exchange<R: Request>(&mut self, version: i16, request: &R) -> (Option<R::Response>, Heard) {
        let bytes = self.encode(version, request);
        let Some(link) = self.link() else {
            return (None, Heard::Unreadable("no connection".into()));
        };
        link.send(&bytes);
        let reply = link.listen(WAIT);
        match reply {
            Reply::Frame(frame) => self.decode::<R>(version, frame.into()),
            Reply::Closed => {
                self.link = None;
                (None, Heard::Closed)
            }
            Reply::Silence => {
                self.link = None;
                (None, Heard::Silence)
            }
        }
    }

    fn decode<R: Request>(&mut self, version: i16, frame: Bytes) -> (Option<R::Response>, Heard) {
        let mut reader = Reader::new(frame);
        match frame::read_response_start(&mut reader, R::KEY, version) {
            Ok(id) if id == self.correlation_id => {}
            Ok(id) => {
                let why = format!("correlation id {id}, sent was {}", self.correlation_id);
                return (None, Heard::Unreadable(why));
            }
            Err(error) => return (None, Heard::Unreadable(error.to_string())),
        }
        let body = reader.rest();
        let version = answer_version(R::KEY, version, &body);
        let answer = R::Response::decode(&mut Reader::new(body.clone()), version).ok();
        let mut json = String::new();
        let descriptor = Descriptor::keyed(Kind::Response, R::KEY.to_i16());
        let left = descriptor.map(|each| (each.decode_json)(body, version, &mut json));
        let heard = match left {
            Some(Ok(0)) => match serde_json::from_str(&json) {
                Ok(value) => Heard::Answer(self.names.normal(R::KEY, value)),
                Err(error) => Heard::Unreadable(error.to_string()),
            },
            Some(Ok(left)) => Heard::Unreadable(format!("{left} bytes are left behind the answer")),
            Some(Err(error)) => Heard::Unreadable(error.to_string()),
            None => Heard::Unreadable("no such response".into()),
        };
        (answer, heard)
    }
}

/// `ApiVersions` of an unknown version is answered in version 0, with error 35 first (KIP-511).
fn answer_version(key: ApiKey, version: i16, body: &Bytes) -> i16 {
    let refused = key == ApiKey::ApiVersions && body.starts_with(&35i16.to_be_bytes());
    if refused { 0 } else { version }
}

/// The bytes of parts that all lie in memory.
pub(crate) fn joined(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Bytes(more) => bytes.extend_from_slice(more),
            Part::Elsewhere { .. } => unreachable!("requests of this tool lie in memory"),
        }
    }
    bytes
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
