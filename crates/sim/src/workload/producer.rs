//! A producer: idempotent, repeating until it is told; plain, sending everything once; or one that
//! asks for no answer.

use super::application::is_its_topic;
use crate::checker::record::NAME_HEADER;
use crate::checker::{Asked, History, Key, RecordId, Times};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use dohle_protocol::record::{BatchBuilder, Codec, Compression, Header, NewRecord};
use dohle_protocol::wire::Records;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Batches of a partition that may wait for their answers at once: as many as a node remembers.
const IN_FLIGHT_MAX: usize = 5;
const CODECS: [Codec; 6] =
    [Codec::None, Codec::None, Codec::Gzip, Codec::Lz4, Codec::Snappy, Codec::Zstd];
/// Below this version of Produce topics are named.
const NAMED_BELOW: i16 = 13;
/// The first version of Produce in which Zstandard is allowed.
const ZSTD_SINCE: i16 = 7;
/// The first in which KAFKA_STORAGE_ERROR has a name of its own.
const STORAGE_ERROR_SINCE: i16 = 4;

/// Whose answer a producer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Acks {
    /// Nobody's: what is there was sent, and is in order.
    None = 0,
    /// The leader's.
    Leader = 1,
    /// Of all in-sync replicas.
    All = -1,
}

/// What kind of producer it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its number among the producers.
    pub number: u32,
    /// Repeats with sequences; else everything is sent once.
    pub is_idempotent: bool,
    /// Not [`Acks::None`] if it is idempotent.
    pub acks: Acks,
    /// The version of Produce: below 13 topics are named.
    pub version: i16,
    /// One request has a batch of each partition that something is open for; else of one.
    pub is_joint: bool,
    /// The longest pause between two rounds.
    pub pause: Duration,
}

/// One batch that was sent and not answered for good.
struct Batch {
    first: RecordId,
    count: u64,
    sequence: i32,
    asked: Asked,
    /// As it was when the batch was sent first.
    first_asked: Asked,
    /// A node whose disk was full has refused it; it may have taken what was sent behind it.
    is_refused: Cell<bool>,
}

/// What is under way to a partition.
struct Lane {
    topic: String,
    incarnation: u32,
    next: u64,
    /// The generation in which its sequences began.
    generation: u32,
    /// The topic is compacted: its records have keys.
    is_keyed: bool,
    open: VecDeque<Batch>,
}

struct Producer {
    kind: Kind,
    name: String,
    client: Client,
    history: History,
    incarnation: u32,
    /// (id, epoch), once it is known.
    identity: Option<(i64, i16)>,
    lanes: BTreeMap<Key, Lane>,
}

/// What goes into one request: for each partition the place of a batch in its lane.
type Group = Vec<(Key, usize)>;

/// What became of a batch.
enum Fate {
    /// It is in the log, from this offset on.
    At(i64),
    /// It is to be sent again.
    Again,
    /// Nobody knows and nobody will ask.
    Abandoned,
    /// The node has forgotten this producer.
    Forgotten,
}

/// Produces until the history ends and nothing is open.
pub async fn run(kind: Kind, client: Client, history: History) {
    let name = format!("producer {}", kind.number);
    let (lanes, incarnation) = (BTreeMap::new(), history.next_incarnation(kind.number));
    let mut producer = Producer { kind, name, client, history, incarnation, identity: None, lanes };
    while producer.round().await {
        producer.rest().await;
    }
    producer.history.set_pending(&producer.name, None);
}

impl Producer {
    fn below(&self, bound: u64) -> u64 {
        self.client.env().random.below(bound.max(1))
    }

    async fn rest(&mut self) {
        let nanos = u64::try_from(self.kind.pause.as_nanos()).unwrap_or(u64::MAX);
        let pause = Duration::from_nanos(self.below(nanos));
        self.client.pause(pause).await;
    }

    /// One burst of batches. False once there is nothing to do any more.
    async fn round(&mut self) -> bool {
        let Times { is_closed, is_ending } = self.history.times();
        if is_closed {
            self.client.pause(Duration::from_millis(20)).await;
            return true;
        }
        self.forget_gone_topics();
        let open: usize = self.lanes.values().map(|lane| lane.open.len()).sum();
        if is_ending && open == 0 {
            return false;
        }
        if is_ending {
            self.history.set_pending(&self.name, Some(format!("{open} batches are not answered")));
        }
        if self.kind.is_idempotent && self.identity.is_none() && !self.introduce().await {
            return true;
        }
        if !is_ending {
            for _ in 0..=self.below(4) {
                self.add_batch();
            }
        }
        self.send_open().await;
        true
    }

    fn forget_gone_topics(&mut self) {
        let known = self.history.known();
        self.lanes.retain(|_, lane| known.topics.get(&lane.topic).is_some_and(|of| of.is_live()));
    }

