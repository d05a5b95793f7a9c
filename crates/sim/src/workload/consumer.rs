//! A consumer that reads everything from the start, again and again, in fetch sessions.

use super::reading::{EARLIEST, Unread, fetched, list_offset};
use crate::checker::{Asked, History, Key, Partition};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::messages::{FetchRequest, FetchResponse};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// What kind of consumer it is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its number among the consumers.
    pub number: u32,
    /// The version of Fetch: below 13 topics are named.
    pub version: i16,
    /// Only what is committed.
    pub committed_only: bool,
    /// Sessions; else every fetch names all it wants.
    pub has_sessions: bool,
    /// The most bytes of one fetch.
    pub max_bytes: i32,
}

/// Where it stands in a partition.
struct Place {
    topic: String,
    /// Who leads it, as far as anybody has told.
    leader: Option<SocketAddr>,
    position: i64,
    /// What the session was last told.
    told: Option<i64>,
    /// It has read up to where the partition ended when it looked.
    is_at_end: bool,
    /// It was told that its position is out of range, when it had asked this.
    out: Option<Asked>,
}

struct Consumer {
    kind: Kind,
    name: String,
    client: Client,
    history: History,
    /// With each leader, (id, next epoch); 0 is none yet.
    sessions: BTreeMap<SocketAddr, (i32, i32)>,
    /// The generation in which its positions were read.
    generation: u32,
    places: BTreeMap<Key, Place>,
    asked: BTreeMap<Key, Asked>,
    /// Times that it has read everything.
    passes: u32,
}

/// Consumes for as long as its process lives.
pub async fn run(kind: Kind, client: Client, history: History) {
    let mut consumer = Consumer {
        kind,
        name: format!("consumer {}", kind.number),
        client,
        history,
        sessions: BTreeMap::new(),
        generation: 0,
        places: BTreeMap::new(),
        asked: BTreeMap::new(),
        passes: 0,
    };
    loop {
        consumer.round().await;
    }
}

impl Consumer {
    async fn pause(&mut self, milliseconds: u64) {
        let pause = 1 + self.client.env().random.below(milliseconds);
        self.client.pause(Duration::from_millis(pause)).await;
    }

    async fn round(&mut self) {
        if self.history.known().is_closed {
            self.pause(20).await;
            return;
        }
        self.choose();
        if self.places.is_empty() {
            self.pause(50).await;
            return;
        }
        self.find_starts().await;
        let leaders = self.find_leaders().await;
        if leaders.is_empty() {
            self.pause(100).await;
        }
        for leader in leaders {
            self.fetch(leader).await;
        }
        self.tell_pending();
    }

    async fn fetch(&mut self, leader: SocketAddr) {
        let request = self.request(leader);
        let mut answers = self.client.ask_all(leader, self.kind.version, &[request]).await;
        match answers.pop().unwrap_or(Err(NoAnswer::Late)) {
            Ok(answer) => self.on_answer(leader, &answer).await,
            Err(why) => {
                self.on_no_answer(why);
                self.forget_session(leader);
                self.pause(100).await;
            }
        }
    }

    fn on_no_answer(&self, why: NoAnswer) {
        if let NoAnswer::Wrong(what) = why {
            self.history.violate(format!("{} got a wrong answer: {what}", self.name));
        }
    }

    /// All who lead what it reads. With who leads something no more, it begins anew.
    async fn find_leaders(&mut self) -> BTreeSet<SocketAddr> {
        let places = self.places.iter();
        let wanted: Vec<_> =
            places.map(|(key, place)| (*key, place.topic.clone(), place.leader)).collect();
        let mut leaders = BTreeSet::new();
        for (key, topic, before) in wanted {
            let leader = match self.client.route(To::Leader(&topic, key.1)).await {
                Ok(leader) => Some(leader),
                Err(why) => {
                    self.on_no_answer(why);
                    None
                }
            };
            if let Some(before) = before.filter(|before| Some(*before) != leader) {
                self.forget_session(before);
            }
            self.places.entry(key).and_modify(|place| place.leader = leader);
            leaders.extend(leader);
        }
        leaders
    }

    fn forget_session(&mut self, leader: SocketAddr) {
        self.sessions.remove(&leader);
        let its = self.places.values_mut().filter(|place| place.leader == Some(leader));
        its.for_each(|place| place.told = None);
    }

