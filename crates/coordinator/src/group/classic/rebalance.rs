//! How a group gets from one generation to the next.

use super::{ClassicGroup, State, Timer, answer, expiry, persisted};
use crate::group::Answer;
use crate::group::deciding::Deciding;
use dohle_protocol::wire::Text;

/// The shortest initial delay, milliseconds, also where the config says 0: who asks at the same
/// time, on another thread of this node, is to be in the same generation.
const LEAST_DELAY_MS: i64 = 1;

/// How long those are waited for who were given an id during the initial delay and have not come
/// back with it, milliseconds. They are a round trip away; without them the first generation would
/// last until its members' next heartbeat.
const ANNOUNCED_MS: i64 = 100;

/// The first members of an empty group are waited for, longer while more of them come
/// (`group.initial.rebalance.delay.ms`, KIP-134).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InitialDelay {
    /// The length of the current wait, milliseconds.
    delay_ms: i64,
    /// What is left behind it of the longest rebalance timeout, milliseconds.
    remaining_ms: i64,
    /// Whether somebody has come during the current wait.
    pub(super) has_grown: bool,
}

/// Begins a rebalance, or goes on with the one that there is.
pub(super) fn prepare_or_complete(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    if State::PreparingRebalance.may_follow(group.state()) {
        prepare(deciding, group);
    } else {
        complete_unless_initial(deciding, group);
    }
}

/// Begins a rebalance: members are to join again, and new ones may.
pub(super) fn prepare(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    if group.state() == State::CompletingRebalance {
        answer::void_assignments(deciding, group);
    }
    group.pending_syncs.clear();
    expiry::cancel(deciding, Timer::Sync(group.id.clone()));
    let is_initial = group.state() == State::Empty;
    group.enter(State::PreparingRebalance, deciding.now);
    if is_initial {
        let delay_ms = configured_delay_ms(deciding);
        let remaining_ms = (group.members.rebalance_timeout_ms() - delay_ms).max(0);
        wait_for_first(deciding, group, delay_ms, remaining_ms);
    } else if group.have_all_joined() {
        complete(deciding, group);
    } else {
        wait_for_all(deciding, group);
    }
}

fn configured_delay_ms(deciding: &Deciding<'_>) -> i64 {
    i64::from(deciding.soft.settings.group_initial_rebalance_delay_ms).max(LEAST_DELAY_MS)
}

fn wait_for_first(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    delay_ms: i64,
    remaining_ms: i64,
) {
    group.initial = Some(InitialDelay { delay_ms, remaining_ms, has_grown: false });
    expiry::set(deciding, Timer::Join(group.id.clone()), delay_ms);
}

fn wait_for_all(deciding: &mut Deciding<'_>, group: &ClassicGroup) {
    let timeout_ms = group.members.rebalance_timeout_ms();
    expiry::set(deciding, Timer::Join(group.id.clone()), timeout_ms);
}

/// The time to join is up.
pub(super) fn time_is_up(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    match group.initial {
        Some(wait) if wait.has_grown && wait.remaining_ms != 0 => {
            let delay_ms = configured_delay_ms(deciding).min(wait.remaining_ms);
            let remaining_ms = (wait.remaining_ms - wait.delay_ms).max(0);
            wait_for_first(deciding, group, delay_ms, remaining_ms);
        }
        Some(_) if !group.pending_joins.is_empty() => {
            group.initial = None;
            expiry::set(deciding, Timer::Join(group.id.clone()), ANNOUNCED_MS);
        }
        _ => complete(deciding, group),
    }
}

/// A member is gone that the others may have waited for.
pub(super) fn after_removal(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    match group.state() {
        State::Stable | State::CompletingRebalance => prepare(deciding, group),
        State::PreparingRebalance | State::Empty => complete_if_all_joined(deciding, group),
    }
}

/// Completes the rebalance, even an initial one, if nobody is to be waited for.
pub(super) fn complete_if_all_joined(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    if group.state() == State::PreparingRebalance && group.have_all_joined() {
        complete(deciding, group);
    }
}

/// Completes the rebalance if nobody is to be waited for; the first one of a group takes its time.
pub(super) fn complete_unless_initial(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    if group.initial.is_none() {
        complete_if_all_joined(deciding, group);
    }
}

/// The members who have joined are the next generation. Static ones may come later.
fn complete(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    expiry::cancel(deciding, Timer::Join(group.id.clone()));
    group.initial = None;
    let is_late = |id: &Text| {
        let member = group.members.get(id);
        member.is_some_and(|member| member.joining.is_none() && member.instance.is_none())
    };
    let late: Vec<Text> = group.members.ids().into_iter().filter(is_late).collect();
    for id in late {
        group.remove(&id);
        expiry::cancel_session(deciding, group, &id);
    }
    if !group.elect_joined_leader() && !group.members.is_empty() {
        // Nobody could assign anything. Sessions will end meanwhile, or somebody comes.
        wait_for_all(deciding, group);
        return;
    }
    group.next_generation(deciding.now);
    if group.state() == State::Empty {
        deciding.write(persisted::record(group));
    } else {
        begin_generation(deciding, group);
    }
}

/// All who have joined are told, and are to sync in time.
fn begin_generation(deciding: &mut Deciding<'_>, group: &mut ClassicGroup) {
    for id in group.members.ids() {
        if let Some(token) = group.members.take_join(&id) {
            let answer = Answer::JoinGroup(answer::joined(group, id.clone()));
            deciding.answer_now(token, answer);
        }
        group.members.is_known_now(&id);
        expiry::renew_session(deciding, group, &id);
        group.pending_syncs.insert(id);
    }
    let timeout_ms = group.members.rebalance_timeout_ms();
    expiry::set(deciding, Timer::Sync(group.id.clone()), timeout_ms);
}