    /// Whether everything that was acknowledged is by all.
    fn is_by_all(&self) -> bool {
        self.kind.acks == Acks::All
    }

    /// Gets a producer id. False if there was no answer.
    async fn introduce(&mut self) -> bool {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        match self.client.ask(4, &request).await {
            Ok(answer) if answer.error_code == ErrorCode::NONE => {
                self.identity = Some((answer.producer_id, answer.producer_epoch));
                true
            }
            Ok(answer) => {
                if !answer.error_code.is_retriable() {
                    let code = answer.error_code;
                    self.history.violate(format!("InitProducerId is answered with {code}"));
                }
                false
            }
            Err(why) => {
                self.on_no_answer(&why);
                false
            }
        }
    }

    fn on_no_answer(&self, why: &NoAnswer) {
        if let NoAnswer::Wrong(what) = why {
            self.history.violate(format!("{} got a wrong answer: {what}", self.name));
        }
    }

    /// One more batch for some partition that clients may use.
    fn add_batch(&mut self) {
        let mut known = self.history.known();
        let (generation, now) = (known.generation, known.moment(self.history.trace()));
        let live: Vec<(Key, String)> = known
            .topics
            .iter()
            .filter(|(name, topic)| topic.is_live() && !is_its_topic(name))
            .flat_map(|(name, topic)| {
                (0..topic.partitions).map(move |index| ((topic.id, index), name.clone()))
            })
            .collect();
        if live.is_empty() {
            return;
        }
        let chosen = usize::try_from(self.below(live.len() as u64)).unwrap_or(0);
        let (key, topic) = live[chosen].clone();
        let is_keyed = known.topics.get(&topic).is_some_and(|topic| topic.compaction.is_some());
        let incarnation = self.incarnation;
        let count = 1 + self.below(4) * self.below(12);
        let lane = self.lanes.entry(key).or_insert_with(|| Lane {
            topic,
            incarnation,
            next: 0,
            generation,
            is_keyed,
            open: VecDeque::new(),
        });
        if lane.open.len() == IN_FLIGHT_MAX {
            return;
        }
        let first = RecordId {
            producer: self.kind.number,
            incarnation: lane.incarnation,
            number: lane.next,
        };
        lane.next += count;
        let Some(partition) = known.partitions.get_mut(&key) else { return };
        let last = RecordId { number: lane.next - 1, ..first };
        partition.on_sent(last, self.kind.is_idempotent, now);
        if self.kind.acks == Acks::None {
            partition.on_ordered(self.kind.number);
        }
        let asked = partition.asked_in(generation);
        let sequence = i32::try_from(first.number).unwrap_or(i32::MAX);
        lane.open.push_back(Batch {
            first,
            count,
            sequence,
            asked,
            first_asked: asked,
            is_refused: Cell::new(false),
        });
    }

    /// Sends everything that is open, to each leader in order, and deals with the answers.
    async fn send_open(&mut self) {
        // Per partition: so many batches of this round stay open, and keep their places.
        let mut stuck: BTreeMap<Key, usize> = BTreeMap::new();
        for (leader, groups) in self.groups().await {
            let requests: Vec<_> = groups.iter().map(|group| self.request(group)).collect();
            let is_over = if self.kind.acks == Acks::None {
                self.tell(leader, &groups, &requests).await
            } else {
                let answers = self.client.ask_all(leader, self.kind.version, &requests).await;
                self.on_answers(groups, answers, &mut stuck)
            };
            if is_over {
                return;
            }
        }
        if stuck.values().any(|stays| *stays != 0) {
            let pause = Duration::from_millis(5 + self.below(100));
            self.client.pause(pause).await;
        }
    }

    /// Whether it begins anew, and the round is over.
    fn on_answers(
        &mut self,
        groups: Vec<Group>,
        answers: Vec<Result<ProduceResponse, NoAnswer>>,
        stuck: &mut BTreeMap<Key, usize>,
    ) -> bool {
        for (group, answer) in groups.into_iter().zip(answers) {
            if let Err(why) = &answer {
                self.on_no_answer(why);
            }
            for (key, _) in group {
                let stays = stuck.entry(key).or_default();
                match self.fate(key, *stays, answer.as_ref().ok()) {
                    Fate::Again => *stays += 1,
                    Fate::Forgotten => {
                        self.begin_anew();
                        return true;
                    }
                    Fate::At(offset) => self.settle(key, *stays, Some(offset)),
                    Fate::Abandoned => self.settle(key, *stays, None),
                }
            }
        }
        false
    }

