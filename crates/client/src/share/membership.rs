//! A member of a share group: its heartbeats, and what its coordinator assigned to it.
//!
//! ```text
//! epoch 0       joins, and says what it reads
//! epoch 1..     heartbeats in the interval that the coordinator says; an assignment comes when it changes
//! epoch -1      leaves
//! UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH    the group went on without it: it joins again with nothing
//! ```

use super::{Place, ShareConsumerConfig};
use crate::Error;
use crate::cluster::{Client, CoordinatorKind, To};
use crate::wait::{Bell, lock};
use dohle_env::clock::Instant;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The epoch by which a member joins.
const JOINING: i32 = 0;
/// The epoch by which a member leaves.
const LEAVING: i32 = -1;

/// What the heartbeats brought to light.
#[derive(Default)]
struct State {
    is_over: bool,
    assigned: BTreeSet<Place>,
    failure: Option<Error>,
}

/// A membership.
pub(super) struct Membership {
    /// Who it is; the member draws its id itself.
    pub(super) member_id: Text,
    /// Rings when the assignment changed or the membership failed.
    pub(super) bell: Bell,
    topics: Arc<[Text]>,
    state: Arc<Mutex<State>>,
    client: Client,
    config: Arc<ShareConsumerConfig>,
}

impl Membership {
    /// Joins, and heartbeats until it leaves.
    pub(super) fn start(
        client: &Client,
        config: Arc<ShareConsumerConfig>,
        topics: Vec<Text>,
    ) -> Self {
        let member_id = Text::from(Uuid(client.env().random.uuid()).to_string());
        let membership = Self {
            member_id: member_id.clone(),
            bell: Bell::default(),
            topics: topics.into(),
            state: Arc::default(),
            client: client.clone(),
            config: config.clone(),
        };
        let heart = Heart {
            client: client.clone(),
            config,
            member_id,
            topics: membership.topics.clone(),
            state: membership.state.clone(),
            bell: membership.bell.clone(),
            epoch: JOINING,
            says_all: false,
        };
        client.env().tasks.spawn(Home::Here, Box::pin(heart.beat()));
        membership
    }

    /// What it reads.
    pub(super) fn topics(&self) -> impl Iterator<Item = &Text> {
        self.topics.iter()
    }

    /// The partitions that are the member's.
    ///
    /// # Errors
    /// Why it cannot be a member, for good.
    pub(super) fn assigned(&self) -> Result<BTreeSet<Place>, Error> {
        let state = lock(&self.state);
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(state.assigned.clone()),
        }
    }

    /// Leaves the group.
    pub(super) async fn leave(&self, deadline: Instant) {
        let was_member = {
            let mut state = lock(&self.state);
            state.is_over = true;
            state.failure.is_none()
        };
        if was_member {
            let request = ShareGroupHeartbeatRequest {
                group_id: self.config.group.clone(),
                member_id: self.member_id.clone(),
                member_epoch: LEAVING,
                ..ShareGroupHeartbeatRequest::default()
            };
            let to = To::Coordinator(CoordinatorKind::Group, self.config.group.clone());
            // A group that does not hear it finds out when the session is over.
            let _told = self.client.ask_once(i16::MAX, &to, &request, deadline).await;
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        lock(&self.state).is_over = true;
    }
}

/// What heartbeats.
struct Heart {
    client: Client,
    config: Arc<ShareConsumerConfig>,
    member_id: Text,
    topics: Arc<[Text]>,
    state: Arc<Mutex<State>>,
    bell: Bell,
    epoch: i32,
    /// What was said before may not have been answered.
    says_all: bool,
}

impl Heart {
    async fn beat(mut self) {
        let clock = self.client.env().clock.clone();
        let mut pause = self.client.config().retry_backoff;
        loop {
            let wait = match self.ask().await {
                Ok(answer) => {
                    pause = self.client.config().retry_backoff;
                    self.heard(answer)
                }
                Err(error) => {
                    let wait = pause;
                    pause = (pause * 2).min(self.client.config().retry_backoff_max);
                    match self.survives(error) {
                        true => wait,
                        false => return,
                    }
                }
            };
            dohle_env::clock::sleep(&*clock, wait).await;
            if lock(&self.state).is_over {
                return;
            }
        }
    }

    async fn ask(&self) -> Result<ShareGroupHeartbeatResponse, Error> {
        let is_joining = self.epoch == JOINING;
        let request = ShareGroupHeartbeatRequest {
            group_id: self.config.group.clone(),
            member_id: self.member_id.clone(),
            member_epoch: self.epoch,
            rack_id: self.config.rack.clone().filter(|_| is_joining),
            // After a failure it says all: who repeats an epoch is told its assignment only then.
            subscribed_topic_names: (is_joining || self.says_all).then(|| self.topics.to_vec()),
            ..ShareGroupHeartbeatRequest::default()
        };
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        let to = To::Coordinator(CoordinatorKind::Group, self.config.group.clone());
        let answer = self.client.ask_once(i16::MAX, &to, &request, deadline).await?;
        Error::check(answer.error_code, answer.error_message.clone())?;
        Ok(answer)
    }

    /// Takes over what the coordinator says; how long until the next heartbeat.
    fn heard(&mut self, answer: ShareGroupHeartbeatResponse) -> Duration {
        self.epoch = answer.member_epoch;
        self.says_all = false;
        if let Some(assignment) = answer.assignment {
            let topics = assignment.topic_partitions.into_iter();
            let assigned = topics.flat_map(|topic| {
                topic.partitions.into_iter().map(move |index| (topic.topic_id, index))
            });
            self.change(|state| state.assigned = assigned.collect());
        }
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or(0);
        Duration::from_millis(interval).max(self.client.config().retry_backoff)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.bell.ring();
    }

    /// Whether heartbeats go on after this failure.
    fn survives(&mut self, error: Error) -> bool {
        self.says_all = true;
        match error.code() {
            Some(ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH) => {
                self.epoch = JOINING;
                self.change(|state| state.assigned.clear());
                true
            }
            _ if error.is_retriable() || matches!(error, Error::TimedOut(_)) => {
                self.client.forget_coordinator(CoordinatorKind::Group, &self.config.group);
                true
            }
            _ => {
                self.change(|state| state.failure = Some(error));
                false
            }
        }
    }
}
