//! One heartbeat of a member that stays, as it is decided.

use super::heartbeat::Decided;
use super::member::{Member, MemberState};
use super::migration::Former;
use super::pace::{Heard, Pace, Standing};
use super::reconcile::{self, reconcile};
use super::refusal::Refusal;
use super::state::{ConsumerGroup, Resolved};
use super::subscription::{self, Subscriptions};
use super::target::{Basis, Updated};
use super::{Timer, records};
use crate::assign::Partitions;
use crate::group::deciding::Deciding;
use crate::group::{Client, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_response as response;
use dohle_protocol::messages::consumer_group_member_metadata_value::ClassicMemberMetadata;
use dohle_protocol::wire::Text;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A heartbeat under way. The steps come in the order of the functions.
///
/// Any of them may refuse it. What the coordinator alone knows changes with the last one,
/// [`Self::remember`]: a heartbeat that is refused leaves everything as it was.
pub(super) struct Beat<'d, 'a> {
    pub(super) deciding: &'d mut Deciding<'a>,
    pub(super) group_id: Text,
    pub(super) group: &'d ConsumerGroup,
    pub(super) request: m::ConsumerGroupHeartbeatRequest,
    /// What a member of the classic protocol says of itself beside that.
    pub(super) classic: Option<ClassicMemberMetadata>,
    pub(super) pace: Pace,
    pub(super) records: Vec<GroupRecord>,
    /// What the group was until now.
    former: Option<Former>,
    pub(super) member_id: Text,
    /// The static member whose place it takes.
    pub(super) replaced: Option<Text>,
    /// The member as it was: a new one wants nothing and has nothing.
    pub(super) before: Cow<'d, Member>,
    pub(super) is_new: bool,
    /// The member as it will be.
    pub(super) member: Cow<'d, Member>,
    pub(super) resolved: Cow<'d, BTreeMap<Text, Resolved>>,
    pub(super) standing: Standing,
    /// What becomes of the time of the next target.
    next_target: NextTarget,
}

/// What a heartbeat does with the time of the group's next target.
#[derive(Clone, Copy, Debug)]
enum NextTarget {
    AsItWas,
    At(Timestamp),
    /// The target was computed just now.
    None,
}

/// The group that is asked for.
pub(super) struct Place<'d> {
    pub(super) group_id: Text,
    pub(super) group: &'d ConsumerGroup,
    /// What has to be written before: the group may be new.
    pub(super) records: Vec<GroupRecord>,
    /// What it was until now, if that was something else.
    pub(super) former: Option<Former>,
}

