//! Fetching: one request under way to each broker that leads something wanted, and what came.

use super::ConsumerConfig;
use super::record::Fetched;
use super::session::{Asked, FetchSession};
use crate::Error;
use crate::cluster::{Client, Lane};
use crate::metadata::TopicPartition;
use crate::wait::{Bell, lock};
use bytes::Bytes;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::messages::{FetchRequest, FetchResponse};
use dohle_protocol::wire::Records;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// The last version of Fetch that names topics.
const LAST_WITH_NAMES: i16 = 12;

/// What a fetch said of a partition.
pub(super) struct Told {
    pub(super) partition: TopicPartition,
    pub(super) life: u64,
    pub(super) asked_offset: i64,
    pub(super) outcome: Result<News, Error>,
}

/// What came of a partition.
pub(super) struct News {
    pub(super) fetched: Option<Fetched>,
    pub(super) end: Option<i64>,
    pub(super) high_watermark: i64,
    pub(super) last_stable_offset: i64,
}

/// Where a partition is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: i64,
    pub(super) life: u64,
    pub(super) leader_epoch: i32,
    pub(super) topic_id: Uuid,
}

/// Fetches and their answers.
pub(super) struct Fetcher {
    client: Client,
    config: Arc<ConsumerConfig>,
    sessions: Arc<Mutex<BTreeMap<i32, FetchSession>>>,
    busy: Arc<Mutex<BTreeMap<i32, ()>>>,
    arrived: Arc<Mutex<VecDeque<Told>>>,
    /// Rings when something arrived.
    pub(super) bell: Bell,
}

impl Fetcher {
    pub(super) fn new(client: Client, config: Arc<ConsumerConfig>) -> Self {
        Self {
            client,
            config,
            sessions: Arc::default(),
            busy: Arc::default(),
            arrived: Arc::default(),
            bell: Bell::default(),
        }
    }

    /// What has arrived, in order.
    pub(super) fn arrived(&self) -> Vec<Told> {
        lock(&self.arrived).drain(..).collect()
    }

    /// Whether a fetch to this broker is under way.
    pub(super) fn is_busy(&self, broker: i32) -> bool {
        lock(&self.busy).contains_key(&broker)
    }

    /// Sends a fetch to a broker.
    pub(super) fn start(&self, broker: i32, places: BTreeMap<TopicPartition, Place>) {
        lock(&self.busy).insert(broker, ());
        let (client, config) = (self.client.clone(), self.config.clone());
        let (sessions, busy, arrived) =
            (self.sessions.clone(), self.busy.clone(), self.arrived.clone());
        let bell = self.bell.clone();
        let task = async move {
            let mut session = lock(&sessions).remove(&broker).unwrap_or_default();
            let told = fetch(&client, &config, broker, &mut session, &places).await;
            lock(&sessions).insert(broker, session);
            lock(&arrived).extend(told);
            lock(&busy).remove(&broker);
            bell.ring();
        };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
    }
}

async fn fetch(
    client: &Client,
    config: &ConsumerConfig,
    broker: i32,
    session: &mut FetchSession,
    places: &BTreeMap<TopicPartition, Place>,
) -> Vec<Told> {
    let answer = ask(client, config, broker, session, places).await;
    let failed = |error: &Error| {
        let told = places.iter().map(|(partition, place)| Told {
            partition: partition.clone(),
            life: place.life,
            asked_offset: place.offset,
            outcome: Err(error.clone()),
        });
        told.collect()
    };
    match answer {
        Ok(answer) if answer.error_code.is_error() => {
            session.reset();
            // Of a session that is gone nothing needs to be told: the next fetch opens another.
            match answer.error_code {
                ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                | ErrorCode::INVALID_FETCH_SESSION_EPOCH
                | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR => Vec::new(),
                code => failed(&code.into()),
            }
        }
        Ok(answer) => {
            session.answered(answer.session_id);
            told(answer, places)
        }
        Err(error) => {
            session.reset();
            // A broker that cannot be reached is asked again, but not at once.
            let clock = &*client.env().clock;
            dohle_env::clock::sleep(clock, client.config().retry_backoff).await;
            failed(&error)
        }
    }
}

async fn ask(
    client: &Client,
    config: &ConsumerConfig,
    broker: i32,
    session: &mut FetchSession,
    places: &BTreeMap<TopicPartition, Place>,
) -> Result<FetchResponse, Error> {
    let deadline =
        client.env().clock.now() + client.config().request_timeout + config.fetch_wait_max;
    let connection = client.broker(broker, Lane::Fetch, deadline).await?;
    let has_ids = places.values().all(|place| place.topic_id != Uuid::ZERO);
    let highest = if has_ids { i16::MAX } else { LAST_WITH_NAMES };
    let version = connection.ready(deadline).await?.usable::<FetchRequest>(highest)?;
    let wanted = places
        .iter()
        .map(|(partition, place)| {
            let asked = Asked {
                offset: place.offset,
                leader_epoch: place.leader_epoch,
                topic_id: place.topic_id,
                bytes_max: config.partition_bytes_max,
            };
            (partition.clone(), asked)
        })
        .collect();
    let mut request = FetchRequest {
        max_wait_ms: i32::try_from(config.fetch_wait_max.as_millis()).unwrap_or(i32::MAX),
        min_bytes: config.fetch_bytes_min,
        max_bytes: config.fetch_bytes_max,
        isolation_level: i8::from(config.read_committed),
        rack_id: config.rack.clone(),
        ..FetchRequest::default()
    };
    if version < 7 {
        session.reset();
    }
    session.fill(&wanted, &mut request);
    connection.ask_in(version, &request, deadline).await
}

fn told(answer: FetchResponse, places: &BTreeMap<TopicPartition, Place>) -> Vec<Told> {
    let mut told = Vec::new();
    for topic in answer.responses {
        let name = if topic.topic.is_empty() {
            let mut places = places.iter();
            places
                .find(|(_, place)| place.topic_id == topic.topic_id)
                .map(|(partition, _)| partition.topic.clone())
        } else {
            Some(topic.topic.detached())
        };
        let Some(name) = name else { continue };
        for data in topic.partitions {
            let partition = TopicPartition::new(name.clone(), data.partition_index);
            if let Some(place) = places.get(&partition) {
                told.push(Told {
                    outcome: news(&partition, *place, data),
                    partition,
                    life: place.life,
                    asked_offset: place.offset,
                });
            }
        }
    }
    told
}

fn news(partition: &TopicPartition, place: Place, data: PartitionData) -> Result<News, Error> {
    Error::check(data.error_code, None)?;
    let bytes = match data.records {
        Some(Records::Bytes(bytes)) => bytes,
        Some(Records::Elsewhere { .. }) | None => Bytes::new(),
    };
    let end = Fetched::end(&bytes)?;
    if end.is_none() && !bytes.is_empty() {
        // Brokers before 0.10.1 give part of a batch that is larger than what was asked for.
        return Err(ErrorCode::RECORD_LIST_TOO_LARGE.into());
    }
    let aborted = data.aborted_transactions.unwrap_or_default();
    let fetched =
        end.map(|_| Fetched::new(partition.clone(), place.life, bytes, &aborted, place.offset));
    Ok(News {
        fetched,
        end,
        high_watermark: data.high_watermark,
        last_stable_offset: data.last_stable_offset,
    })
}
