//! A member's pulse: its heartbeats, from the end of one join to the beginning of the next, and
//! what they brought to light.

use super::member::{Identity, leave};
use crate::Error;
use crate::cluster::{Client, CoordinatorKind, To};
use crate::consumer::ConsumerConfig;
use crate::wait::lock;
use dohle_env::clock::{Instant, sleep};
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::HeartbeatRequest;
use dohle_protocol::wire::Text;
use std::sync::{Arc, Mutex};

/// What the heartbeats' task and the member tell each other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// Nobody wants to know any more.
    pub(super) is_over: bool,
    /// The group is dealing out anew.
    pub(super) must_rejoin: bool,
    /// The group goes on without this member.
    pub(super) must_forget: bool,
    /// Another consumer has taken this static member's place, for good.
    pub(super) is_fenced: bool,
    /// When the member was looked after last: heartbeats alone do not keep it.
    pub(super) polled: Instant,
}

/// The pulse of one membership; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<Mutex<State>>);

impl Pulse {
    /// Changes what is known, and says what is known then.
    pub(super) fn tell(&self, change: impl FnOnce(&mut State)) -> State {
        let mut state = lock(&self.0);
        change(&mut state);
        *state
    }

    /// What is known.
    pub(super) fn state(&self) -> State {
        *lock(&self.0)
    }

    /// Beats for this member from now on, until it is over.
    pub(super) fn start(
        &self,
        client: Client,
        config: Arc<ConsumerConfig>,
        group: Text,
        identity: &Identity,
    ) {
        let tasks = client.env().tasks.clone();
        let heart =
            Heart { pulse: self.clone(), client, config, group, identity: identity.clone() };
        tasks.spawn(Home::Here, Box::pin(heart.beat()));
    }
}

/// What beats.
struct Heart {
    pulse: Pulse,
    client: Client,
    config: Arc<ConsumerConfig>,
    group: Text,
    identity: Identity,
}

impl Heart {
    async fn beat(self) {
        let clock = self.client.env().clock.clone();
        let mut heard = clock.now();
        loop {
            sleep(&*clock, self.config.heartbeat_interval).await;
            let state = self.pulse.state();
            if state.is_over {
                return;
            }
            if clock.now() >= state.polled + self.config.poll_interval_max {
                return self.give_up().await;
            }
            match self.ask().await {
                Ok(()) => heard = clock.now(),
                Err(error) => {
                    if !self.survives(&error) {
                        return;
                    }
                    if clock.now() >= heard + self.config.session_timeout {
                        self.pulse.tell(|state| state.must_forget = true);
                        return;
                    }
                }
            }
        }
    }

    async fn ask(&self) -> Result<(), Error> {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            ..HeartbeatRequest::default()
        };
        let deadline = self.client.env().clock.now() + self.config.session_timeout;
        let answer = self.client.ask_once(i16::MAX, &self.coordinator(), &request, deadline).await;
        Error::check(answer?.error_code, None)
    }

    fn coordinator(&self) -> To {
        To::Coordinator(CoordinatorKind::Group, self.group.clone())
    }

    /// Nobody polls any more: the group may go on without this member (`max.poll.interval.ms`).
    async fn give_up(&self) {
        self.pulse.tell(|state| state.must_forget = true);
        let why = "consumer poll timeout has expired.";
        leave(&self.client, &self.config, &self.group, &self.identity, why).await;
    }

    /// Whether heartbeats go on after this failure.
    fn survives(&self, error: &Error) -> bool {
        match error.code() {
            Some(ErrorCode::REBALANCE_IN_PROGRESS) => {
                self.pulse.tell(|state| state.must_rejoin = true);
                true
            }
            Some(ErrorCode::ILLEGAL_GENERATION | ErrorCode::UNKNOWN_MEMBER_ID) => {
                self.pulse.tell(|state| state.must_forget = true);
                false
            }
            Some(ErrorCode::FENCED_INSTANCE_ID) => {
                self.pulse.tell(|state| state.is_fenced = true);
                false
            }
            _ => {
                self.client.forget_coordinator(CoordinatorKind::Group, &self.group);
                true
            }
        }
    }
}
