//! How soon a member shall come again, and how often a target is computed.

use super::member::Member;
use super::state::ConsumerGroup;
use crate::group::Settings;
use dohle_metadata::config::{ConfigResource, ResourceKind, Scope, Value};
use dohle_metadata::image::Image;
use dohle_protocol::ids::Timestamp;

/// What members are told while their group settles: in the smallest group, and in a large one.
const SOON_MS: (i64, i64) = (150, 400);
/// What a member is told whose way nobody knows yet.
///
/// librdkafka gives up a heartbeat that takes longer than the interval, and its connection with it,
/// and so would never hear of a longer one: an interval has to be well above what an answer takes.
const FIRST_MS: i64 = 500;
/// The interval is at least so many times what an answer took.
const TIMES_THE_WAY: i64 = 3;
/// As soon if a group does not settle: somebody takes long to give up what it has to.
const LATER_MS: i64 = 1_000;
/// As long after a new target members are told to come soon.
const PATIENCE_MS: i64 = 10_000;
/// As long after a new target more changes are likely: members start together.
const SETTLING_MS: i64 = 2_000;
/// Left at Kafka's default, the coordinator chooses the interval by the group's size.
const ASSIGNMENT_INTERVAL_DEFAULT_MS: i64 = 1_000;

/// The times that a group goes by, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) session_timeout_ms: i64,
    heartbeat_interval_ms: i64,
    assignment_interval_ms: i64,
}

impl Pace {
    /// A group's own configs within the broker's limits, else the broker's.
    pub(super) fn of(group_id: &str, image: &Image, settings: &Settings) -> Self {
        let configs = image.configs.get(&ConfigResource::new(ResourceKind::Group, group_id));
        let own = |name: &str| {
            let text = configs?.get(name)?;
            match Scope::Group.key(name)?.parse(text) {
                Ok(Value::Integer(number)) => Some(number),
                _ => None,
            }
        };
        let own_within = |name: &str, least: i32, most: i32, default: i32| {
            let [least, most, default] = [least, most.max(least), default].map(i64::from);
            own(name).map_or(default, |value| value.clamp(least, most))
        };
        Self {
            session_timeout_ms: own_within(
                "consumer.session.timeout.ms",
                settings.consumer_min_session_timeout_ms,
                settings.consumer_max_session_timeout_ms,
                settings.consumer_session_timeout_ms,
            ),
            heartbeat_interval_ms: own_within(
                "consumer.heartbeat.interval.ms",
                settings.consumer_min_heartbeat_interval_ms,
                settings.consumer_max_heartbeat_interval_ms,
                settings.consumer_heartbeat_interval_ms,
            ),
            assignment_interval_ms: own("consumer.assignment.interval.ms")
                .unwrap_or_else(|| i64::from(settings.consumer_assignment_interval_ms)),
        }
    }

    /// The earliest time at which the group gets a new target. A clock that was set back delays it
    /// by no more than the interval.
    pub(super) fn next_target_at(&self, group: &ConsumerGroup, now: Timestamp) -> Timestamp {
        let interval_ms = match self.assignment_interval_ms {
            ASSIGNMENT_INTERVAL_DEFAULT_MS => by_size(group.members.len(), 50, 4).min(1_000),
            set => set,
        };
        let next = group.target.computed_at.0.saturating_add(interval_ms);
        Timestamp(next.min(now.0.saturating_add(interval_ms)))
    }

    /// When a member shall come again. `least_ms` is what its way asks for.
    pub(super) fn heartbeat_interval_ms(
        &self,
        member: &Member,
        standing: Standing,
        least_ms: i64,
        now: Timestamp,
    ) -> i32 {
        let since_ms = now.0.saturating_sub(standing.computed_at.0);
        let is_settled = standing.epoch == standing.target_epoch
            && member.is_reconciled_to(standing.target_epoch);
        let interval = if is_settled && !(0..SETTLING_MS).contains(&since_ms) {
            self.heartbeat_interval_ms
        } else if since_ms < PATIENCE_MS {
            by_size(standing.member_count, SOON_MS.0, 4).min(SOON_MS.1).max(least_ms)
        } else {
            LATER_MS.max(least_ms)
        };
        i32::try_from(interval.min(self.heartbeat_interval_ms)).unwrap_or(i32::MAX)
    }
}

/// When a member was heard of, and what it was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    at: Timestamp,
    interval_ms: i64,
    least_ms: i64,
}

impl Heard {
    /// The least interval of a member that is heard of now. Nobody comes sooner than the way of the
    /// last answer and of this request takes, wherever the member has it from to come.
    pub(super) fn least_ms(last: Option<Self>, now: Timestamp) -> i64 {
        let Some(last) = last else { return FIRST_MS };
        let after_ms = now.0.saturating_sub(last.at.0).max(0);
        let way_ms =
            if after_ms < last.interval_ms { after_ms } else { after_ms - last.interval_ms };
        // A member that does something else meanwhile says nothing of its way.
        way_ms.saturating_mul(TIMES_THE_WAY).min(last.least_ms.max(FIRST_MS))
    }

    pub(super) fn new(at: Timestamp, interval_ms: i32, least_ms: i64) -> Self {
        Self { at, interval_ms: i64::from(interval_ms), least_ms }
    }
}

/// How far a group is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) epoch: i32,
    pub(super) target_epoch: i32,
    /// When the target was computed.
    pub(super) computed_at: Timestamp,
    pub(super) member_count: usize,
}

/// A time that grows by one millisecond for so many members.
fn by_size(member_count: usize, least_ms: i64, members: usize) -> i64 {
    least_ms + i64::try_from(member_count / members).unwrap_or(i64::MAX / 2)
}
