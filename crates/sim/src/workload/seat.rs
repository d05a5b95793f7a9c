//! What members of groups have in common: a name, a connection, and what they tell the history.

use super::reading::creation;
use crate::checker::{Group, History, Known, Times};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::{Request, Text};
use std::time::Duration;

/// The topic whose offsets are committed. It has no records: nobody but members knows it.
pub(super) const TOPIC: &str = "members-commit-to-this";
/// Partitions that members share out. The topic has as many.
pub(super) const PARTITIONS: i32 = 5;
/// Heartbeats without a complaint after which a member is stable.
pub(super) const STABLE_BEATS: u32 = 5;

/// A member's place in the world.
pub(super) struct Seat {
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) history: History,
    /// The generation of the history in which it began.
    pub(super) power: u32,
    pub(super) has_coordinator: bool,
    /// Its group's id, and what members know of it.
    pub(super) group_id: &'static str,
    group: fn(&mut Known) -> &mut Group,
}

/// What an answer says to a member that goes on.
pub(super) enum News {
    /// It must be somebody else, or begin anew.
    Unknown,
    /// The coordinator cannot be asked now.
    Away,
    /// An error of its own protocol.
    Other,
}

impl Seat {
    pub(super) fn new(
        name: String,
        client: Client,
        history: History,
        (group_id, group): (&'static str, fn(&mut Known) -> &mut Group),
    ) -> Self {
        Self { name, client, history, power: 0, has_coordinator: false, group_id, group }
    }

    pub(super) async fn pause(&mut self, milliseconds: u64) {
        let pause = 1 + self.client.env().random.below(milliseconds);
        self.client.pause(Duration::from_millis(pause)).await;
    }

    /// Looks at the group, as it is since the last power loss.
    pub(super) fn group<T>(&self, look: impl FnOnce(&mut Group, &str) -> T) -> T {
        let mut known = self.history.known();
        let power = known.generation;
        let group = (self.group)(&mut known);
        group.on_power(power);
        look(group, &self.name)
    }

    /// Whether no power was lost since this member began.
    pub(super) fn has_power(&self) -> bool {
        self.history.known().generation == self.power
    }

    /// Whether a membership may begin: clients do not wait, and the coordinator is known. After a power loss
    /// the member is somebody new.
    pub(super) async fn may_join(&mut self, id: &mut Text) -> bool {
        let Times { is_closed, is_ending } = self.history.times();
        if is_closed {
            return false;
        }
        if self.begin() {
            *id = Text::default();
        }
        if is_ending {
            let pending = Some("its group has not settled".to_owned());
            self.history.set_pending(&self.name, pending);
        }
        self.has_coordinator || self.find_coordinator().await
    }

    /// Begins after a power loss; true if there was one.
    fn begin(&mut self) -> bool {
        let power = self.history.known().generation;
        let is_new = self.power != power;
        if is_new {
            (self.power, self.has_coordinator) = (power, false);
        }
        is_new
    }

    pub(super) fn violate(&self, what: impl std::fmt::Display) {
        self.history.violate(format!("{}: {what}", self.name));
    }

    pub(super) fn judge(&self, verdict: Result<(), String>) {
        if let Err(what) = verdict {
            self.violate(what);
        }
    }

    /// Asks the group's coordinator.
    pub(super) async fn ask<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        self.ask_to(To::Group(self.group_id), version, request).await
    }

    async fn ask_to<R: Request>(
        &mut self,
        to: To<'_>,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        match self.client.ask_to(to, version, request).await {
            Ok(answer) => Some(answer),
            Err(NoAnswer::Wrong(what)) => {
                self.violate(format!("a wrong answer: {what}"));
                None
            }
            Err(NoAnswer::Broken(_) | NoAnswer::Late) => None,
        }
    }

    /// Sees to it that the topic is there, and its group's coordinator.
    async fn find_coordinator(&mut self) -> bool {
        let creation = creation(TOPIC, PARTITIONS);
        let Some(made) = self.ask_to(To::Any, 5, &creation).await else { return false };
        let is_there = made.topics.iter().any(|topic| {
            matches!(topic.error_code, ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS)
        });
        let request = m::FindCoordinatorRequest { key: self.group_id.into(), ..Default::default() };
        let Some(answer) = self.ask_to(To::Any, 3, &request).await else { return false };
        self.has_coordinator = is_there && answer.error_code == ErrorCode::NONE;
        if !self.has_coordinator {
            let (name, error) = (&self.name, answer.error_code);
            self.history.trace().line(format_args!("{name}: {is_there}, coordinator {error}"));
        }
        self.has_coordinator
    }

    /// Writes an error down and says what it means to any member.
    pub(super) fn news_of(&mut self, what: &str, error: ErrorCode) -> News {
        self.client.on_error(To::Group(self.group_id), error);
        self.history.trace().line(format_args!("{}: {what} is answered {error}", self.name));
        match error {
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_INSTANCE_ID => News::Unknown,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::REQUEST_TIMED_OUT => News::Away,
            _other => News::Other,
        }
    }

    /// Somebody commits `offset`.
    pub(super) fn commit_of(
        &self,
        partition: i32,
        offset: i64,
    ) -> m::offset_commit_request::OffsetCommitRequestTopic {
        let row = m::offset_commit_request::OffsetCommitRequestPartition {
            partition_index: partition,
            committed_offset: offset,
            committed_metadata: Some(self.name.clone().into()),
            ..Default::default()
        };
        m::offset_commit_request::OffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: vec![row],
            ..Default::default()
        }
    }

    /// In the end, with `members` members that have settled, there is nothing left to do.
    pub(super) fn tell_settled(&self, has_settled: bool, is_ending: bool) {
        if is_ending && has_settled {
            self.history.trace().sometimes("a group settled");
            self.history.set_pending(&self.name, None);
        }
    }
}
