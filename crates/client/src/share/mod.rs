//! Consuming in a share group (KIP-932): records are acquired for a while, one by one acknowledged, and given to somebody
//! else where they are not.
//!
//! A [`ShareConsumer`] is polled by one caller. A task of its own heartbeats for it; fetches go out while it is polled,
//! one to each broker that leads something of its assignment, and carry the acknowledgements of what came before.

mod acquired;
mod config;
mod membership;
mod session;

pub use acquired::ShareRecord;
pub use config::ShareConsumerConfig;

use crate::cluster::{Client, Lane};
use crate::metadata::TopicPartition;
use crate::wait::all;
use crate::{Error, Metadata};
use acquired::{Acquired, records};
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::share_fetch_response::PartitionData;
use dohle_protocol::messages::{ShareAcknowledgeRequest, ShareFetchRequest, ShareFetchResponse};
use dohle_protocol::wire::Text;
use membership::Membership;
use session::ShareSession;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a record that was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acknowledgement {
    /// There is no record at this offset: compaction or a transaction left a gap.
    Gap = 0,
    /// It was processed.
    Accept = 1,
    /// It may be given to anybody again.
    Release = 2,
    /// It is never to come again.
    Reject = 3,
}

/// A partition as share sessions name it.
type Place = (Uuid, i32);

/// A member of a share group. It must be closed: what is dropped stays acquired until its locks run out.
pub struct ShareConsumer {
    client: Client,
    config: Arc<ShareConsumerConfig>,
    membership: Membership,
    sessions: BTreeMap<i32, ShareSession>,
    ready: VecDeque<ShareRecord>,
    refused: Vec<(TopicPartition, Error)>,
    /// Whether a broker or what is known of the cluster let the last fetch down: the next one waits a little.
    is_let_down: bool,
}

impl ShareConsumer {
    /// A member of the group of `config` that reads these topics. It joins now, and needs a task's context for it.
    #[must_use]
    pub fn new(client: Client, config: ShareConsumerConfig, topics: Vec<Text>) -> Self {
        let config = Arc::new(config);
        let membership = Membership::start(&client, config.clone(), topics);
        Self {
            client,
            config,
            membership,
            sessions: BTreeMap::new(),
            ready: VecDeque::new(),
            refused: Vec::new(),
            is_let_down: false,
        }
    }

    /// The next records, at most `max.poll.records`; none if none came in time. Each stays acquired by this member until
    /// it is acknowledged, the group's lock duration is over, or the member closes.
    ///
    /// # Errors
    /// What keeps the member out of its group or away from its topics for good.
    pub async fn poll(&mut self, timeout: Duration) -> Result<Vec<ShareRecord>, Error> {
        let deadline = self.client.env().clock.now() + timeout;
        while self.ready.is_empty() {
            let bell = self.membership.bell.count();
            self.fetch(deadline).await?;
            let now = self.client.env().clock.now();
            if !self.ready.is_empty() || now >= deadline {
                break;
            }
            if self.is_let_down || self.sessions.values().all(ShareSession::is_idle) {
                // There is nobody to wait for records: until there is news or another try.
                let soon = deadline.min(now + self.client.config().retry_backoff);
                self.membership.bell.after(bell, &*self.client.env().clock, soon).await;
            }
        }
        let count = self.ready.len().min(self.config.poll_records_max.max(1));
        Ok(self.ready.drain(..count).collect())
    }

    /// Says what becomes of a record that this member was given. The broker hears of it with the next fetch, or when the
    /// member closes.
    pub fn acknowledge(&mut self, record: &ShareRecord, acknowledgement: Acknowledgement) {
        if let Some(session) = self.sessions.get_mut(&record.broker) {
            let offset = record.record.offset;
            session.acknowledge(record.place, (offset, offset, acknowledgement));
        }
    }

    /// Acknowledgements that brokers did not take since this was asked last: such records come again, here or elsewhere.
    pub fn refused(&mut self) -> Vec<(TopicPartition, Error)> {
        std::mem::take(&mut self.refused)
    }

