//! What happens to a group when something has not happened in time.

use super::{ClassicGroup, Timer, after_ms, answer, leave, rebalance, within};
use crate::group;
use crate::group::deciding::Deciding;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;

/// A time has come.
pub(in crate::group) fn on_timer(deciding: &mut Deciding<'_>, timer: Timer) {
    match timer {
        Timer::Session { group, member } => {
            within(deciding, &group, |deciding, group| end_session(deciding, group, &member));
        }
        Timer::Join(group) => {
            within(deciding, &group, rebalance::time_is_up);
        }
        Timer::Sync(group) => {
            within(deciding, &group, end_sync);
        }
    }
}

/// Nothing was heard of the member.
fn end_session(deciding: &mut Deciding<'_>, group: &mut ClassicGroup, id: &Text) {
    if group.pending_joins.contains(id) {
        group.remove(id);
        rebalance::complete_if_all_joined(deciding, group);
        return;
    }
    let Some(member) = group.members.get(id) else { return };
    if member.is_excused() {
        // Its session begins anew when its request is answered.
        return;
    }
    leave::remove(deciding, group, id);
    rebalance::after_removal(deciding, group);
}

/// Some members did not ask for their assignment: they are removed.
fn end_sync(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    let silent = std::mem::take(&mut group.pending_syncs);
    if silent.is_empty() {
        return;
    }
    for id in &silent {
        if let Some(member) = group.remove(id) {
            answer::dismiss(deciding, &member, ErrorCode::UNKNOWN_MEMBER_ID);
        }
        cancel_session(deciding, group, id);
    }
    rebalance::prepare(deciding, group);
}

/// Within this time something must be heard of the member.
pub(super) fn begin_session(deciding: &mut Deciding<'_>, group: Text, member: Text, ms: i64) {
    let at = after_ms(deciding.now, ms);
    deciding.soft.timers.set(group::Timer::Classic(Timer::Session { group, member }), at);
}

/// The member's session begins anew.
pub(super) fn renew_session(deciding: &mut Deciding<'_>, group: &ClassicGroup, id: &Text) {
    if let Some(member) = group.members.get(id) {
        let session_ms = i64::from(member.timeouts.session_ms);
        begin_session(deciding, group.id.clone(), id.clone(), session_ms);
    }
}

pub(super) fn cancel_session(deciding: &mut Deciding<'_>, group: &ClassicGroup, member: &Text) {
    let timer = Timer::Session { group: group.id.clone(), member: member.clone() };
    deciding.soft.timers.cancel(&group::Timer::Classic(timer));
}

pub(super) fn set(deciding: &mut Deciding<'_>, timer: Timer, delay_ms: i64) {
    let at = after_ms(deciding.now, delay_ms);
    deciding.soft.timers.set(group::Timer::Classic(timer), at);
}

pub(super) fn cancel(deciding: &mut Deciding<'_>, timer: Timer) {
    deciding.soft.timers.cancel(&group::Timer::Classic(timer));
}

/// The group waits for nothing any more.
pub(super) fn cancel_all(deciding: &mut Deciding<'_>, group: &ClassicGroup) {
    for id in group.members.ids().iter().chain(&group.pending_joins) {
        cancel_session(deciding, group, id);
    }
    cancel(deciding, Timer::Join(group.id.clone()));
    cancel(deciding, Timer::Sync(group.id.clone()));
}
