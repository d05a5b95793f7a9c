//! Groups of the consumer protocol (KIP-848): the coordinator decides who has what.
//!
//! A group has an epoch, which grows when members, subscriptions or topics change; a target, which
//! an assignor makes for an epoch; and members, each on its own way from what it has to its target.
//! A partition goes from one member to another only once the first has given it up.

mod apply;
mod beat;
mod classic_member;
mod commit;
mod describe;
mod embedded;
mod entrance;
mod heartbeat;
mod leave;
mod member;
mod metadata_hash;
mod migration;
mod pace;
mod reconcile;
mod records;
mod refusal;
mod regex;
mod resolving;
mod state;
mod subscription;
mod target;
#[cfg(test)]
mod tests;

use super::deciding::Deciding;
use super::{Group, Leadership, Settings};
use crate::assign::Assignor;
use crate::timers::Timers;
pub(super) use apply::apply;
pub(super) use classic_member::{heartbeat_classic, join_classic, leave_classic, sync_classic};
pub(super) use commit::{check_commit, check_committer, check_fetch};
pub(super) use describe::{describe, listed};
use dohle_metadata::image::Image;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;
pub(super) use heartbeat::heartbeat;
use member::Member;
use metadata_hash::TopicHashes;
use pace::{Heard, Pace};
pub(super) use state::{ConsumerGroup, State};
use std::collections::BTreeMap;

/// What the coordinator alone knows of consumer groups.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// How often the cluster has changed.
    image: u64,
    /// How often topics came or went.
    topics: u64,
    topic_names: Vec<Text>,
    hashes: TopicHashes,
    /// What each group has taken into account.
    seen: BTreeMap<Text, Seen>,
    /// When members were heard of last, by group and id.
    heard: BTreeMap<(Text, Text), Heard>,
}

/// Which state of the cluster a group knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    image: u64,
    topics: u64,
}

impl Sessions {
    fn seen(&self, group_id: &Text) -> Option<Seen> {
        self.seen.get(group_id).copied()
    }

    /// Whether the group has taken the cluster as it is now into account.
    fn has_looked(&self, group_id: &Text) -> bool {
        self.seen(group_id) == Some(Seen { image: self.image, topics: self.topics })
    }

    /// The group has taken the cluster as it is now into account.
    fn look(&mut self, group_id: &Text) {
        if !self.has_looked(group_id) {
            let now = Seen { image: self.image, topics: self.topics };
            self.seen.insert(group_id.clone(), now);
        }
    }

    fn on_image(&mut self, image: &Image) {
        self.image += 1;
        self.hashes.on_image(image);
        let names = || image.topics.iter().map(|topic| &topic.name);
        if !names().eq(self.topic_names.iter()) {
            self.topic_names = names().cloned().collect();
            self.topics += 1;
        }
    }
}

/// What a consumer group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A member's session ends: group and member.
    Session(Text, Text),
    /// A member has not given up in time what it had to: group and member.
    Rebalance(Text, Text),
    /// A member of the classic protocol has not joined again in time: group and member.
    Join(Text, Text),
    /// A member of the classic protocol has not asked for its assignment: group and member.
    Sync(Text, Text),
    /// A group may get a new target.
    Assign(Text),
}

impl Timer {
    fn group_id(&self) -> &Text {
        match self {
            Self::Session(group_id, _)
            | Self::Rebalance(group_id, _)
            | Self::Join(group_id, _)
            | Self::Sync(group_id, _)
            | Self::Assign(group_id) => group_id,
        }
    }
}

/// About so many bytes of tombstones are written at most when members' time is over: they are one batch.
const TOMBSTONES_BYTES_MAX: usize = 256 * 1024;
/// A member has so many tombstones, each with the ids of the group and of the member.
const TOMBSTONES_OF_MEMBER: usize = 3;

/// When what was refused is tried again at the soonest: a member may have no time at all.
const RETRY_MS: i64 = 500;

/// The coordinator has just loaded: every member has a whole session from now on.
pub(super) fn begin_sessions(deciding: &mut Deciding<'_>) {
    for (id, group) in &deciding.hard.groups {
        if let Group::Consumer(group) = group {
            begin_sessions_of(deciding, id, group, 0);
        }
    }
}

/// What was decided last of this group got no place in the log: the timers that it took or cancelled are
/// set as after a load, and the group has not seen the cluster.
pub(super) fn reload(deciding: &mut Deciding<'_>, id: &Text) {
    deciding.soft.consumer.seen.remove(id);
    if let Some(Group::Consumer(group)) = deciding.hard.groups.get(id) {
        begin_sessions_of(deciding, id, group, RETRY_MS);
    }
}

/// Sets the timers that the group's members have not, `least_ms` from now or later.
fn begin_sessions_of(
    deciding: &mut Deciding<'_>,
    group_id: &Text,
    group: &ConsumerGroup,
    least_ms: i64,
) {
    let (soft, now) = (&mut *deciding.soft, deciding.now);
    let pace = Pace::of(group_id, &soft.image, &soft.settings);
    for (member_id, member) in &group.members {
        let session_ms = match member.classic() {
            Some(classic) => i64::from(classic.session_timeout_ms),
            None => pace.session_timeout_ms,
        };
        let mut set = |timer: fn(Text, Text) -> Timer, ms: i64| {
            let timer = super::Timer::Consumer(timer(group_id.clone(), member_id.clone()));
            if !soft.timers.is_set(&timer) {
                soft.timers.set(timer, Timestamp(now.0.saturating_add(ms.max(least_ms))));
            }
        };
        set(Timer::Session, session_ms);
        if member.is_revoking() {
            set(Timer::Rebalance, i64::from(member.metadata.rebalance_timeout_ms));
        }
    }
}

