//! The members of a classic group, and what is counted over them.

use super::member::{Member, Protocol, Timeouts};
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;
use std::collections::BTreeMap;

/// Members by id. The counts follow from them: every change of what is counted goes through here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::group) struct Members {
    /// Boxed: a node of the map has room for eleven, and most groups have few members.
    by_id: BTreeMap<Text, Box<Member>>,
    by_instance: BTreeMap<Text, Text>,
    /// How many members wait in a join.
    joining: usize,
    /// How many members offer each protocol.
    supporters: BTreeMap<Text, usize>,
}

impl Members {
    pub(in crate::group) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(in crate::group) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(in crate::group) fn get(&self, id: &str) -> Option<&Member> {
        self.by_id.get(id).map(Box::as_ref)
    }

    pub(in crate::group) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// By id, ascending.
    pub(in crate::group) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.by_id.values().map(Box::as_ref)
    }

    /// The member that has the instance's name now.
    pub(in crate::group) fn of_instance(&self, instance: &str) -> Option<&Text> {
        self.by_instance.get(instance)
    }

    pub(super) fn joining(&self) -> usize {
        self.joining
    }

    pub(super) fn supporters(&self, protocol: &str) -> usize {
        self.supporters.get(protocol).copied().unwrap_or(0)
    }

    /// The longest time that one of them may take to join again, milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> i64 {
        let timeouts = self.iter().map(|member| i64::from(member.timeouts.rebalance_ms));
        timeouts.max().unwrap_or(0).max(0)
    }

    /// Adds a member whose id and instance are not there yet.
    pub(super) fn insert(&mut self, member: Member) {
        if let Some(instance) = &member.instance {
            self.by_instance.insert(instance.clone(), member.id.clone());
        }
        self.joining += usize::from(member.joining.is_some());
        self.count(&member.protocols, true);
        let before = self.by_id.insert(member.id.clone(), Box::new(member));
        debug_assert!(before.is_none(), "a member is inserted once");
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let member = *self.by_id.remove(id)?;
        self.joining -= usize::from(member.joining.is_some());
        self.count(&member.protocols, false);
        if let Some(instance) = &member.instance {
            self.by_instance.remove(instance);
        }
        Some(member)
    }

    /// The member waits in a join from now on. Gives the join that it waited in before.
    pub(super) fn park_join(&mut self, id: &str, token: Token) -> Option<Token> {
        let member = self.by_id.get_mut(id)?;
        let before = member.joining.replace(token);
        self.joining += usize::from(before.is_none());
        before
    }

    /// The member's join, which is answered now.
    pub(super) fn take_join(&mut self, id: &str) -> Option<Token> {
        let token = self.by_id.get_mut(id)?.joining.take()?;
        self.joining -= 1;
        Some(token)
    }

    /// The member waits in a sync from now on. Gives the sync that it waited in before.
    pub(super) fn park_sync(&mut self, id: &str, token: Token) -> Option<Token> {
        self.by_id.get_mut(id)?.syncing.replace(token)
    }

    /// The member's sync, which is answered now.
    pub(super) fn take_sync(&mut self, id: &str) -> Option<Token> {
        self.by_id.get_mut(id)?.syncing.take()
    }

    /// What a member says when it joins again.
    pub(super) fn update(&mut self, id: &str, protocols: Vec<Protocol>, timeouts: Timeouts) {
        let Some(member) = self.by_id.get_mut(id) else { return };
        member.timeouts = timeouts;
        let before = std::mem::replace(&mut member.protocols, protocols);
        let after = member.protocols.clone();
        self.count(&before, false);
        self.count(&after, true);
    }

    pub(super) fn set_assignment(&mut self, id: &str, assignment: bytes::Bytes) {
        if let Some(member) = self.by_id.get_mut(id) {
            member.assignment = assignment;
        }
    }

    /// The member has been in a generation.
    pub(super) fn is_known_now(&mut self, id: &str) {
        if let Some(member) = self.by_id.get_mut(id) {
            member.is_new = false;
        }
    }

    pub(super) fn ids(&self) -> Vec<Text> {
        self.by_id.keys().cloned().collect()
    }

    fn count(&mut self, protocols: &[Protocol], more: bool) {
        for protocol in protocols {
            let count = self.supporters.entry(protocol.name.clone()).or_default();
            if more {
                *count += 1;
                continue;
            }
            *count -= 1;
            if *count == 0 {
                self.supporters.remove(&protocol.name);
            }
        }
    }
}
