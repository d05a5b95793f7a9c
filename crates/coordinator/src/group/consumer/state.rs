//! A consumer group as the log has it.

use super::member::{LEFT_EPOCH, Member, Owned};
use crate::assign::Partitions;
use dohle_protocol::ids::{Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A consumer group.
///
/// What follows from its members (counts, owners) is kept beside them. Invariant: it is what one
/// would count anew.
#[derive(Debug, Default, PartialEq)]
pub(in super::super) struct ConsumerGroup {
    /// Grows whenever the target has to be computed anew.
    pub(super) epoch: i32,
    /// What the subscribed topics looked like.
    pub(super) metadata_hash: i64,
    /// An older coordinator wrote what the topics looked like; that record is to go.
    pub(super) has_partition_metadata: bool,
    /// Boxed: a node of the map has room for eleven, and most groups have few members.
    pub(super) members: BTreeMap<Text, Box<Member>>,
    /// Static members by the name of their instance.
    pub(super) static_members: BTreeMap<Text, Text>,
    /// How many members name each topic.
    pub(super) topic_counts: BTreeMap<Text, usize>,
    /// How many members subscribed to each regular expression.
    pub(super) regex_counts: BTreeMap<Text, usize>,
    /// What the regular expressions stand for.
    pub(super) resolved: BTreeMap<Text, Resolved>,
    /// How many members ask for each assignor.
    pub(super) assignor_counts: BTreeMap<Text, usize>,
    pub(super) target: Target,
    /// Who owns each partition, or may still own it.
    pub(super) owners: BTreeMap<Uuid, BTreeMap<i32, Text>>,
}

/// Who is to have what.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Target {
    /// The group's epoch that it is for.
    pub(super) epoch: i32,
    /// When it was computed; 0 if that is not known.
    pub(super) computed_at: Timestamp,
    pub(super) members: BTreeMap<Text, Arc<Partitions>>,
}

/// The topics that a regular expression stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resolved {
    /// By name.
    pub(super) topics: Vec<Text>,
    /// When that was found.
    pub(super) at: Timestamp,
}

/// What Kafka calls a group's state. It follows from the members and from the epochs, so one request
/// may take a group several steps at once, and what a row has is where it comes out.
///
/// | from | by | to |
/// |---|---|---|
/// | (nothing) | join | Stable |
/// | (classic) | join | Stable, Reconciling |
/// | Empty | join | Stable, Assigning, (classic) |
/// | Empty | deletion, time | (nothing) |
/// | Stable | join, heartbeat, leave | Assigning, Reconciling |
/// | Stable | time | Assigning |
/// | Assigning | time | Reconciling |
/// | Assigning | join, heartbeat | Stable, Reconciling |
/// | Reconciling | join, heartbeat | Stable, Assigning |
/// | Reconciling | leave, time | Assigning |
/// | Stable, Assigning, Reconciling | leave, time | Empty |
/// | Stable, Assigning, Reconciling | join, leave, time | (classic) |
///
/// A join is one of either protocol, and `(classic)` a group of the classic one: [`super::migration`].
/// A group is Assigning only while it waits for the time of its next target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum State {
    /// It has no members.
    Empty,
    /// Its target is older than its epoch.
    Assigning,
    /// Some members are on their way to the target.
    Reconciling,
    /// All members have their target.
    Stable,
}

impl State {
    /// As answers have it.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

impl ConsumerGroup {
    pub(in super::super) fn state(&self) -> State {
        if self.members.is_empty() {
            State::Empty
        } else if self.epoch > self.target.epoch {
            State::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.target.epoch)) {
            State::Stable
        } else {
            State::Reconciling
        }
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// True if a member names the topic, or subscribed to a regular expression that stands for it.
    pub(in super::super) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.topic_counts.contains_key(topic)
            || self.regex_counts.keys().any(|regex| {
                self.resolved.get(regex).is_some_and(|resolved| resolved.stands_for(topic))
            })
    }