impl<'d, 'a> Beat<'d, 'a> {
    /// Finds the member, and takes over what it says of itself.
    pub(super) fn begin(
        deciding: &'d mut Deciding<'a>,
        place: Place<'d>,
        client: Client,
        request: m::ConsumerGroupHeartbeatRequest,
        classic: Option<ClassicMemberMetadata>,
    ) -> Result<Self, Refusal> {
        let Place { group_id, group, records, former } = place;
        let size_max = usize::try_from(deciding.soft.settings.consumer_max_size).unwrap_or(0);
        // An instance that is there takes no new place (KAFKA-20601).
        let instance = request.instance_id.as_ref().and_then(|id| group.static_member(id));
        let has_place = instance.is_some() || group.members.contains_key(&request.member_id);
        if group.members.len() >= size_max && !has_place {
            let message = format!("the group has as many members as it may have: {size_max}");
            return Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message));
        }
        let pace = Pace::of(&group_id, &deciding.soft.image, &deciding.soft.settings);
        let known = group.members.get_key_value(&request.member_id);
        let member_id = known.map_or_else(|| request.member_id.detached(), |(id, _)| id.clone());
        let mut beat = Self {
            deciding,
            pace,
            records,
            former,
            member_id,
            replaced: None,
            before: Cow::Owned(Member::default()),
            is_new: known.is_none(),
            member: Cow::Owned(Member::default()),
            resolved: Cow::Borrowed(&group.resolved),
            standing: Standing {
                epoch: group.epoch,
                target_epoch: group.target.epoch,
                computed_at: group.target.computed_at,
                member_count: group.members.len() + usize::from(known.is_none()),
            },
            next_target: NextTarget::AsItWas,
            group_id,
            group,
            request,
            classic,
        };
        beat.find()?;
        beat.member = beat.before.clone();
        beat.update(client);
        Ok(beat)
    }

    /// Takes all further steps, and answers.
    pub(super) fn finish(mut self) -> Result<Decided, Refusal> {
        self.take_steps()?;
        let answer = self.answer();
        Ok((answer, self.records))
    }

    /// What comes of what the member says.
    pub(super) fn take_steps(&mut self) -> Result<(), Refusal> {
        let has_changed = self.learn()?;
        let target = self.update_target();
        self.reconcile(&target, has_changed)?;
        self.remember();
        Ok(())
    }

    /// The group takes over what the member says: whether the member wants something else now.
    pub(super) fn learn(&mut self) -> Result<bool, Refusal> {
        let before = &self.before.metadata;
        let wants_other_topics =
            self.member.metadata.subscribed_topic_names != before.subscribed_topic_names;
        if self.is_new || self.member.metadata != *before {
            let record = records::member(&self.group_id, &self.member_id, Some(&self.member));
            self.records.push(record);
        }
        let wants_other_regex = self.update_regex()?;
        let has_changed = wants_other_topics || wants_other_regex;
        self.update_epoch(has_changed || self.standing.epoch <= 1);
        Ok(has_changed)
    }

    pub(super) fn is_joining(&self) -> bool {
        self.request.member_epoch == 0
    }

    /// What the request leaves out stays as it was.
    fn update(&mut self, client: Client) {
        let mut metadata = self.member.metadata.clone();
        let request = &self.request;
        let update = |field: &mut Option<Text>, value: &Option<Text>| {
            if let Some(value) = value {
                *field = Some(value.clone());
            }
        };
        update(&mut metadata.instance_id, &request.instance_id);
        update(&mut metadata.rack_id, &request.rack_id);
        update(&mut metadata.server_assignor, &request.server_assignor);
        update(&mut metadata.subscribed_topic_regex, &request.subscribed_topic_regex);
        if request.rebalance_timeout_ms != -1 {
            metadata.rebalance_timeout_ms = request.rebalance_timeout_ms;
        }
        if let Some(names) = &request.subscribed_topic_names {
            let mut names = names.clone();
            names.sort_unstable();
            names.dedup();
            metadata.subscribed_topic_names = names;
        }
        metadata.client_id = client.id;
        metadata.client_host = client.host;
        metadata.classic_member_metadata.clone_from(&self.classic);
        if metadata != self.member.metadata {
            self.member.to_mut().metadata = metadata;
        }
    }

    /// The group's epoch grows if what members want has changed, or what their topics look like.
    fn update_epoch(&mut self, has_changed: bool) {
        if !has_changed && self.deciding.soft.consumer.has_looked(&self.group_id) {
            return;
        }
        let mut subscriptions = Subscriptions::of(self.group);
        subscriptions.remove(&self.before_in_group());
        subscriptions.add(&self.member);
        let soft = &mut *self.deciding.soft;
        let hash =
            subscriptions.metadata_hash(&mut soft.consumer.hashes, &soft.image, &self.resolved);
        if has_changed || hash != self.group.metadata_hash {
            self.standing.epoch = self.group.epoch.saturating_add(1);
            self.records.push(records::epoch(&self.group_id, self.standing.epoch, hash));
        }
        if self.group.has_partition_metadata {
            self.records.push(records::no_partition_metadata(&self.group_id));
        }
    }

    /// The member that the group counts in now.
    fn before_in_group(&self) -> Member {
        let id = self.replaced.as_ref().unwrap_or(&self.member_id);
        self.group.member(id).map(|(_, member)| member.clone()).unwrap_or_default()
    }

    /// Computes a new target if it is time. Gives what the member is to have.
    fn update_target(&mut self) -> Arc<Partitions> {
        let now = self.deciding.now;
        if self.standing.epoch > self.standing.target_epoch {
            let next = self.pace.next_target_at(self.group, now);
            if now >= next {
                return self.compute_target();
            }
            self.next_target = NextTarget::At(next);
        }
        let id = self.replaced.as_ref().unwrap_or(&self.member_id);
        self.group.target_of(id, None)
    }

    fn compute_target(&mut self) -> Arc<Partitions> {
        let now = self.deciding.now;
        let soft = &*self.deciding.soft;
        let basis = Basis {
            group_id: &self.group_id,
            group: self.group,
            resolved: &self.resolved,
            updated: Some(Updated {
                member_id: &self.member_id,
                member: &self.member,
                replaced: self.replaced.as_ref(),
            }),
            image: &soft.image,
            default_assignor: super::default_assignor(&soft.settings),
        };
        self.standing.target_epoch = self.standing.epoch;
        self.standing.computed_at = now;
        self.next_target = NextTarget::None;
        basis.compute(self.standing.epoch, now, &mut self.records)
    }

    pub(super) fn reconcile(
        &mut self,
        target: &Partitions,
        has_changed: bool,
    ) -> Result<(), Refusal> {
        if !has_changed && self.member.is_reconciled_to(self.standing.target_epoch) {
            return Ok(());
        }
        let group = self.group;
        let own = [Some(&self.member_id), self.replaced.as_ref()];
        let is_taken = |topic: &Uuid, partition: i32| {
            group.owner_of(topic, partition).is_some_and(|owner| !own.contains(&Some(owner)))
        };
        let wanted = subscription::ids(&self.member, &self.deciding.soft.image, &self.resolved);
        let surroundings = reconcile::Surroundings {
            wanted: &wanted,
            target_epoch: self.standing.target_epoch,
            target,
            reported: self.request.topic_partitions.as_deref(),
            is_taken: &is_taken,
            has_changed_subscription: has_changed,
        };
        reconcile(self.member.to_mut(), &surroundings).map_err(|_| {
            let message =
                "the member is in an unknown state: give up all partitions and join again";
            Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message)
        })?;
        if self.member.assignment() != self.before.assignment() {
            let record = records::current(&self.group_id, &self.member_id, Some(&self.member));
            self.records.push(record);
        }
        Ok(())
    }

    /// The heartbeat is accepted: what the coordinator alone knows follows it.
    fn remember(&mut self) {
        if let Some(former) = self.former.take() {
            former.give_way(self.deciding, &self.group_id);
        }
        let soft = &mut *self.deciding.soft;
        if let Some(replaced) = &self.replaced {
            super::forget_member(soft, &self.group_id, replaced);
        }
        soft.consumer.look(&self.group_id);
        let timer = crate::group::Timer::Consumer(Timer::Assign(self.group_id.clone()));
        match self.next_target {
            NextTarget::AsItWas => {}
            NextTarget::At(next) => soft.timers.set(timer, next),
            NextTarget::None => soft.timers.cancel(&timer),
        }
        self.set_timers();
    }

    fn set_timers(&mut self) {
        let now = self.deciding.now;
        let key = (&self.group_id, &self.member_id);
        let timers = &mut self.deciding.soft.timers;
        let timer = |timer: fn(Text, Text) -> Timer| {
            crate::group::Timer::Consumer(timer(self.group_id.clone(), self.member_id.clone()))
        };
        let timeout_ms = i64::from(self.member.metadata.rebalance_timeout_ms);
        let in_time = Timestamp(now.0.saturating_add(timeout_ms));
        let was_classic = self.before.classic().is_some();
        if was_classic {
            timers.cancel(&timer(Timer::Join));
        }
        if let Some(classic) = &self.classic {
            super::set_session(timers, key, now, i64::from(classic.session_timeout_ms));
            timers.cancel(&timer(Timer::Rebalance));
            timers.set(timer(Timer::Sync), in_time);
            return;
        }
        if was_classic {
            timers.cancel(&timer(Timer::Sync));
        }
        super::set_session(timers, key, now, self.pace.session_timeout_ms);
        let was_revoking = self.before.state == MemberState::UnrevokedPartitions;
        let is_as_before =
            self.before.epoch == self.member.epoch && self.before.revoking == self.member.revoking;
        if self.member.state != MemberState::UnrevokedPartitions {
            if was_revoking {
                timers.cancel(&timer(Timer::Rebalance));
            }
        } else if !was_revoking || !is_as_before {
            timers.set(timer(Timer::Rebalance), in_time);
        }
    }

    /// The assignment is told to who joins, who tells everything (its last answer may have been lost), and
    /// whose assignment has changed.
    fn answer(&mut self) -> m::ConsumerGroupHeartbeatResponse {
        let request = &self.request;
        let wants =
            request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        let is_full =
            request.rebalance_timeout_ms != -1 && wants && request.topic_partitions.is_some();
        let has_changed = self.member.assigned != self.before.assigned;
        m::ConsumerGroupHeartbeatResponse {
            member_id: Some(self.member_id.clone()),
            member_epoch: self.member.epoch,
            heartbeat_interval_ms: self.interval_ms(),
            assignment: (self.is_joining() || is_full || has_changed).then(|| self.assignment()),
            ..Default::default()
        }
    }

    fn interval_ms(&mut self) -> i32 {
        let now = self.deciding.now;
        let heard = &mut self.deciding.soft.consumer.heard;
        let key = (self.group_id.clone(), self.member_id.clone());
        let least_ms = Heard::least_ms(heard.get(&key).copied(), now);
        let interval_ms =
            self.pace.heartbeat_interval_ms(&self.member, self.standing, least_ms, now);
        heard.insert(key, Heard::new(now, interval_ms, least_ms));
        interval_ms
    }

    fn assignment(&self) -> response::Assignment {
        let topics = self.member.assigned.iter().map(|(topic_id, partitions)| {
            let partitions = partitions.keys().copied().collect();
            response::TopicPartitions { topic_id: *topic_id, partitions, ..Default::default() }
        });
        response::Assignment { topic_partitions: topics.collect(), ..Default::default() }
    }
}
