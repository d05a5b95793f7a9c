//! Groups of the classic protocol: their members assign among themselves.
//!
//! What the log knows of a group is its last assignment; who waits, and for what, only the
//! coordinator knows. So a group is here in two forms: [`Persisted`], part of the hard state, and
//! [`ClassicGroup`], which alone decides from the load on. All groups of the first form are there in
//! the second one.

mod answer;
mod describe;
mod expiry;
mod group;
mod heartbeat;
mod join;
mod leave;
mod member;
mod members;
mod persisted;
mod rebalance;
mod state;
mod static_member;
mod subscription;
mod sync;

use super::deciding::Deciding;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;
pub(super) use expiry::on_timer;
pub(super) use group::ClassicGroup;
pub(super) use heartbeat::heartbeat;
pub(super) use join::join;
pub(super) use leave::leave;
pub(super) use member::{Member, Protocol, Timeouts};
#[cfg(test)]
pub(super) use persisted::as_loaded;
pub(super) use persisted::{Persisted, adopt, apply, begin_sessions, reload, tombstone};
use rebalance::InitialDelay;
pub(super) use state::{DEAD, State};
use std::collections::BTreeMap;
pub(super) use sync::sync;

/// Classic groups as their coordinator has them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    groups: BTreeMap<Text, Box<ClassicGroup>>,
}

/// What a classic group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A member (or an id that was given out) to be heard of.
    Session {
        /// Of which group.
        group: Text,
        /// The member's id.
        member: Text,
    },
    /// All members of a group to join.
    Join(Text),
    /// All members of a group to sync.
    Sync(Text),
}

impl Sessions {
    /// A group, unless something is done with it just now.
    pub(super) fn get(&self, group: &str) -> Option<&ClassicGroup> {
        self.groups.get(group).map(|group| &**group)
    }

    /// By id, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ClassicGroup> {
        self.groups.values().map(|group| &**group)
    }

    /// The first group whose id comes after this one.
    pub(super) fn after(&self, id: &str) -> Option<&Text> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.groups.range::<str, _>((Excluded(id), Unbounded)).next().map(|(id, _)| id)
    }
}

/// Does something with a group, which is not among the sessions meanwhile. `None` if there is no
/// such group.
fn within<R>(
    deciding: &mut Deciding<'_>,
    id: &str,
    act: impl FnOnce(&mut Deciding<'_>, &mut ClassicGroup) -> R,
) -> Option<R> {
    let (id, mut group) = deciding.soft.classic.groups.remove_entry(id)?;
    let result = act(deciding, &mut group);
    deciding.soft.classic.groups.insert(id, group);
    Some(result)
}

/// The member has been heard of: its session begins anew.
pub(super) fn keep_alive(deciding: &mut Deciding<'_>, group: &str, member: &str) {
    let Some(group) = deciding.soft.classic.get(group) else { return };
    let Some(member) = group.members.get(member) else { return };
    let (group, id) = (group.id.clone(), member.id.clone());
    let session_ms = i64::from(member.timeouts.session_ms);
    expiry::begin_session(deciding, group, id, session_ms);
}

/// A commit keeps a member's session, too, while the group is stable or prepares.
pub(super) fn keep_alive_by_commit(deciding: &mut Deciding<'_>, group: &str, member: &str) {
    let state = deciding.soft.classic.get(group).map(ClassicGroup::state);
    if matches!(state, Some(State::Stable | State::PreparingRebalance)) {
        keep_alive(deciding, group, member);
    }
}

/// Deletes a group: forgets it, and writes that it is void.
pub(super) fn delete(deciding: &mut Deciding<'_>, id: &Text) {
    forget(deciding, id);
    deciding.write(tombstone(id));
}

/// Forgets a group: it was deleted, or has become one of the consumer protocol. Requests that are
/// parked in it are answered with `REBALANCE_IN_PROGRESS`: they are to join again.
pub(super) fn forget(deciding: &mut Deciding<'_>, id: &str) -> Option<Box<ClassicGroup>> {
    let mut group = deciding.soft.classic.groups.remove(id)?;
    answer::dismiss_all(deciding, &mut group);
    expiry::cancel_all(deciding, &group);
    Some(group)
}

fn after_ms(now: Timestamp, delay_ms: i64) -> Timestamp {
    Timestamp(now.0.saturating_add(delay_ms.max(0)))
}
