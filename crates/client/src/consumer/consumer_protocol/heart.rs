//! The task that sends a member's heartbeats: one at a time, as often as the coordinator says, and at
//! once where there is something to say.

use super::Shared;
use super::state::After;
use crate::Error;
use crate::cluster::CoordinatorKind;
use dohle_env::clock::Instant;
use dohle_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use dohle_protocol::wire::Request;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What beats.
pub(super) struct Heart(pub(super) Arc<Shared>);

/// What is to be done now.
enum Turn {
    Over,
    /// Nobody polls: the group is to go on without it.
    GiveUp,
    Beat(Box<ConsumerGroupHeartbeatRequest>),
    /// Nothing before that.
    Wait(Instant),
}

impl Heart {
    /// Beats until it is over.
    pub(super) async fn beat(self) {
        let mut due = Instant::default();
        let mut not_before = Instant::default();
        let mut pause = self.0.client.config().retry_backoff;
        loop {
            let count = self.0.changed.count();
            match self.turn(due, not_before) {
                Turn::Over => return,
                Turn::GiveUp => self.give_up().await,
                Turn::Wait(end) => {
                    self.0.changed.after(count, &*self.0.client.env().clock, end).await;
                }
                Turn::Beat(request) => {
                    let Some(answer) = self.unless_over(self.ask(&request)).await else { return };
                    let after = self.hear(answer);
                    let now = self.0.now();
                    match after {
                        None => {
                            due = now + self.0.inner().state.interval;
                            pause = self.0.client.config().retry_backoff;
                        }
                        Some(After::Wait) => due = now,
                        Some(After::Pause | After::FindAgain) => {
                            due = now;
                            not_before = now + self.jittered(pause);
                            pause = (pause * 2).min(self.0.client.config().retry_backoff_max);
                        }
                    }
                }
            }
        }
    }

    fn turn(&self, due: Instant, not_before: Instant) -> Turn {
        let now = self.0.now();
        let mut inner = self.0.inner();
        let overdue = inner.polled + self.0.config.poll_interval_max;
        if inner.is_over {
            return Turn::Over;
        }
        if !inner.state.beats() {
            return Turn::Wait(Instant::NEVER);
        }
        if overdue <= now {
            return Turn::GiveUp;
        }
        let due = if inner.state.has_news() { now } else { due };
        match due.max(not_before) {
            due if due <= now => Turn::Beat(Box::new(inner.state.heartbeat())),
            due => Turn::Wait(due.min(overdue)),
        }
    }

    /// Notes what came; what a failure leaves to do.
    fn hear(&self, answer: Result<ConsumerGroupHeartbeatResponse, Error>) -> Option<After> {
        let heard = answer.and_then(|answer| {
            Error::check(answer.error_code, answer.error_message.clone())?;
            Ok(answer)
        });
        let mut inner = self.0.inner();
        let after = match heard {
            Ok(answer) => {
                inner.state.on_answer(&answer);
                None
            }
            Err(error) => Some(inner.state.on_failure(error)),
        };
        drop(inner);
        if after == Some(After::FindAgain) {
            self.0.client.forget_coordinator(CoordinatorKind::Group, &self.0.group);
        }
        self.0.wake.ring();
        // Names may be missing now.
        self.0.changed.ring();
        after
    }

    async fn ask(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Error> {
        let client = &self.0.client;
        let deadline = self.0.now() + client.config().request_timeout;
        let connection = client.connection(&self.0.coordinator(), deadline).await?;
        let versions = connection.ready(deadline).await?;
        let version = versions.usable::<ConsumerGroupHeartbeatRequest>(i16::MAX)?;
        if version == 0 && request.subscribed_topic_regex.is_some() {
            let api = ConsumerGroupHeartbeatRequest::KEY;
            return Err(Error::UnsupportedVersion { api, offered: versions.offered(api) });
        }
        connection.ask_in(version, request, deadline).await
    }

    /// Nobody polls any more: the group may go on without this member (`max.poll.interval.ms`).
    async fn give_up(&self) {
        let request = {
            let mut inner = self.0.inner();
            let request = inner.state.leaving();
            inner.state.lose();
            request
        };
        if let Some(request) = request {
            let _told = self.unless_over(self.ask(&request)).await;
        }
        self.0.wake.ring();
    }

    /// What comes of `future`; `None` if it is over before.
    async fn unless_over<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut count = self.0.changed.count();
        poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(value));
            }
            loop {
                if self.0.inner().is_over {
                    return Poll::Ready(None);
                }
                if self.0.changed.poll_after(count, cx).is_pending() {
                    return Poll::Pending;
                }
                count = self.0.changed.count();
            }
        })
        .await
    }

    /// A fifth more or less, so that members that failed together do not return together.
    fn jittered(&self, pause: Duration) -> Duration {
        pause.mul_f64(0.8 + self.0.client.env().random.below(400) as f64 / 1000.0)
    }
}