    /// Sends what was acknowledged, lets everything else go, and leaves the group. Failures are not told: the group does
    /// without.
    pub async fn close(mut self) {
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        for (broker, mut session) in std::mem::take(&mut self.sessions) {
            if session.is_open() {
                // Who cannot be told finds out by itself when the session's member is gone.
                let _told = self.end_session(broker, &mut session, deadline).await;
            }
        }
        self.membership.leave(deadline).await;
    }

    async fn end_session(
        &self,
        broker: i32,
        session: &mut ShareSession,
        deadline: Instant,
    ) -> Result<(), Error> {
        let mut request = ShareAcknowledgeRequest {
            group_id: Some(self.config.group.clone()),
            member_id: Some(self.membership.member_id.clone()),
            ..ShareAcknowledgeRequest::default()
        };
        session.close(&mut request);
        let connection = self.client.broker(broker, Lane::Fetch, deadline).await?;
        let version =
            connection.ready(deadline).await?.usable::<ShareAcknowledgeRequest>(i16::MAX)?;
        let answer = connection.ask_in(version, &request, deadline).await?;
        Error::check(answer.error_code, answer.error_message)
    }

    /// One fetch to every broker that leads something of the assignment.
    async fn fetch(&mut self, deadline: Instant) -> Result<(), Error> {
        self.is_let_down = false;
        let assigned = self.membership.assigned()?;
        let names = self.names(&assigned).await?;
        let mut leaders = self.leaders(&assigned, &names);
        // Sessions that have nothing left go on empty, so that the broker forgets what was theirs.
        let idle = self.sessions.iter().filter(|(_, session)| session.is_open());
        for broker in idle.map(|(broker, _)| *broker).collect::<Vec<_>>() {
            leaders.entry(broker).or_default();
        }
        let mut fetches = Vec::new();
        for (broker, places) in leaders {
            let session = self.sessions.remove(&broker).unwrap_or_default();
            let member = self.membership.member_id.clone();
            let fetch = Fetch {
                client: self.client.clone(),
                config: self.config.clone(),
                member,
                broker,
                session,
                places,
                deadline,
            };
            fetches.push(fetch.run());
        }
        for (broker, session, answer) in all(self.client.env(), fetches).await.into_iter().flatten()
        {
            self.sessions.insert(broker, session);
            match answer {
                Ok(answer) => self.take(broker, answer, &names)?,
                Err(error) if error.is_retriable() || matches!(error, Error::TimedOut(_)) => {
                    self.is_let_down = true;
                    for name in names.values() {
                        self.client.forget_topic(name);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The names of the topics of an assignment, learnt if they are not known or old. That may take longer than the
    /// caller waits for records: a short look is no reason to know nothing.
    async fn names(&mut self, assigned: &BTreeSet<Place>) -> Result<BTreeMap<Uuid, Text>, Error> {
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        let mut names = BTreeMap::new();
        if assigned.is_empty() {
            return Ok(names);
        }
        for name in self.membership.topics() {
            match self.client.topic_once(name, false, deadline).await {
                Ok(topic) => {
                    names.insert(topic.id, name.clone());
                }
                // One of several topics may not exist (yet), or nobody may answer for a while.
                Err(error) if error.is_retriable() || matches!(error, Error::TimedOut(_)) => {
                    self.is_let_down = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(names)
    }

    /// What of an assignment each broker leads.
    fn leaders(
        &self,
        assigned: &BTreeSet<Place>,
        names: &BTreeMap<Uuid, Text>,
    ) -> BTreeMap<i32, BTreeSet<Place>> {
        let known: Arc<Metadata> = self.client.known();
        let mut leaders: BTreeMap<i32, BTreeSet<Place>> = BTreeMap::new();
        for (id, index) in assigned {
            let topic = names.get(id).and_then(|name| known.topics.get(name));
            match topic.and_then(|topic| topic.partition(*index)?.leader) {
                Some(leader) => {
                    leaders.entry(leader).or_default().insert((*id, *index));
                }
                None => names.get(id).into_iter().for_each(|name| self.client.forget_topic(name)),
            }
        }
        leaders
    }

    fn take(
        &mut self,
        broker: i32,
        answer: ShareFetchResponse,
        names: &BTreeMap<Uuid, Text>,
    ) -> Result<(), Error> {
        for topic in answer.responses {
            let Some(name) = names.get(&topic.topic_id) else { continue };
            for data in topic.partitions {
                let partition = TopicPartition::new(name.clone(), data.partition_index);
                let place = (topic.topic_id, data.partition_index);
                if let Err(error) = Error::check(
                    data.acknowledge_error_code,
                    data.acknowledge_error_message.clone(),
                ) {
                    self.refused.push((partition.clone(), error));
                }
                self.take_partition(broker, place, partition, data)?;
            }
        }
        Ok(())
    }

    fn take_partition(
        &mut self,
        broker: i32,
        place: Place,
        partition: TopicPartition,
        data: PartitionData,
    ) -> Result<(), Error> {
        if let Err(error) = Error::check(data.error_code, data.error_message.clone()) {
            self.client.forget_topic(&partition.topic);
            self.is_let_down = true;
            return if error.is_retriable() { Ok(()) } else { Err(error) };
        }
        let Acquired { records, gaps } = records(&partition, place, broker, data)?;
        if let Some(session) = self.sessions.get_mut(&broker) {
            for (first, last) in gaps {
                session.acknowledge(place, (first, last, Acknowledgement::Gap));
            }
        }
        self.ready.extend(records);
        Ok(())
    }
}

/// One fetch from one broker.
struct Fetch {
    client: Client,
    config: Arc<ShareConsumerConfig>,
    member: Text,
    broker: i32,
    session: ShareSession,
    places: BTreeSet<Place>,
    deadline: Instant,
}

impl Fetch {
    async fn run(mut self) -> (i32, ShareSession, Result<ShareFetchResponse, Error>) {
        let answer = self.ask().await.and_then(|answer| {
            Error::check(answer.error_code, answer.error_message.clone())?;
            Ok(answer)
        });
        let answer = match answer {
            Ok(answer) => {
                self.session.answered();
                Ok(answer)
            }
            Err(error) => {
                // Whether the broker still has it is not known: the next fetch opens another.
                self.session = ShareSession::default();
                match error.code() {
                    Some(
                        ErrorCode::SHARE_SESSION_NOT_FOUND | ErrorCode::INVALID_SHARE_SESSION_EPOCH,
                    ) => Ok(ShareFetchResponse::default()),
                    _ => Err(error),
                }
            }
        };
        (self.broker, self.session, answer)
    }

    async fn ask(&mut self) -> Result<ShareFetchResponse, Error> {
        let now = self.client.env().clock.now();
        let wait = self.config.fetch_wait_max.min(self.deadline.since(now));
        // The answer may take as long as records may, and then as any.
        let deadline = now + wait + self.client.config().request_timeout;
        let connection = self.client.broker(self.broker, Lane::Fetch, deadline).await?;
        let version = connection.ready(deadline).await?.usable::<ShareFetchRequest>(i16::MAX)?;
        let count = i32::try_from(self.config.poll_records_max).unwrap_or(i32::MAX);
        let mut request = ShareFetchRequest {
            group_id: Some(self.config.group.clone()),
            member_id: Some(self.member.clone()),
            max_wait_ms: i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.config.fetch_bytes_min,
            max_bytes: self.config.fetch_bytes_max,
            max_records: count,
            batch_size: count,
            share_acquire_mode: i8::from(self.config.acquires_exactly && version >= 2),
            ..ShareFetchRequest::default()
        };
        self.session.fill(&self.places, &mut request);
        connection.ask_in(version, &request, deadline).await
    }
}
