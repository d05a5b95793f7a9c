//! Administration: what Kafka's admin client can do, one method a call.
//!
//! Every call goes to who can serve it, is tried again where that can help, and ends within
//! `default.api.timeout.ms`. What a broker says of one topic, group or resource among several is
//! part of the result; an `Err` is the whole call's.

mod cluster;
mod configs;
mod groups;
mod offsets;
mod partitions;
mod replicas;
mod security;
mod share;
mod streams;
mod tokens;
mod topics;
mod transactions;

pub use cluster::{BrokerVersions, Cluster};
pub use configs::{ConfigChange, ResourceType};
pub(crate) use groups::commits;
pub use groups::{CommittedOffset, DescribedGroup, GroupListing, GroupMember};
pub use offsets::{OffsetAt, OffsetSpec};
pub use partitions::Reassignment;
pub use replicas::{ReplicaPart, ReplicaParts, ReplicaPlace};
pub use topics::{DescribedPartition, DescribedTopic, NewTopic, TopicListing};

use crate::Error;
use crate::cluster::{Client, CoordinatorKind, To};
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Request;

/// An administrator of a cluster.
#[derive(Clone)]
pub struct Admin {
    client: Client,
}

impl Admin {
    /// An administrator that asks with `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whom it asks with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks until `look` finds an answer that is no failure, or one that is final. `name` is
    /// Kafka's name for the call, as people know it from errors.
    async fn call<R: Request, T>(
        &self,
        name: &'static str,
        to: To,
        request: &R,
        look: impl Fn(R::Response) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let mut retry = self.client.retry();
        loop {
            let answer = self.client.ask_once(i16::MAX, &to, request, retry.deadline).await;
            let was_asked = answer.is_ok();
            let error = match answer.and_then(&look) {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            match (&to, error.code()) {
                (To::Controller, Some(ErrorCode::NOT_CONTROLLER)) => {
                    self.client.forget_controller()
                }
                (To::Coordinator(kind, key), _) => self.client.forget_coordinator(*kind, key),
                (To::Any | To::Broker(_) | To::Controller, _) => {}
            }
            // What does not exist will not come to be by asking again.
            if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
                return Err(error);
            }
            match retry.after(error).await {
                Ok(()) => {}
                Err(Error::Disconnected(_)) if !was_asked => {
                    return Err(Error::TimedOut(format!(
                        "Timed out waiting for a node assignment. Call: {name}"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Who coordinates a group.
    fn group(id: &str) -> To {
        To::Coordinator(CoordinatorKind::Group, id.into())
    }

    /// How long a broker may take for a call, as requests say it.
    fn timeout_ms(&self) -> i32 {
        i32::try_from(self.client.config().request_timeout.as_millis()).unwrap_or(i32::MAX)
    }
}