    /// All partitions that clients may use. After a power loss everything is read anew.
    fn choose(&mut self) {
        let known = self.history.known();
        if self.generation != known.generation {
            self.generation = known.generation;
            self.places.clear();
            self.sessions.clear();
        }
        let is_live = |topic: &str| known.topics.get(topic).is_some_and(|topic| topic.is_live());
        self.places.retain(|_, place| place.told.is_some() || is_live(&place.topic));
        for (name, topic) in known.topics.iter().filter(|(_, topic)| topic.is_live()) {
            for index in 0..topic.partitions {
                self.places.entry((topic.id, index)).or_insert_with(|| Place {
                    topic: name.clone(),
                    leader: None,
                    position: 0,
                    told: None,
                    is_at_end: false,
                    out: None,
                });
            }
        }
        let is_ending = known.is_ending;
        drop(known);
        if !is_ending && self.places.values().all(|place| place.is_at_end) {
            self.passes += 1;
            if self.client.env().random.below(3) == 0 {
                self.history.trace().sometimes("everything read again");
                for place in self.places.values_mut() {
                    (place.position, place.is_at_end) = (0, false);
                }
            }
        }
    }

    /// Where the position is out of range: the log's start, which must explain it.
    async fn find_starts(&mut self) {
        let out: Vec<(Key, String, i64, Asked)> = self
            .places
            .iter()
            .filter_map(|(key, place)| {
                Some((*key, place.topic.clone(), place.position, place.out?))
            })
            .collect();
        for (key, topic, position, before) in out {
            let Some(asked) = self.history.ask(key) else { continue };
            let answer = list_offset(&mut self.client, &topic, key, EARLIEST).await;
            let Ok(Ok(start)) = answer else { continue };
            if !self.history.holds(key, asked, false) {
                continue;
            }
            self.history.look(key, |partition, _| {
                partition.on_start(asked, start);
                if partition.is_of_this_life(before) && start <= position {
                    return Err(format!("{position} was out of range, the log starts at {start}"));
                }
                Ok(())
            });
            if let Some(place) = self.places.get_mut(&key) {
                (place.position, place.out) = (start, None);
            }
        }
    }

    fn request(&mut self, leader: SocketAddr) -> FetchRequest {
        let mut topics: Vec<FetchTopic> = Vec::new();
        let mut forgotten: Vec<ForgottenTopic> = Vec::new();
        self.asked.clear();
        let known = self.history.known();
        let mut gone = Vec::new();
        let its = self.places.iter_mut().filter(|(_, place)| place.leader == Some(leader));
        for (key, place) in its {
            if let Some(partition) = known.partitions.get(key) {
                self.asked.insert(*key, partition.asked_in(known.asking()));
            }
            if !known.topics.get(&place.topic).is_some_and(|topic| topic.is_live()) {
                gone.push(*key);
                forgotten.push(ForgottenTopic {
                    topic: place.topic.as_str().into(),
                    topic_id: key.0,
                    partitions: vec![key.1],
                    ..ForgottenTopic::default()
                });
                continue;
            }
            if self.kind.has_sessions && place.told == Some(place.position) {
                continue;
            }
            place.told = Some(place.position);
            let partition = FetchPartition {
                partition: key.1,
                fetch_offset: place.position,
                partition_max_bytes: self.kind.max_bytes,
                ..FetchPartition::default()
            };
            topics.push(FetchTopic {
                topic: place.topic.as_str().into(),
                topic_id: key.0,
                partitions: vec![partition].into(),
                ..FetchTopic::default()
            });
        }
        drop(known);
        for key in gone {
            self.places.remove(&key);
        }
        let session = self.sessions.get(&leader).copied().unwrap_or_default();
        let (session_id, session_epoch) = if self.kind.has_sessions { session } else { (0, -1) };
        FetchRequest {
            max_wait_ms: 300,
            min_bytes: 1,
            max_bytes: self.kind.max_bytes,
            isolation_level: self.history.isolation_level(self.kind.committed_only),
            session_id,
            session_epoch,
            topics: topics.into(),
            forgotten_topics_data: if session_id == 0 { Vec::new() } else { forgotten },
            ..FetchRequest::default()
        }
    }