    /// The member that has the instance's name.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<(&Text, &Member)> {
        self.member(self.static_members.get(instance_id)?)
    }

    /// The member of this id, with the id as the group holds it.
    pub(super) fn member(&self, id: &str) -> Option<(&Text, &Member)> {
        self.members.get_key_value(id).map(|(id, member)| (id, &**member))
    }

    /// What a member is to have. Who takes the place of a static member gets what that one was to
    /// have.
    pub(super) fn target_of(&self, member_id: &str, instance_id: Option<&Text>) -> Arc<Partitions> {
        let member_id = match instance_id.map(|instance_id| self.static_members.get(instance_id)) {
            Some(None) => return Arc::default(),
            Some(Some(member_id)) => member_id,
            None => member_id,
        };
        self.target.members.get(member_id).cloned().unwrap_or_default()
    }

    /// The member that owns the partition, or may still own it.
    pub(super) fn owner_of(&self, topic: &Uuid, partition: i32) -> Option<&Text> {
        self.owners.get(topic)?.get(&partition)
    }

    pub(super) fn set_member(
        &mut self,
        member_id: &Text,
        value: Option<&m::ConsumerGroupMemberMetadataValue>,
    ) {
        let member_id = &self.known(member_id);
        self.forget(member_id);
        let Some(value) = value else {
            self.members.remove(member_id);
            return;
        };
        self.members.entry(member_id.clone()).or_default().metadata = detached(value);
        self.note(member_id);
    }

    pub(super) fn set_current(
        &mut self,
        member_id: &Text,
        value: Option<&m::ConsumerGroupCurrentMemberAssignmentValue>,
    ) {
        if value.is_none() && !self.members.contains_key(member_id) {
            return;
        }
        let member_id = &self.known(member_id);
        self.forget(member_id);
        let member = self.members.entry(member_id.clone()).or_default();
        match value {
            Some(value) => member.set_assignment(value),
            None => {
                member.epoch = LEFT_EPOCH;
                member.previous_epoch = LEFT_EPOCH;
                member.assigned.clear();
                member.revoking.clear();
            }
        }
        self.note(member_id);
    }

    pub(super) fn set_target(
        &mut self,
        member_id: &Text,
        value: Option<&m::ConsumerGroupTargetAssignmentMemberValue>,
    ) {
        let Some(value) = value else {
            self.target.members.remove(member_id);
            return;
        };
        let mut partitions = Partitions::new();
        for topic in &value.topic_partitions {
            let list = partitions.entry(topic.topic_id).or_default();
            list.extend_from_slice(&topic.partitions);
            list.sort_unstable();
            list.dedup();
        }
        partitions.retain(|_, list| !list.is_empty());
        let member_id = self.known(member_id);
        self.target.members.insert(member_id, Arc::new(partitions));
    }

    pub(super) fn set_resolved(
        &mut self,
        regex: &Text,
        value: Option<&m::ConsumerGroupRegularExpressionValue>,
    ) {
        let Some(value) = value else {
            self.resolved.remove(regex);
            return;
        };
        let mut topics: Vec<Text> = value.topics.iter().map(Text::detached).collect();
        topics.sort_unstable();
        let resolved = Resolved { topics, at: Timestamp(value.timestamp) };
        self.resolved.insert(regex.detached(), resolved);
    }

    /// The id as the group has it, or a copy that keeps no frame alive.
    fn known(&self, member_id: &Text) -> Text {
        let known = self.members.get_key_value(member_id).map(|(known, _)| known.clone());
        known.unwrap_or_else(|| member_id.detached())
    }

    /// What follows from the member no longer does.
    fn forget(&mut self, member_id: &Text) {
        let Some(member) = self.members.get(member_id) else { return };
        for topic in member.topics() {
            decrement(&mut self.topic_counts, topic);
        }
        if let Some(regex) = member.regex() {
            decrement(&mut self.regex_counts, regex);
        }
        if let Some(assignor) = &member.metadata.server_assignor {
            decrement(&mut self.assignor_counts, assignor);
        }
        if let Some(instance_id) = member.instance_id()
            && self.static_members.get(instance_id) == Some(member_id)
        {
            self.static_members.remove(instance_id);
        }
        release(&mut self.owners, &member.assigned, member_id);
        release(&mut self.owners, &member.revoking, member_id);
    }

    /// What follows from the member does again.
    fn note(&mut self, member_id: &Text) {
        let Some(member) = self.members.get(member_id) else { return };
        for topic in member.topics() {
            *self.topic_counts.entry(topic.clone()).or_insert(0) += 1;
        }
        if let Some(regex) = member.regex() {
            *self.regex_counts.entry(regex.clone()).or_insert(0) += 1;
        }
        if let Some(assignor) = &member.metadata.server_assignor {
            *self.assignor_counts.entry(assignor.clone()).or_insert(0) += 1;
        }
        if let Some(instance_id) = member.instance_id() {
            self.static_members.insert(instance_id.clone(), member_id.clone());
        }
        own(&mut self.owners, &member.assigned, member_id);
        own(&mut self.owners, &member.revoking, member_id);
    }
}

impl Resolved {
    pub(super) fn stands_for(&self, topic: &str) -> bool {
        self.topics.binary_search_by(|known| known.as_str().cmp(topic)).is_ok()
    }
}

fn decrement(counts: &mut BTreeMap<Text, usize>, key: &Text) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// The newest record wins: one that is older may be all that a compacted log has of another member.
fn own(owners: &mut BTreeMap<Uuid, BTreeMap<i32, Text>>, owned: &Owned, member_id: &Text) {
    for (topic, partitions) in owned {
        let owners = owners.entry(*topic).or_default();
        owners.extend(partitions.keys().map(|partition| (*partition, member_id.clone())));
    }
}

fn release(owners: &mut BTreeMap<Uuid, BTreeMap<i32, Text>>, owned: &Owned, member_id: &Text) {
    for (topic, partitions) in owned {
        let Some(of_topic) = owners.get_mut(topic) else { continue };
        for partition in partitions.keys() {
            if of_topic.get(partition) == Some(member_id) {
                of_topic.remove(partition);
            }
        }
        if of_topic.is_empty() {
            owners.remove(topic);
        }
    }
}

/// A copy that keeps no frame alive.
fn detached(value: &m::ConsumerGroupMemberMetadataValue) -> m::ConsumerGroupMemberMetadataValue {
    let copy = |text: &Option<Text>| text.as_ref().map(Text::detached);
    let mut topics: Vec<Text> = value.subscribed_topic_names.iter().map(Text::detached).collect();
    topics.sort_unstable();
    topics.dedup();
    m::ConsumerGroupMemberMetadataValue {
        instance_id: copy(&value.instance_id),
        rack_id: copy(&value.rack_id),
        client_id: value.client_id.detached(),
        client_host: value.client_host.detached(),
        subscribed_topic_names: topics,
        subscribed_topic_regex: Some(copy(&value.subscribed_topic_regex).unwrap_or_default()),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        server_assignor: copy(&value.server_assignor),
        classic_member_metadata: value.classic_member_metadata.clone(),
        ..Default::default()
    }
}