    /// What is open as it goes into requests, in order, by who leads it. What nobody is known to lead
    /// has to wait.
    async fn groups(&mut self) -> BTreeMap<SocketAddr, Vec<Group>> {
        let mut leaders = BTreeMap::new();
        let lanes: Vec<(Key, String)> =
            self.lanes.iter().map(|(key, lane)| (*key, lane.topic.clone())).collect();
        for (key, topic) in lanes {
            match self.client.route(To::Leader(&topic, key.1)).await {
                Ok(leader) => drop(leaders.insert(key, leader)),
                Err(why) => self.on_no_answer(&why),
            }
        }
        let mut by_leader: BTreeMap<SocketAddr, Vec<Group>> = BTreeMap::new();
        for group in self.open_groups() {
            let mut parts: BTreeMap<SocketAddr, Group> = BTreeMap::new();
            for (key, at) in group {
                if let Some(leader) = leaders.get(&key) {
                    parts.entry(*leader).or_default().push((key, at));
                }
            }
            for (leader, part) in parts {
                by_leader.entry(leader).or_default().push(part);
            }
        }
        by_leader
    }

    /// What is open by its place in its lane, as it goes into requests of one leader, in order.
    fn open_groups(&self) -> Vec<Group> {
        let lanes = || self.lanes.iter().map(|(key, lane)| (*key, lane.open.len()));
        if !self.kind.is_joint {
            return lanes()
                .flat_map(|(key, open)| (0..open).map(move |at| vec![(key, at)]))
                .collect();
        }
        let longest = lanes().map(|(_, open)| open).max().unwrap_or(0);
        let at =
            |at: usize| lanes().filter(move |(_, open)| at < *open).map(move |(key, _)| (key, at));
        (0..longest).map(|place| at(place).collect()).collect()
    }

    /// Sends without waiting for anything. What is sent over one connection keeps its order. Whether it
    /// begins anew.
    async fn tell(
        &mut self,
        leader: SocketAddr,
        groups: &[Group],
        requests: &[ProduceRequest],
    ) -> bool {
        let told = self.client.tell_all(leader, self.kind.version, requests).await;
        match &told {
            Ok(()) => {
                self.history.trace().sometimes("batches were sent that nobody answers");
                for (key, _) in groups.iter().flatten() {
                    self.lanes.entry(*key).and_modify(|lane| lane.open.clear());
                }
            }
            Err(why) => {
                self.on_no_answer(why);
                self.begin_anew();
            }
        }
        told.is_err()
    }

    /// One request with these open batches.
    fn request(&mut self, group: &[(Key, usize)]) -> ProduceRequest {
        let mut topics: Vec<TopicProduceData> = Vec::new();
        for (key, at) in group {
            let data = self.partition_data(*key, *at);
            let topic = &self.lanes[key].topic;
            match topics.last_mut().filter(|last| last.topic_id == key.0) {
                Some(last) => last.partition_data.push(data),
                None => topics.push(TopicProduceData {
                    name: topic.as_str().into(),
                    topic_id: key.0,
                    partition_data: vec![data].into(),
                    ..TopicProduceData::default()
                }),
            }
        }
        if 1 < group.len() {
            self.history.trace().sometimes("several partitions were written in one request");
        }
        ProduceRequest {
            transactional_id: None,
            acks: self.kind.acks as i16,
            timeout_ms: 2_000,
            topic_data: topics.into(),
            ..ProduceRequest::default()
        }
    }

    /// The `at`-th open batch of a partition.
    fn partition_data(&mut self, key: Key, at: usize) -> PartitionProduceData {
        let codecs = if self.kind.version < ZSTD_SINCE { CODECS.len() - 1 } else { CODECS.len() };
        let codec = CODECS[usize::try_from(self.below(codecs as u64)).unwrap_or(0)];
        let timestamp = self.client.env().clock.timestamp();
        let is_idempotent = self.kind.is_idempotent;
        let (id, epoch) = self.identity.filter(|_| is_idempotent).unwrap_or((-1, -1));
        let now = self.history.ask(key);
        let lane = self.lanes.get_mut(&key).expect("the caller found it");
        let batch = &mut lane.open[at];
        batch.asked = now.map_or(batch.asked, |now| batch.asked.repeated(now));
        let sequence = if is_idempotent { batch.sequence } else { -1 };
        let mut builder =
            BatchBuilder::new(0).compression(Compression::of(codec)).producer(id, epoch, sequence);
        for number in batch.first.number..batch.first.number + batch.count {
            append(&mut builder, RecordId { number, ..batch.first }, lane.is_keyed, timestamp);
        }
        let bytes = builder.build().expect("these codecs take any bytes");
        PartitionProduceData {
            index: key.1,
            records: Some(Records::Bytes(bytes)),
            ..PartitionProduceData::default()
        }
    }