    async fn on_answer(&mut self, leader: SocketAddr, answer: &FetchResponse) {
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR => {
                self.history.trace().sometimes("fetch session lost");
                self.forget_session(leader);
                return;
            }
            other => {
                self.history.violate(format!("{} is answered {other}", self.name));
                self.forget_session(leader);
                return;
            }
        }
        if self.kind.has_sessions {
            let (_, epoch) = self.sessions.get(&leader).copied().unwrap_or_default();
            match answer.session_id {
                0 => self.forget_session(leader),
                id => drop(self.sessions.insert(leader, (id, epoch + 1))),
            }
        }
        let mut failed = false;
        for topic in &answer.responses {
            for data in &topic.partitions {
                let key = if self.kind.version < 13 {
                    let is_it = |(key, place): &(&Key, &Place)| {
                        place.topic == topic.topic.as_str() && key.1 == data.partition_index
                    };
                    self.places.iter().find(is_it).map(|(key, _)| *key)
                } else {
                    Some((topic.topic_id, data.partition_index))
                };
                if let Some(key) = key {
                    failed |= !self.on_partition(key, data);
                }
            }
        }
        if failed {
            self.pause(100).await;
        }
    }

    /// False if there was an error that passes.
    fn on_partition(&mut self, key: Key, data: &PartitionData) -> bool {
        let (is_compacted, is_misread) = {
            let known = self.history.known();
            let partition = known.partitions.get(&key);
            let is_misread = partition.is_some_and(|partition| partition.is_misread);
            (partition.is_some_and(Partition::is_compacted), is_misread)
        };
        let Some(place) = self.places.get_mut(&key) else { return true };
        let Some(asked) = self.asked.get(&key).copied() else { return true };
        if !self.history.holds(key, asked, false) {
            return true;
        }
        self.client.on_error(To::Leader(&place.topic, key.1), data.error_code);
        match data.error_code {
            ErrorCode::NONE => {}
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                self.history.trace().sometimes("fetch out of range");
                place.out = Some(asked);
                return true;
            }
            ErrorCode::KAFKA_STORAGE_ERROR => {
                self.history.on_disk_error("a consumer", self.client.asked(), data.error_code);
                return false;
            }
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::LEADER_NOT_AVAILABLE => return false,
            ErrorCode::CORRUPT_MESSAGE if is_misread => {
                self.history.trace().sometimes("a flipped bit was told");
                return false;
            }
            other => {
                let known = self.history.known();
                let is_live = known.topics.get(&place.topic).is_some_and(|of| of.is_live());
                drop(known);
                let is_unknown = other == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    || other == ErrorCode::UNKNOWN_TOPIC_ID;
                if is_live || !is_unknown {
                    let what = format!("{}-{} is fetched with {other}", place.topic, key.1);
                    self.history.violate(what);
                }
                return false;
            }
        }
        let position = place.position;
        let now = self.history.now();
        let read = fetched(position, data, is_compacted, now);
        if is_misread && matches!(read, Err(Unread::Damaged { .. })) {
            self.history.trace().sometimes("a flipped bit was sent, and found by its reader");
            return false;
        }
        let found = self.history.look(key, |partition, counts| {
            let fetched = read.map_err(Unread::what)?;
            counts.read += fetched.records.len() as u64;
            let (position, removed) = partition.on_fetched(asked, &fetched)?;
            counts.add_removed(removed);
            Ok(partition.after_holes(position))
        });
        if let Some(position) = found {
            place.position = position;
            place.is_at_end = data.high_watermark <= position;
        }
        true
    }

    /// In the end every record that was acknowledged is to be read once more.
    fn tell_pending(&self) {
        let known = self.history.known();
        if !known.is_ending {
            return;
        }
        let behind = self.places.iter().find_map(|(key, place)| {
            let marks = known.partitions.get(key)?.marks();
            let is_live = known.topics.get(&place.topic).is_some_and(|of| of.is_live());
            let is_behind = is_live && place.position < marks.high_watermark;
            let (topic, index, at) = (&place.topic, key.1, place.position);
            is_behind
                .then(|| format!("{topic}-{index} is read to {at} of {}", marks.high_watermark))
        });
        drop(known);
        self.history.set_pending(&self.name, behind);
    }
}
