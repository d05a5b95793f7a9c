//! A client of a cluster: finds brokers, keeps connections and what is known of the cluster, and
//! brings each question to who can answer it.

use crate::config::HostPort;
use crate::connection::Connection;
use crate::metadata::{Metadata, Topic, TopicPartition};
use crate::wait::{Retry, lock};
use crate::{ClientConfig, Error};
use dohle_env::Env;
use dohle_env::clock::{Instant, sleep_until};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::metadata_response::MetadataResponseBroker;
use dohle_protocol::messages::{
    DescribeClusterRequest, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
    MetadataResponse,
};
use dohle_protocol::wire::{Request, Text};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Any broker.
    Any,
    /// The broker with this id.
    Broker(i32),
    /// Who is asked as the controller.
    Controller,
    /// The coordinator of a key.
    Coordinator(CoordinatorKind, Text),
}

/// What a coordinator coordinates, by Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoordinatorKind {
    /// Groups.
    Group = 0,
    /// Transactions.
    Transaction = 1,
    /// The state of share groups.
    Share = 2,
}

/// A client. Cloning shares it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    env: Env,
    config: ClientConfig,
    metadata: Mutex<Known>,
    peers: Mutex<BTreeMap<(HostPort, Lane), Peer>>,
    coordinators: Mutex<BTreeMap<(CoordinatorKind, Text), i32>>,
}

#[derive(Default)]
struct Known {
    metadata: Arc<Metadata>,
    /// When each topic was told of last.
    topics_at: BTreeMap<Text, Instant>,
}

/// Which of the connections to one place: a broker answers the questions of a connection one after
/// the other, so those that may wait long have one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// What is answered at once.
    Plain,
    /// Members of groups wait for each other.
    Group,
    /// Fetches wait for records.
    Fetch,
}

/// A broker's connection, and when it may be dialled again.
#[derive(Default)]
struct Peer {
    connection: Option<Connection>,
    not_before: Instant,
    failures: u32,
}