    fn fate(&mut self, key: Key, at: usize, answer: Option<&ProduceResponse>) -> Fate {
        let unknown = if self.kind.is_idempotent { Fate::Again } else { Fate::Abandoned };
        let Some(answer) = answer else { return unknown };
        let Some(lane) = self.lanes.get(&key) else { return Fate::Abandoned };
        let is_named = self.kind.version < NAMED_BELOW;
        let mut topics = answer.responses.iter().filter(|topic| match is_named {
            true => topic.name.as_str() == lane.topic,
            false => topic.topic_id == key.0,
        });
        let partition = topics.next().and_then(|topic| {
            topic.partition_responses.iter().find(|partition| partition.index == key.1)
        });
        let Some(partition) = partition else {
            self.history.violate("a produce answer without its partition");
            return unknown;
        };
        self.client.on_error(To::Leader(&lane.topic, key.1), partition.error_code);
        let known = self.history.known();
        let is_live = known.topics.get(&lane.topic).is_some_and(|topic| topic.is_live());
        let generation = known.generation;
        let of = known.partitions.get(&key);
        let first = lane.open.get(at).zip(of);
        let is_of_this_life = first.is_some_and(|(it, of)| of.is_of_this_life(it.first_asked));
        let keeps = of.is_some_and(|of| of.keeps_promises(lane.generation));
        drop(known);
        let is_refused = lane.open.get(at).is_some_and(|batch| batch.is_refused.get());
        match partition.error_code {
            ErrorCode::NONE => Fate::At(partition.base_offset),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID if !is_live => {
                Fate::Abandoned
            }
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER if at != 0 => Fate::Again,
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID
                if lane.generation != generation && !(keeps && self.is_by_all()) =>
            {
                self.history.trace().sometimes("producer forgotten by power loss");
                Fate::Forgotten
            }
            // A snapshot remembers one batch per producer, so after a restart the repetition of an
            // older one is out of order; that it was written is not known any more. As in Kafka.
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER if !is_of_this_life => {
                self.history.trace().sometimes("repeated batch older than the snapshot's");
                Fate::Forgotten
            }
            // Of a producer that it does not know a node takes any sequence. As in Kafka, where too
            // few replicas refuse it.
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER if is_refused => {
                self.history.trace().sometimes("batch overtaken after it was refused");
                Fate::Forgotten
            }
            ErrorCode::KAFKA_STORAGE_ERROR => {
                let leader = self.client.asked();
                self.history.on_disk_error(&self.name, leader, partition.error_code);
                lane.open.get(at).inspect(|batch| batch.is_refused.set(true));
                unknown
            }
            ErrorCode::NOT_LEADER_OR_FOLLOWER if self.kind.version < STORAGE_ERROR_SINCE => {
                lane.open.get(at).inspect(|batch| batch.is_refused.set(true));
                unknown
            }
            ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::LEADER_NOT_AVAILABLE => unknown,
            other => {
                let batch = lane.open.get(at).map_or(0, |batch| batch.first.number);
                self.history.violate(format!(
                    "{} is answered {other} for {}-{} at its record {batch}",
                    self.name, lane.topic, key.1
                ));
                unknown
            }
        }
    }

    /// Takes the batch that was answered off its lane, and tells the history where it is.
    fn settle(&mut self, key: Key, at: usize, offset: Option<i64>) {
        let by_all = self.is_by_all();
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        let Some(batch) = lane.open.remove(at) else { return };
        let Some(offset) = offset else { return };
        if !self.history.holds(key, batch.asked, by_all) {
            return;
        }
        let end = RecordId { number: batch.first.number + batch.count, ..batch.first };
        self.history.look(key, |partition, counts| {
            let ids = batch.first..end;
            counts.acknowledged += partition.on_acknowledged(batch.asked, offset, ids, by_all)?;
            Ok(())
        });
    }

    /// The node has lost this producer's state, as it may: open batches are given up.
    fn begin_anew(&mut self) {
        self.incarnation = self.history.next_incarnation(self.kind.number);
        self.identity = None;
        self.lanes.clear();
    }
}

/// Adds a record: with a key where its topic is compacted, and sometimes as that key's tombstone.
fn append(builder: &mut BatchBuilder, id: RecordId, is_keyed: bool, timestamp: i64) {
    let (value, key, name) = (id.value(), id.key(), id.to_string());
    let name = [Header { key: NAME_HEADER, value: Some(name.as_bytes()) }];
    let record = if is_keyed {
        let value = (!id.is_tombstone()).then_some(value.as_slice());
        NewRecord { timestamp, key: Some(&key), value, headers: &name }
    } else {
        NewRecord { timestamp, value: Some(&value), ..NewRecord::default() }
    };
    builder.append(&record).expect("offsets rise and the time is positive");
}
