//! One heartbeat of a member that stays, as it is decided.

use super::heartbeat::Decided;
use super::member::{LEFT_STATIC_EPOCH, Member, MemberState};
use super::pace::Pace;
use super::reconcile::{self, reconcile};
use super::refusal::Refusal;
use super::state::{ConsumerGroup, Resolved};
use super::subscription::{self, Subscriptions};
use super::target::{Basis, Updated};
use super::{Timer, records, regex};
use crate::assign::Partitions;
use crate::group::deciding::Deciding;
use crate::group::{Client, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::consumer_group_heartbeat_response as response;
use dohle_protocol::wire::Text;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A heartbeat under way. The steps come in the order of the functions.
pub(super) struct Beat<'d, 'a> {
    deciding: &'d mut Deciding<'a>,
    group_id: Text,
    group: &'d ConsumerGroup,
    request: m::ConsumerGroupHeartbeatRequest,
    pace: Pace,
    records: Vec<GroupRecord>,
    member_id: Text,
    /// The static member whose place it takes.
    replaced: Option<Text>,
    /// The member as it was: a new one wants nothing and has nothing.
    before: Cow<'d, Member>,
    is_new: bool,
    /// The member as it will be.
    member: Member,
    resolved: Cow<'d, BTreeMap<Text, Resolved>>,
    epoch: i32,
    target_epoch: i32,
    computed_at: Timestamp,
}

impl<'d, 'a> Beat<'d, 'a> {
    /// Finds the member, and takes over what it says of itself.
    pub(super) fn begin(
        deciding: &'d mut Deciding<'a>,
        client: Client,
        group_id: Text,
        group: &'d ConsumerGroup,
        request: m::ConsumerGroupHeartbeatRequest,
        records: Vec<GroupRecord>,
    ) -> Result<Self, Refusal> {
        let size_max = usize::try_from(deciding.soft.settings.consumer_max_size).unwrap_or(0);
        if group.members.len() >= size_max && !group.members.contains_key(&request.member_id) {
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
            member_id,
            replaced: None,
            before: Cow::Owned(Member::default()),
            is_new: known.is_none(),
            member: Member::default(),
            resolved: Cow::Borrowed(&group.resolved),
            epoch: group.epoch,
            target_epoch: group.target.epoch,
            computed_at: group.target.computed_at,
            group_id,
            group,
            request,
        };
        match beat.request.instance_id.clone() {
            None => beat.find_dynamic()?,
            Some(instance_id) => beat.find_static(&instance_id)?,
        }
        beat.member = beat.before.clone().into_owned();
        beat.update(client);
        Ok(beat)
    }

    /// Takes all further steps, and answers.
    pub(super) fn finish(mut self) -> Result<Decided, Refusal> {
        let before = &self.before.metadata;
        let wants_other_topics =
            self.member.metadata.subscribed_topic_names != before.subscribed_topic_names;
        if self.is_new || self.member.metadata != *before {
            let record = records::member(&self.group_id, &self.member_id, Some(&self.member));
            self.records.push(record);
        }
        let wants_other_regex = self.update_regex()?;
        let has_changed = wants_other_topics || wants_other_regex;
        self.update_epoch(has_changed || self.epoch <= 1);
        let target = self.update_target();
        self.reconcile(&target, has_changed)?;
        self.set_timers();
        let answer = self.answer();
        Ok((answer, self.records))
    }

    fn is_joining(&self) -> bool {
        self.request.member_epoch == 0
    }

    fn find_dynamic(&mut self) -> Result<(), Refusal> {
        match self.group.members.get(&self.member_id) {
            Some(member) => {
                self.check_epoch(member)?;
                self.before = Cow::Borrowed(member);
                Ok(())
            }
            None if self.is_joining() => Ok(()),
            None => Err(Refusal::unknown_member(&self.group_id, &self.member_id)),
        }
    }

    fn find_static(&mut self, instance_id: &Text) -> Result<(), Refusal> {
        let existing = self.group.static_member(instance_id);
        if !self.is_joining() {
            let Some((id, member)) = existing else {
                let message = format!("there is no instance {instance_id} in the group");
                return Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message));
            };
            check_instance(instance_id, id, &self.member_id)?;
            self.check_epoch(member)?;
            self.before = Cow::Borrowed(member);
            return Ok(());
        }
        let Some((old_id, old)) = existing else {
            if let Some(member) = self.group.members.get(&self.member_id) {
                self.before = Cow::Borrowed(member);
            }
            return Ok(());
        };
        if old.epoch != LEFT_STATIC_EPOCH && old.classic().is_none() {
            let message = format!("instance {instance_id} is still member {old_id}");
            return Err(Refusal::new(ErrorCode::UNRELEASED_INSTANCE_ID, message));
        }
        self.replace(old_id, old);
        Ok(())
    }

    /// A static member comes back under another id: all that it had is now that one's.
    fn replace(&mut self, old_id: &Text, old: &Member) {
        let mut member = Member { epoch: 0, previous_epoch: 0, ..old.clone() };
        member.reset_epochs();
        let (group_id, id) = (&self.group_id, &self.member_id);
        let target = self.group.target_of(old_id, None);
        self.records.extend([
            records::current(group_id, old_id, None),
            records::target(group_id, old_id, None),
            records::member(group_id, old_id, None),
            records::member(group_id, id, Some(&member)),
            records::target(group_id, id, Some(&target)),
            records::current(group_id, id, Some(&member)),
        ]);
        let timers = &mut self.deciding.soft.timers;
        super::cancel_timers(timers, group_id, old_id);
        self.replaced = Some(old_id.clone());
        self.before = Cow::Owned(member);
        self.is_new = false;
    }

    /// The epoch before is accepted with no more than what the member has: the answer with the new
    /// one may have been lost. Epoch 0 begins anew.
    fn check_epoch(&self, member: &Member) -> Result<(), Refusal> {
        let epoch = self.request.member_epoch;
        let owned = self.request.topic_partitions.as_deref();
        let has_all = |owned: &[TopicPartitions]| {
            owned.iter().all(|topic| {
                let Some(assigned) = member.assigned.get(&topic.topic_id) else { return false };
                topic.partitions.iter().all(|partition| assigned.contains_key(partition))
            })
        };
        if epoch == 0 || epoch == member.epoch {
            return Ok(());
        }
        if epoch < member.epoch && epoch == member.previous_epoch && owned.is_some_and(has_all) {
            return Ok(());
        }
        let message = format!(
            "member epoch {epoch} is not {}: give up all partitions and join again",
            member.epoch
        );
        Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
    }

    /// What the request leaves out stays as it was.
    fn update(&mut self, client: Client) {
        let metadata = &mut self.member.metadata;
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
        metadata.classic_member_metadata = None;
    }

    /// True if the member subscribed to another expression, or if one stands for other topics now.
    fn update_regex(&mut self) -> Result<bool, Refusal> {
        let (old, new) = (self.before.regex().cloned(), self.member.regex().cloned());
        let mut has_changed = old != new;
        let count = |regex: &Text| self.group.regex_counts.get(regex).copied().unwrap_or(0);
        if has_changed {
            if let Some(old) = old.filter(|old| count(old) <= 1) {
                self.records.push(records::regex(&self.group_id, &old, None));
                self.resolved.to_mut().remove(&old);
            }
            if let Some(new) = new.filter(|new| count(new) == 0) {
                let compiled = regex::compile(&new).map_err(|wrong| {
                    let message = format!("{new} is no regular expression: {wrong}");
                    Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, message)
                })?;
                self.resolve(&new, &compiled);
            }
        }
        let seen = self.deciding.soft.consumer.seen(&self.group_id);
        let has_new_topics =
            seen.is_none_or(|seen| seen.topics != self.deciding.soft.consumer.topics);
        let refresh_ms = i64::from(self.deciding.soft.settings.consumer_regex_refresh_interval_ms);
        let oldest = Timestamp(self.deciding.now.0.saturating_sub(refresh_ms));
        let subscribed: Vec<Text> =
            self.group.regex_counts.keys().chain(self.member.regex()).cloned().collect();
        for expression in subscribed {
            let known = self.resolved.get(&expression);
            if !has_new_topics && known.is_some_and(|known| known.at > oldest) {
                continue;
            }
            // An expression that a newer coordinator accepted stands for nothing here.
            let Ok(compiled) = regex::compile(&expression) else { continue };
            has_changed |= self.resolve(&expression, &compiled);
        }
        Ok(has_changed)
    }

    /// Finds what an expression stands for. True if that is not what it was.
    fn resolve(&mut self, expression: &Text, compiled: &::regex::Regex) -> bool {
        let now = self.deciding.now;
        let image = &self.deciding.soft.image;
        let topics = regex::resolve(compiled, image);
        let known = self.resolved.get(expression);
        if known.is_some_and(|known| known.topics == topics && known.at == now) {
            return false;
        }
        let has_changed = known.is_none_or(|known| known.topics != topics);
        let version = image.provenance.offset;
        let record =
            records::regex(&self.group_id, expression, Some((topics.clone(), version, now)));
        self.records.push(record);
        self.resolved.to_mut().insert(expression.clone(), Resolved { topics, at: now });
        has_changed
    }

    /// The group's epoch grows if what members want has changed, or what their topics look like.
    fn update_epoch(&mut self, has_changed: bool) {
        let soft = &mut *self.deciding.soft;
        let has_looked = soft.consumer.look(&self.group_id);
        if has_looked && !has_changed {
            return;
        }
        let mut subscriptions = Subscriptions::of(self.group);
        subscriptions.remove(&self.before_in_group());
        subscriptions.add(&self.member);
        let soft = &mut *self.deciding.soft;
        let hash =
            subscriptions.metadata_hash(&mut soft.consumer.hashes, &soft.image, &self.resolved);
        if has_changed || hash != self.group.metadata_hash {
            self.epoch = self.group.epoch.saturating_add(1);
            self.records.push(records::epoch(&self.group_id, self.epoch, hash));
        }
        if self.group.has_partition_metadata {
            self.records.push(records::no_partition_metadata(&self.group_id));
        }
    }

    /// The member that the group counts in now.
    fn before_in_group(&self) -> Member {
        let id = self.replaced.as_ref().unwrap_or(&self.member_id);
        self.group.members.get(id).cloned().unwrap_or_default()
    }

    /// Computes a new target if it is time. Gives what the member is to have.
    fn update_target(&mut self) -> Arc<Partitions> {
        let now = self.deciding.now;
        if self.epoch > self.target_epoch {
            let next = self.pace.next_target_at(self.group, now);
            if now >= next {
                return self.compute_target();
            }
            let timer = Timer::Assign(self.group_id.clone());
            self.deciding.soft.timers.set(crate::group::Timer::Consumer(timer), next);
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
        self.target_epoch = self.epoch;
        self.computed_at = now;
        let target = basis.compute(self.epoch, now, &mut self.records);
        let timer = Timer::Assign(self.group_id.clone());
        self.deciding.soft.timers.cancel(&crate::group::Timer::Consumer(timer));
        target
    }

    fn reconcile(&mut self, target: &Partitions, has_changed: bool) -> Result<(), Refusal> {
        if !has_changed && self.member.is_reconciled_to(self.target_epoch) {
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
            target_epoch: self.target_epoch,
            target,
            reported: self.request.topic_partitions.as_deref(),
            is_taken: &is_taken,
            has_changed_subscription: has_changed,
        };
        reconcile(&mut self.member, &surroundings).map_err(|_| {
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

    fn set_timers(&mut self) {
        let now = self.deciding.now;
        let timers = &mut self.deciding.soft.timers;
        super::set_session(
            timers,
            (&self.group_id, &self.member_id),
            now,
            self.pace.session_timeout_ms,
        );
        let is_revoking = self.member.state == MemberState::UnrevokedPartitions;
        let was_revoking = self.before.state == MemberState::UnrevokedPartitions
            && self.before.epoch == self.member.epoch
            && self.before.revoking == self.member.revoking;
        let timer = Timer::Rebalance(self.group_id.clone(), self.member_id.clone());
        let timer = crate::group::Timer::Consumer(timer);
        if !is_revoking {
            timers.cancel(&timer);
        } else if !was_revoking {
            let timeout_ms = i64::from(self.member.metadata.rebalance_timeout_ms);
            timers.set(timer, Timestamp(now.0.saturating_add(timeout_ms)));
        }
    }

    /// The assignment is told to who joins, who tells everything (its last answer may have been
    /// lost), and whose assignment has changed.
    fn answer(&self) -> m::ConsumerGroupHeartbeatResponse {
        let request = &self.request;
        let wants =
            request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        let is_full =
            request.rebalance_timeout_ms != -1 && wants && request.topic_partitions.is_some();
        let has_changed = self.member.assigned != self.before.assigned;
        let member_count = self.group.members.len() + usize::from(self.is_new);
        m::ConsumerGroupHeartbeatResponse {
            member_id: Some(self.member_id.clone()),
            member_epoch: self.member.epoch,
            heartbeat_interval_ms: self.pace.heartbeat_interval_ms(
                &self.member,
                member_count,
                self.epoch,
                (self.target_epoch, self.computed_at),
                self.deciding.now,
            ),
            assignment: (self.is_joining() || is_full || has_changed).then(|| self.assignment()),
            ..Default::default()
        }
    }

    fn assignment(&self) -> response::Assignment {
        let topics = self.member.assigned.iter().map(|(topic_id, partitions)| {
            let partitions = partitions.keys().copied().collect();
            response::TopicPartitions { topic_id: *topic_id, partitions, ..Default::default() }
        });
        response::Assignment { topic_partitions: topics.collect(), ..Default::default() }
    }
}

/// A static member that was replaced must not go on.
pub(super) fn check_instance(
    instance_id: &Text,
    known: &Text,
    member_id: &Text,
) -> Result<(), Refusal> {
    if known == member_id {
        return Ok(());
    }
    let message = format!("instance {instance_id} is member {known} now");
    Err(Refusal::new(ErrorCode::FENCED_INSTANCE_ID, message))
}
