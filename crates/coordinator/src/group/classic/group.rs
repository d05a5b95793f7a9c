//! A classic group as its coordinator has it.

use super::members::Members;
use super::state::State;
use super::subscription;
use super::{InitialDelay, Member};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The protocol type of consumers.
pub(in crate::group) const CONSUMER: &str = "consumer";

/// A group and its members.
///
/// The members' tokens of parked joins are there only in PreparingRebalance, those of parked syncs
/// only in CompletingRebalance.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::group) struct ClassicGroup {
    pub(in crate::group) id: Text,
    pub(in crate::group) generation: i32,
    /// What its members are (`consumer`, `connect`); `None` until one has joined.
    pub(in crate::group) protocol_type: Option<Text>,
    /// The assignor that its members agreed on.
    pub(in crate::group) protocol: Option<Text>,
    pub(in crate::group) leader: Option<Text>,
    pub(in crate::group) members: Members,
    /// The topics of its members. `None` if they are no consumers or cannot be read.
    pub(in crate::group) subscribed: Option<BTreeSet<Text>>,
    /// Since when it is in its state. `None` if its record is of an old version.
    pub(in crate::group) since: Option<Timestamp>,
    pub(super) state: State,
    pub(super) previous: State,
    /// Ids that were given out and have not joined yet (KIP-394).
    pub(super) pending_joins: BTreeSet<Text>,
    /// Members that have not synced in this generation.
    pub(super) pending_syncs: BTreeSet<Text>,
    /// Set while the first members are waited for.
    pub(super) initial: Option<InitialDelay>,
}

impl ClassicGroup {
    pub(super) fn new(id: Text, now: Timestamp) -> Self {
        Self {
            id,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Members::default(),
            subscribed: None,
            since: Some(now),
            state: State::Empty,
            previous: State::Empty,
            pending_joins: BTreeSet::new(),
            pending_syncs: BTreeSet::new(),
            initial: None,
        }
    }

    pub(in crate::group) fn state(&self) -> State {
        self.state
    }

    /// The state before that one.
    #[cfg(test)]
    pub(in crate::group) fn previous(&self) -> State {
        self.previous
    }

    pub(in crate::group) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_ref().is_some_and(|kind| *kind == CONSUMER)
    }

    /// Whether a member reads the topic, as far as one can know: consumers whose subscriptions
    /// cannot be read may read any.
    pub(in crate::group) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_of_consumers(),
        }
    }

    pub(in crate::group) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_ref().is_some_and(|leader| *leader == member)
    }

    /// Whether the request's member is one, and the one that its instance's name stands for.
    pub(in crate::group) fn check_member(
        &self,
        id: &str,
        instance: Option<&Text>,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.members.of_instance(instance) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(current) if *current != id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        if self.members.contains(id) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    /// Whether a member that is of this type and offers these protocols can work with the others.
    pub(super) fn supports<'a>(
        &self,
        protocol_type: &Text,
        mut names: impl Iterator<Item = &'a Text>,
    ) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && names.next().is_some();
        }
        self.protocol_type.as_ref() == Some(protocol_type)
            && names.any(|name| self.members.supporters(name) == self.members.len())
    }

    pub(super) fn have_all_joined(&self) -> bool {
        self.members.len() == self.members.joining() && self.pending_joins.is_empty()
    }

    /// Adds a member; the first one leads.
    pub(super) fn add(&mut self, member: Member, protocol_type: Text) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type);
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.pending_joins.remove(&member.id);
        self.members.insert(member);
    }

    /// Removes whatever has this id. Gives the member, whose parked requests are to be answered.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let member = self.members.remove(id);
        if self.is_leader(id) {
            self.leader = self.members.iter().next().map(|member| member.id.clone());
        }
        self.pending_joins.remove(id);
        self.pending_syncs.remove(id);
        member
    }

    /// Makes sure that the leader is one who has joined; false if nobody has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let Some(leader) = &self.leader else { return false };
        let has_joined = |member: &&Member| member.joining.is_some();
        if self.members.get(leader).as_ref().is_some_and(has_joined) {
            return true;
        }
        let Some(next) = self.members.iter().find(has_joined) else { return false };
        self.leader = Some(next.id.clone());
        true
    }

    pub(super) fn enter(&mut self, state: State, now: Timestamp) {
        assert!(state.may_follow(self.state), "{:?} after {:?}", state, self.state);
        self.previous = std::mem::replace(&mut self.state, state);
        self.since = Some(now);
    }

    /// The next generation, of those who are members now.
    pub(super) fn next_generation(&mut self, now: Timestamp) {
        self.generation = self.generation.wrapping_add(1);
        self.protocol = self.voted_protocol();
        self.subscribed = subscription::topics(self);
        self.pending_syncs.clear();
        let is_empty = self.members.is_empty();
        self.enter(if is_empty { State::Empty } else { State::CompletingRebalance }, now);
    }

    /// The protocol that all members offer and most prefer; of several such the first by name.
    pub(super) fn voted_protocol(&self) -> Option<Text> {
        let mut votes: BTreeMap<&Text, usize> = BTreeMap::new();
        for member in self.members.iter() {
            let mut offered = member.protocols.iter().map(|protocol| &protocol.name);
            let is_common = |name: &&Text| self.members.supporters(name) == self.members.len();
            if let Some(vote) = offered.find(is_common) {
                *votes.entry(vote).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
    }
}
