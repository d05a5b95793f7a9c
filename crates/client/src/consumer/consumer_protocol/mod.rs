//! The protocol of KIP-848: a member tells its group's coordinator what it wants and what it holds,
//! and is told what to hold.
//!
//! Heartbeats go out and names of topics are found in tasks of their own; the consumer only looks
//! at what came of them.

mod heart;
mod scout;
mod state;
#[cfg(test)]
mod tests;

use super::ConsumerConfig;
use super::membership::{Seat, Step, Subscribed};
use crate::Error;
use crate::admin::{CommittedOffset, commits};
use crate::cluster::{Client, CoordinatorKind, To};
use crate::metadata::TopicPartition;
use crate::wait::{Bell, lock};
use dohle_env::clock::Instant;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::OffsetCommitRequest;
use dohle_protocol::wire::Text;
use heart::Heart;
use scout::Scout;
use state::{Facts, State};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long a member that leaves tries to tell its group.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the member and its tasks tell each other.
struct Shared {
    client: Client,
    config: Arc<ConsumerConfig>,
    group: Text,
    inner: Mutex<Inner>,
    /// Rings for the tasks.
    changed: Bell,
    /// Rings for the consumer.
    wake: Bell,
}

struct Inner {
    state: State,
    subscribed: Subscribed,
    /// Counts what was subscribed to.
    subscriptions: u64,
    /// When the member was looked after last: heartbeats alone do not keep it.
    polled: Instant,
    /// Nobody wants to know any more.
    is_over: bool,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    fn seat(&self) -> Option<Seat> {
        self.inner().state.seat()
    }

    fn coordinator(&self) -> To {
        To::Coordinator(CoordinatorKind::Group, self.group.clone())
    }

    fn now(&self) -> Instant {
        self.client.env().clock.now()
    }
}

/// A member.
pub(in crate::consumer) struct Member {
    shared: Arc<Shared>,
    has_begun: bool,
}

impl Member {
    pub(in crate::consumer) fn new(
        client: Client,
        config: Arc<ConsumerConfig>,
        group: Text,
        subscribed: Subscribed,
        wake: Bell,
    ) -> Self {
        let milliseconds = config.poll_interval_max.as_millis();
        let facts = Facts {
            group: group.clone(),
            member_id: Uuid(client.env().random.uuid()).to_string().into(),
            instance_id: config.instance_id.clone(),
            rack: (!config.rack.is_empty()).then(|| config.rack.clone()),
            assignor: config.remote_assignor.clone(),
            rebalance_timeout_ms: i32::try_from(milliseconds).unwrap_or(i32::MAX),
        };
        let inner = Inner {
            state: State::new(facts),
            subscribed,
            subscriptions: 1,
            polled: client.env().clock.now(),
            is_over: false,
        };
        let inner = Mutex::new(inner);
        let changed = Bell::default();
        let shared = Arc::new(Shared { client, config, group, inner, changed, wake });
        Self { shared, has_begun: false }
    }

    /// Wants other topics from now on.
    pub(in crate::consumer) fn subscribe(&mut self, to: Subscribed) {
        let mut inner = self.shared.inner();
        inner.subscribed = to;
        inner.subscriptions += 1;
        drop(inner);
        self.shared.changed.ring();
    }

    /// Its epoch; -1 outside.
    pub(in crate::consumer) fn epoch(&self) -> i32 {
        self.seat().map_or(-1, |seat| seat.epoch)
    }

    /// Where it sits; `None` outside.
    pub(in crate::consumer) fn seat(&self) -> Option<Seat> {
        self.shared.seat()
    }

    /// As `Membership::last_seat`.
    pub(in crate::consumer) fn last_seat(&self) -> Option<Seat> {
        self.shared.inner().state.last_seat()
    }

    /// As `Membership::next`.
    pub(in crate::consumer) fn next(&mut self) -> Result<Step, Error> {
        if !self.has_begun {
            self.has_begun = true;
            let tasks = &self.shared.client.env().tasks;
            tasks.spawn(Home::Here, Box::pin(Heart(self.shared.clone()).beat()));
            tasks.spawn(Home::Here, Box::pin(Scout::new(self.shared.clone()).look()));
        }
        let now = self.shared.now();
        let mut inner = self.shared.inner();
        inner.polled = now;
        let step = inner.state.step();
        let has_news = inner.state.beats() && inner.state.has_news();
        drop(inner);
        if has_news {
            self.shared.changed.ring();
        }
        step
    }

    /// As `Membership::gave_up`.
    pub(in crate::consumer) fn gave_up(&mut self) {
        self.shared.inner().state.gave_up();
        self.shared.changed.ring();
    }

    /// Commits offsets as this member. What it holds stays its own until it says otherwise, so where
    /// only its epoch has moved on it commits with the new one.
    pub(in crate::consumer) fn commit(
        &self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let shared = self.shared.clone();
        let mut request = OffsetCommitRequest {
            group_id: shared.group.clone(),
            group_instance_id: shared.config.instance_id.clone(),
            topics: commits(offsets),
            ..OffsetCommitRequest::default()
        };
        async move {
            let client = &shared.client;
            let mut retry = client.retry();
            loop {
                let seat = shared.seat().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
                request.member_id = seat.member_id;
                request.generation_id_or_member_epoch = seat.epoch;
                // Version 10 names topics by id; commits here know names.
                let to = shared.coordinator();
                let answer = client.ask_once(9, &to, &request, retry.deadline).await;
                let answer = answer.and_then(|answer| {
                    let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
                    told.try_for_each(|one| Error::check(one.error_code, None))
                });
                let Err(error) = answer else { return Ok(()) };
                if error.code() == Some(ErrorCode::STALE_MEMBER_EPOCH) {
                    // The heartbeat that has brought the new epoch may still be under way.
                    if shared.seat().is_some_and(|now| now.epoch == seat.epoch) {
                        retry.pause(error).await?;
                    }
                    continue;
                }
                client.forget_coordinator(CoordinatorKind::Group, &shared.group);
                retry.after(error).await?;
            }
        }
    }

    /// Leaves; a static member says that it may come back.
    pub(in crate::consumer) async fn leave(self) {
        let request = {
            let mut inner = self.shared.inner();
            inner.is_over = true;
            inner.state.leaving()
        };
        self.shared.changed.ring();
        // Behind the last heartbeat, on the same connection.
        if let Some(request) = request {
            let deadline = self.shared.now() + LEAVE_TIMEOUT;
            let to = self.shared.coordinator();
            let client = &self.shared.client;
            let _told = client.ask_once(i16::MAX, &to, &request, deadline).await;
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.inner().is_over = true;
        self.shared.changed.ring();
    }
}