/// The cluster has changed: groups look at it with their next heartbeat.
pub(super) fn on_metadata(deciding: &mut Deciding<'_>) {
    let soft = &mut *deciding.soft;
    soft.consumer.on_image(&soft.image);
}

/// A group's time has come. What of the same group is due at once, too, is done at once: whose time is
/// over leaves together.
pub(super) fn on_timer(deciding: &mut Deciding<'_>, timer: Timer) {
    let group_id = timer.group_id().clone();
    let Some(Group::Consumer(group)) = deciding.hard.groups.get(&group_id) else { return };
    let (mut overdue, mut is_to_assign, mut bytes) = (BTreeMap::new(), false, 0);
    let mut next = Some(timer);
    while let Some(timer) = next {
        match &timer {
            Timer::Assign(_) => is_to_assign = true,
            Timer::Session(_, id)
            | Timer::Join(_, id)
            | Timer::Sync(_, id)
            | Timer::Rebalance(_, id) => {
                let found = group.member(id);
                let is_over = |member: &Member| {
                    !matches!(timer, Timer::Rebalance(..)) || member.is_revoking()
                };
                if let Some((id, member)) = found.filter(|(_, member)| is_over(member)) {
                    bytes += (group_id.len() + id.len()) * TOMBSTONES_OF_MEMBER;
                    overdue.insert(id, member);
                }
            }
        }
        let is_of_group = |timer: &super::Timer| matches!(timer, super::Timer::Consumer(timer) if *timer.group_id() == group_id);
        let is_full = bytes > TOMBSTONES_BYTES_MAX;
        let now = deciding.now;
        next = match (!is_full).then(|| deciding.soft.timers.take_due_if(now, is_of_group)) {
            Some(Some(super::Timer::Consumer(timer))) => Some(timer),
            _ => None,
        };
    }
    let members: Vec<_> = overdue.into_iter().collect();
    if !members.is_empty() {
        for record in leave::fence(deciding, &group_id, group, &members) {
            deciding.write(record);
        }
    } else if is_to_assign {
        assign(deciding, &group_id, group);
    }
}

/// The time has come for a new target.
fn assign(deciding: &mut Deciding<'_>, group_id: &Text, group: &ConsumerGroup) {
    if group.is_empty() || group.epoch <= group.target.epoch {
        return;
    }
    let basis = target::Basis {
        group_id,
        group,
        resolved: &group.resolved,
        updated: None,
        image: &deciding.soft.image,
        default_assignor: default_assignor(&deciding.soft.settings),
    };
    let mut records = Vec::new();
    basis.compute(group.epoch, deciding.now, &mut records);
    for record in records {
        deciding.write(record);
    }
}

/// Whether nobody is in the group.
pub(super) fn is_empty(group: &ConsumerGroup) -> bool {
    group.is_empty()
}

/// Whether a member reads the topic.
pub(super) fn is_subscribed_to(group: &ConsumerGroup, topic: &str) -> bool {
    group.is_subscribed_to(topic)
}

/// Writes the tombstones of all that the log has of the group, and forgets its timers.
pub(super) fn delete(deciding: &mut Deciding<'_>, group_id: &Text) {
    let Some(Group::Consumer(group)) = deciding.hard.groups.get(group_id) else { return };
    for record in leave::tombstones(group_id, group) {
        deciding.write(record);
    }
    forget(deciding, group_id, group);
}

/// The coordinator forgets what it knows of the group beside the log.
fn forget(deciding: &mut Deciding<'_>, group_id: &Text, group: &ConsumerGroup) {
    let soft = &mut *deciding.soft;
    for member_id in group.members.keys() {
        forget_member(soft, group_id, member_id);
    }
    soft.timers.cancel(&super::Timer::Consumer(Timer::Assign(group_id.clone())));
    soft.consumer.seen.remove(group_id);
}

/// The assignor of groups whose members ask for none: the first of the config.
fn default_assignor(settings: &Settings) -> Assignor {
    let named = settings.consumer_assignors.iter().find_map(|config| refusal::named(config));
    named.and_then(Assignor::by_name).unwrap_or(Assignor::Uniform)
}

fn set_session(
    timers: &mut Timers<super::Timer>,
    (group_id, member_id): (&Text, &Text),
    now: Timestamp,
    session_ms: i64,
) {
    let timer = Timer::Session(group_id.clone(), member_id.clone());
    timers.set(super::Timer::Consumer(timer), Timestamp(now.0.saturating_add(session_ms)));
}

/// The member is gone: nothing is remembered of it.
fn forget_member(soft: &mut Leadership, group_id: &Text, member_id: &Text) {
    soft.consumer.heard.remove(&(group_id.clone(), member_id.clone()));
    for timer in [Timer::Session, Timer::Rebalance, Timer::Join, Timer::Sync] {
        let timer = timer(group_id.clone(), member_id.clone());
        soft.timers.cancel(&super::Timer::Consumer(timer));
    }
}
