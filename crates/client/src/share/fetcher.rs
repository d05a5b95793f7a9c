//! Share fetches: one under way to each broker that leads something of the assignment, and what came of them.
//!
//! Each goes on whether somebody waits for it or not: what a broker has given stays here until it is taken.

use super::acknowledged::Acknowledged;
use super::session::{self, ShareSession};
use super::{Place, ShareConsumerConfig};
use crate::Error;
use crate::cluster::{Client, Lane};
use crate::wait::{Bell, lock};
use dohle_env::clock::{Instant, sleep};
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::{
    ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest, ShareFetchResponse,
};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

/// What came of a fetch.
pub(super) struct Arrived {
    pub(super) broker: i32,
    /// What was acknowledged with it.
    pub(super) acknowledged: Acknowledged,
    pub(super) outcome: Result<ShareFetchResponse, Error>,
}

#[derive(Default)]
struct State {
    /// The sessions that are not used by a fetch now.
    sessions: BTreeMap<i32, ShareSession>,
    /// The brokers that are not to be asked now: a fetch is under way, or the last has failed a moment ago.
    busy: BTreeSet<i32>,
    arrived: VecDeque<Arrived>,
}

/// Fetches of one member. Cloning shares it.
#[derive(Clone)]
pub(super) struct Fetcher {
    client: Client,
    config: Arc<ShareConsumerConfig>,
    member: Text,
    state: Arc<Mutex<State>>,
    /// Rings when something arrived, and when a broker may be asked again.
    bell: Bell,
}

impl Fetcher {
    pub(super) fn new(
        client: Client,
        config: Arc<ShareConsumerConfig>,
        member: Text,
        bell: Bell,
    ) -> Self {
        Self { client, config, member, state: Arc::default(), bell }
    }

    /// The next that has arrived, in order.
    pub(super) fn next_arrived(&self) -> Option<Arrived> {
        lock(&self.state).arrived.pop_front()
    }

    /// Brokers that look for something.
    pub(super) fn looking(&self) -> Vec<i32> {
        let state = lock(&self.state);
        let looking = state.sessions.iter().filter(|(_, session)| !session.is_idle());
        looking.map(|(broker, _)| *broker).collect()
    }

    /// Whether a broker is not to be asked now.
    pub(super) fn is_busy(&self, broker: i32) -> bool {
        lock(&self.state).busy.contains(&broker)
    }

    /// Whether a broker that is not busy can be told what became of records.
    pub(super) fn is_open(&self, broker: i32) -> bool {
        lock(&self.state).sessions.get(&broker).is_some_and(ShareSession::is_open)
    }

    /// Sends a fetch of these partitions to a broker that is not busy. Only a session that is open can acknowledge.
    pub(super) fn start(&self, broker: i32, places: BTreeSet<Place>, acknowledged: Acknowledged) {
        let session = {
            let mut state = lock(&self.state);
            state.busy.insert(broker);
            state.sessions.remove(&broker).unwrap_or_default()
        };
        let fetcher = self.clone();
        let task = async move { fetcher.fetch(broker, session, places, acknowledged).await };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
    }

    async fn fetch(
        self,
        broker: i32,
        mut session: ShareSession,
        places: BTreeSet<Place>,
        acknowledged: Acknowledged,
    ) {
        let was_open = session.is_open();
        let answer = self.ask(broker, &mut session, &places, &acknowledged).await;
        let outcome = answer.and_then(|answer| {
            Error::check(answer.error_code, answer.error_message.clone())?;
            Ok(answer)
        });
        let rests = match &outcome {
            Ok(answer) => {
                session.answered();
                let mut told = answer.responses.iter().flat_map(|topic| &topic.partitions);
                told.any(|one| one.error_code.is_error())
            }
            Err(error) => {
                // Whether the broker still has it is not known: the next fetch opens another.
                session = ShareSession::default();
                !(was_open && is_over(error))
            }
        };
        {
            let mut state = lock(&self.state);
            state.sessions.insert(broker, session);
            state.arrived.push_back(Arrived { broker, acknowledged, outcome });
        }
        self.bell.ring();
        if rests {
            sleep(&*self.client.env().clock, self.client.config().retry_backoff).await;
        }
        lock(&self.state).busy.remove(&broker);
        self.bell.ring();
    }

    async fn ask(
        &self,
        broker: i32,
        session: &mut ShareSession,
        places: &BTreeSet<Place>,
        acknowledged: &Acknowledged,
    ) -> Result<ShareFetchResponse, Error> {
        let wait = self.config.fetch_wait_max;
        // The answer may take as long as records may, and then as any.
        let deadline = self.client.env().clock.now() + wait + self.client.config().request_timeout;
        let connection = self.client.broker(broker, Lane::Fetch, deadline).await?;
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
        session.fill(places, acknowledged, &mut request);
        connection.ask_in(version, &request, deadline).await
    }

    /// Brokers that have sessions or are being asked.
    pub(super) fn brokers(&self) -> BTreeSet<i32> {
        let state = lock(&self.state);
        state.sessions.keys().chain(&state.busy).copied().collect()
    }

    /// Waits until a broker may be asked.
    async fn quiet(&self, broker: i32, deadline: Instant) {
        let clock = &*self.client.env().clock;
        loop {
            let count = self.bell.count();
            if !self.is_busy(broker) || clock.now() >= deadline {
                return;
            }
            self.bell.after(count, clock, deadline).await;
        }
    }

    /// Ends the session with a broker, behind the fetch that may be under way, with all that is still to be acknowledged
    /// there.
    pub(super) async fn end(
        &self,
        broker: i32,
        acknowledged: &Acknowledged,
        deadline: Instant,
    ) -> Result<ShareAcknowledgeResponse, Error> {
        self.quiet(broker, deadline).await;
        if !self.is_open(broker) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
        }
        let mut request = ShareAcknowledgeRequest {
            group_id: Some(self.config.group.clone()),
            member_id: Some(self.member.clone()),
            ..ShareAcknowledgeRequest::default()
        };
        session::close(acknowledged, &mut request);
        let connection = self.client.broker(broker, Lane::Fetch, deadline).await?;
        let version =
            connection.ready(deadline).await?.usable::<ShareAcknowledgeRequest>(i16::MAX)?;
        let answer = connection.ask_in(version, &request, deadline).await?;
        Error::check(answer.error_code, answer.error_message.clone())?;
        Ok(answer)
    }
}

/// Whether it says that a session is over, and no more: another can be opened at once.
pub(super) fn is_over(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::SHARE_SESSION_NOT_FOUND | ErrorCode::INVALID_SHARE_SESSION_EPOCH)
    )
}