impl Client {
    /// A client that connects when it is first asked.
    #[must_use]
    pub fn new(env: Env, config: ClientConfig) -> Self {
        let inner = Inner {
            env,
            config,
            metadata: Mutex::default(),
            peers: Mutex::default(),
            coordinators: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Its doors.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.inner.env
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.inner.config
    }

    pub(crate) fn retry(&self) -> Retry {
        Retry::new(self.env(), self.config(), self.config().api_timeout)
    }

    pub(crate) fn retry_within(&self, within: Duration) -> Retry {
        Retry::new(self.env(), self.config(), within)
    }

    /// What is known of the cluster now; empty before anything was asked.
    #[must_use]
    pub fn known(&self) -> Arc<Metadata> {
        lock(&self.inner.metadata).metadata.clone()
    }

    /// Asks, with retries where the connection fails or the metadata was out of date. What the
    /// answer itself says is for the caller to look at.
    ///
    /// # Errors
    /// When nobody could be asked, or nobody answered in time.
    pub async fn ask<R: Request>(&self, to: &To, request: &R) -> Result<R::Response, Error> {
        self.ask_up_to(i16::MAX, to, request).await
    }

    /// As [`Client::ask`], in no newer version than `highest`.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn ask_up_to<R: Request>(
        &self,
        highest: i16,
        to: &To,
        request: &R,
    ) -> Result<R::Response, Error> {
        let mut retry = self.retry();
        loop {
            match self.ask_once(highest, to, request, retry.deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// One try of [`Client::ask_up_to`].
    pub(crate) async fn ask_once<R: Request>(
        &self,
        highest: i16,
        to: &To,
        request: &R,
        deadline: Instant,
    ) -> Result<R::Response, Error> {
        let connection = self.connection(to, deadline).await?;
        let deadline = deadline.min(self.env().clock.now() + self.config().request_timeout);
        let version = connection.ready(deadline).await?.usable::<R>(highest)?;
        let answer = connection.ask_in(version, request, deadline).await;
        if let (Err(error), To::Coordinator(kind, key)) = (&answer, to)
            && error.is_retriable()
        {
            self.forget_coordinator(*kind, key);
        }
        answer
    }

    /// A connection to who is named, which has said its versions.
    ///
    /// # Errors
    /// When there is nobody, or nobody that can be reached until the deadline.
    pub async fn connection(&self, to: &To, deadline: Instant) -> Result<Connection, Error> {
        match to {
            To::Any => self.any(deadline).await,
            To::Broker(id) => self.broker(*id, Lane::Plain, deadline).await,
            To::Controller => {
                if self.known().controller.is_none() {
                    self.learn(Topics::None, deadline).await?;
                }
                match self.known().controller {
                    Some(id) => self.broker(id, Lane::Plain, deadline).await,
                    None => Err(ErrorCode::NOT_CONTROLLER.into()),
                }
            }
            To::Coordinator(kind, key) => {
                let id = self.coordinator(*kind, key, deadline).await?;
                self.broker(id, Lane::Group, deadline).await
            }
        }
    }

    /// The connection to a broker by id.
    pub(crate) async fn broker(
        &self,
        id: i32,
        lane: Lane,
        deadline: Instant,
    ) -> Result<Connection, Error> {
        if !self.known().brokers.contains_key(&id) {
            self.learn(Topics::None, deadline).await?;
        }
        let node = self.known().brokers.get(&id).cloned();
        let node = node.ok_or(Error::Disconnected(io::ErrorKind::NotConnected))?;
        let port = u16::try_from(node.port)
            .map_err(|_| Error::Invalid(format!("broker {id} is at port {}", node.port)))?;
        let connected =
            self.peer((HostPort { host: node.host.to_string(), port }, lane), deadline).await;
        let connected = connected.map_err(away);
        if connected.is_err() {
            // It may have moved.
            lock(&self.inner.metadata).topics_at.clear();
        }
        connected
    }

    /// A connection to any broker: one that is open and has the least to do, else the brokers we
    /// know, else those we began with.
    async fn any(&self, deadline: Instant) -> Result<Connection, Error> {
        let open = {
            let peers = lock(&self.inner.peers);
            let plain = peers.iter().filter(|((_, lane), _)| *lane == Lane::Plain);
            let open = plain.filter_map(|(_, peer)| peer.connection.clone());
            open.filter(Connection::is_open).min_by_key(Connection::in_flight)
        };
        if let Some(connection) = open
            && connection.ready(deadline).await.is_ok()
        {
            return Ok(connection);
        }
        let mut places: Vec<_> = self
            .known()
            .brokers
            .values()
            .filter_map(|node| {
                let port = u16::try_from(node.port).ok()?;
                Some(HostPort { host: node.host.to_string(), port })
            })
            .collect();
        places.extend(self.config().bootstrap.iter().cloned());
        let start = self.env().random.below(places.len().max(1) as u64) as usize;
        let mut last = None;
        for turn in 0..places.len() {
            match self
                .peer((places[(start + turn) % places.len()].clone(), Lane::Plain), deadline)
                .await
            {
                Ok(connection) => return Ok(connection),
                // Where one has an address, it may be reached yet.
                Err(error) => last = last.filter(Error::is_retriable).or(Some(error)),
            }
        }
        let last = last.unwrap_or(Error::Disconnected(io::ErrorKind::NotConnected));
        // Who has been in touch with the cluster knows that it is there.
        Err(if self.known().brokers.is_empty() { last } else { away(last) })
    }

    /// The connection to a place, made if there is none.
    async fn peer(&self, key: (HostPort, Lane), deadline: Instant) -> Result<Connection, Error> {
        let (open, not_before) = {
            let mut peers = lock(&self.inner.peers);
            let peer = peers.entry(key.clone()).or_default();
            (peer.connection.clone().filter(Connection::is_open), peer.not_before)
        };
        if let Some(connection) = open {
            connection.ready(deadline).await?;
            return Ok(connection);
        }
        let clock = &*self.env().clock;
        if clock.now() < not_before {
            sleep_until(clock, not_before.min(deadline)).await;
        }
        let place = &key.0;
        let addresses = self.env().net.resolve(&place.host, place.port).map_err(|error| {
            self.count_failure(&key);
            Error::Bootstrap(format!("Couldn't resolve server {place}: {error}"))
        })?;
        let mut last = Error::Disconnected(io::ErrorKind::NotFound);
        for address in addresses {
            let dialled = {
                let mut peers = lock(&self.inner.peers);
                let peer = peers.entry(key.clone()).or_default();
                // Another task may have dialled meanwhile.
                match peer.connection.clone().filter(Connection::is_open) {
                    Some(connection) => Ok(connection),
                    None => {
                        let config = self.config();
                        let (id, security) = (config.client_id.clone(), &config.security);
                        Connection::dial(self.env(), (&place.host, address), id, security)
                            .inspect(|connection| peer.connection = Some(connection.clone()))
                    }
                }
            };
            match dialled {
                Ok(connection) => match connection.ready(deadline).await {
                    Ok(_) => {
                        if let Some(peer) = lock(&self.inner.peers).get_mut(&key) {
                            peer.failures = 0;
                        }
                        return Ok(connection);
                    }
                    Err(error) => last = error,
                },
                Err(error) => last = Error::Disconnected(error.kind()),
            }
        }
        self.count_failure(&key);
        Err(last)
    }

    fn count_failure(&self, key: &(HostPort, Lane)) {
        let config = self.config();
        let mut peers = lock(&self.inner.peers);
        let peer = peers.entry(key.clone()).or_default();
        let factor = 1 << peer.failures.min(10);
        let pause = (config.reconnect_backoff * factor).min(config.reconnect_backoff_max);
        peer.failures = peer.failures.saturating_add(1);
        peer.not_before = self.env().clock.now() + pause;
        peer.connection = None;
    }

    /// Asks for the cluster and some topics, and keeps what is told.
    pub(crate) async fn learn(
        &self,
        topics: Topics<'_>,
        deadline: Instant,
    ) -> Result<MetadataResponse, Error> {
        let connection = self.any(deadline).await?;
        let deadline = deadline.min(self.env().clock.now() + self.config().request_timeout);
        let answer = if self.config().asks_controllers {
            controllers(&connection, deadline).await?
        } else {
            let version = connection.ready(deadline).await?.usable::<MetadataRequest>(i16::MAX)?;
            connection.ask_in(version, &topics.request(version), deadline).await?
        };
        Error::check(answer.error_code, None)?;
        let now = self.env().clock.now();
        let mut known = lock(&self.inner.metadata);
        let mut metadata = (*known.metadata).clone();
        metadata.learn(&answer);
        known.metadata = Arc::new(metadata);
        for topic in answer.topics.iter().filter_map(|topic| topic.name.as_ref()) {
            known.topics_at.insert(topic.detached(), now);
        }
        Ok(answer)
    }

    /// What is known of a topic, asked for if it is not known or old.
    ///
    /// # Errors
    /// When the broker has no such topic or cannot be asked. Missing topics are created only with
    /// `may_create` and where the broker does that.
    pub async fn topic(&self, name: &str, may_create: bool) -> Result<Arc<Topic>, Error> {
        let mut retry = self.retry();
        loop {
            match self.topic_once(name, may_create, retry.deadline).await {
                Ok(topic) => return Ok(topic),
                // One that does not exist may be on its way, but only if somebody makes it.
                Err(error)
                    if !may_create
                        && error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) =>
                {
                    return Err(error);
                }
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// One try of [`Client::topic`].
    pub(crate) async fn topic_once(
        &self,
        name: &str,
        may_create: bool,
        deadline: Instant,
    ) -> Result<Arc<Topic>, Error> {
        if let Some(topic) = self.fresh_topic(name) {
            return Ok(topic);
        }
        let names = [Text::from(name)];
        let topics =
            if may_create { Topics::NamedOrCreated(&names) } else { Topics::Named(&names) };
        let answer = self.learn(topics, deadline).await?;
        let told = answer.topics.first().map_or(ErrorCode::NONE, |topic| topic.error_code);
        Error::check(told, None)?;
        let topic = self.known().topics.get(name).cloned();
        topic.ok_or_else(|| ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into())
    }

    /// What is known of a topic, if that is young enough and whole.
    pub(crate) fn fresh_topic(&self, name: &str) -> Option<Arc<Topic>> {
        let known = lock(&self.inner.metadata);
        let age = self.env().clock.now() - *known.topics_at.get(name)?;
        let topic = known.metadata.topics.get(name)?;
        (age < self.config().metadata_age_max && !topic.error.is_error()).then(|| topic.clone())
    }

    /// What was known of a topic is out of date.
    pub fn forget_topic(&self, name: &str) {
        lock(&self.inner.metadata).topics_at.remove(name);
    }

    /// Who leads a partition.
    ///
    /// # Errors
    /// When nobody does, there is no such partition, or nobody can be asked.
    pub(crate) async fn leader(
        &self,
        partition: &TopicPartition,
        deadline: Instant,
    ) -> Result<(i32, Arc<Topic>), Error> {
        let topic = self.topic_once(&partition.topic, false, deadline).await?;
        let leader = topic
            .partition(partition.partition)
            .ok_or_else(|| Error::from(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))
            .and_then(|one| one.leader.ok_or_else(|| ErrorCode::LEADER_NOT_AVAILABLE.into()));
        match leader {
            Ok(leader) => Ok((leader, topic)),
            Err(error) => {
                self.forget_topic(&partition.topic);
                Err(error)
            }
        }
    }

    /// Who coordinates a key: from memory, or asked.
    pub(crate) async fn coordinator(
        &self,
        kind: CoordinatorKind,
        key: &Text,
        deadline: Instant,
    ) -> Result<i32, Error> {
        if let Some(id) = lock(&self.inner.coordinators).get(&(kind, key.clone())) {
            return Ok(*id);
        }
        let connection = self.any(deadline).await?;
        let request = FindCoordinatorRequest {
            key: key.clone(),
            key_type: kind as i8,
            coordinator_keys: vec![key.clone()],
            ..FindCoordinatorRequest::default()
        };
        let deadline = deadline.min(self.env().clock.now() + self.config().request_timeout);
        let answer = connection.ask(&request, deadline).await?;
        let id = coordinator_in(&answer)?;
        if !self.known().brokers.contains_key(&id) {
            self.learn(Topics::None, deadline).await?;
        }
        lock(&self.inner.coordinators).insert((kind, key.clone()), id);
        Ok(id)
    }

    /// A broker said that it is not this key's coordinator, or cannot be reached.
    pub fn forget_coordinator(&self, kind: CoordinatorKind, key: &Text) {
        lock(&self.inner.coordinators).remove(&(kind, key.clone()));
    }

    /// The controller is another one now.
    pub(crate) fn forget_controller(&self) {
        let mut known = lock(&self.inner.metadata);
        let mut metadata = (*known.metadata).clone();
        metadata.controller = None;
        known.metadata = Arc::new(metadata);
    }
}

/// Of a broker that is known: that its name is not found means that it cannot be reached now.
fn away(error: Error) -> Error {
    if matches!(error, Error::Bootstrap(_)) {
        return Error::Disconnected(io::ErrorKind::NotFound);
    }
    error
}

fn coordinator_in(answer: &FindCoordinatorResponse) -> Result<i32, Error> {
    match answer.coordinators.first() {
        Some(found) => {
            Error::check(found.error_code, found.error_message.clone())?;
            Ok(found.node_id)
        }
        None => {
            Error::check(answer.error_code, answer.error_message.clone())?;
            Ok(answer.node_id)
        }
    }
}

/// What controllers say of themselves, in the words in which brokers do: controllers serve no
/// metadata.
async fn controllers(
    connection: &Connection,
    deadline: Instant,
) -> Result<MetadataResponse, Error> {
    let request = DescribeClusterRequest { endpoint_type: 2, ..DescribeClusterRequest::default() };
    let version = connection.ready(deadline).await?.usable::<DescribeClusterRequest>(i16::MAX)?;
    let told = connection.ask_in(version, &request, deadline).await?;
    Error::check(told.error_code, told.error_message)?;
    let nodes = told.brokers.into_iter().map(|node| MetadataResponseBroker {
        node_id: node.broker_id,
        host: node.host,
        port: node.port,
        rack: node.rack,
        ..MetadataResponseBroker::default()
    });
    Ok(MetadataResponse {
        brokers: nodes.collect(),
        cluster_id: Some(told.cluster_id),
        controller_id: told.controller_id,
        ..MetadataResponse::default()
    })
}

/// Which topics a question for metadata names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Topics<'a> {
    /// None, only the cluster.
    None,
    /// Every one.
    All,
    /// These.
    Named(&'a [Text]),
    /// Those with these ids.
    Ids(&'a [Uuid]),
    /// These, and those that do not exist are made where the broker does that.
    NamedOrCreated(&'a [Text]),
}

impl Topics<'_> {
    fn request(self, version: i16) -> MetadataRequest {
        let named = |names: &[Text]| {
            let topics = names.iter().map(|name| MetadataRequestTopic {
                name: Some(name.clone()),
                ..MetadataRequestTopic::default()
            });
            Some(topics.collect())
        };
        let topics = match self {
            // Version 0 has no way to name none: an empty list is all.
            Self::None => Some(Vec::new()),
            Self::All if version == 0 => Some(Vec::new()),
            Self::All => None,
            Self::Named(names) | Self::NamedOrCreated(names) => named(names),
            Self::Ids(ids) => {
                let topics = ids.iter().map(|id| MetadataRequestTopic {
                    topic_id: *id,
                    ..MetadataRequestTopic::default()
                });
                Some(topics.collect())
            }
        };
        MetadataRequest {
            topics,
            allow_auto_topic_creation: matches!(self, Self::NamedOrCreated(_)),
            ..MetadataRequest::default()
        }
    }
}
