//! A static member that comes back without its id: it gets a new one, and the place that it had
//! (KIP-345).

use super::{ClassicGroup, State, answer, expiry, join, persisted, rebalance};
use crate::group::Answer;
use crate::group::deciding::{Asking, Deciding};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::JoinGroupRequest;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;

/// From this version on a leader can be told that it need not assign (KIP-814).
const SKIP_ASSIGNMENT_FROM: i16 = 9;

/// Which id gives way to which.
pub(super) struct Replacement {
    pub(super) old: Text,
    pub(super) new: Text,
}

/// The member is known by its new id from now on; who still uses the old one is fenced.
pub(super) fn replace(
    deciding: &mut Deciding<'_>,
    group: &mut ClassicGroup,
    asking: &Asking,
    replacement: Replacement,
    request: &JoinGroupRequest,
) {
    let old_leader = group.leader.clone();
    rename(deciding, group, &replacement);
    let Replacement { old, new } = replacement;
    expiry::cancel_session(deciding, group, &old);
    expiry::renew_session(deciding, group, &new);
    join::update(deciding, group, &new, asking.token, request);
    match group.state() {
        State::Stable if group.protocol == group.voted_protocol() => {
            let mut answer = answer::joined(group, new.clone());
            if asking.version >= SKIP_ASSIGNMENT_FROM {
                answer.skip_assignment = group.is_leader(&new);
            } else {
                // It would assign if it took itself for the leader.
                answer.members.clear();
                answer.leader = old_leader.unwrap_or_default();
            }
            group.members.take_join(&new);
            deciding.write(persisted::record(group));
            deciding.answer_written(asking.token, Answer::JoinGroup(answer));
        }
        State::Stable => rebalance::prepare_or_complete(deciding, group),
        // The leader may have the old id already, and would assign to it.
        State::CompletingRebalance => rebalance::prepare(deciding, group),
        State::PreparingRebalance | State::Empty => {
            rebalance::complete_unless_initial(deciding, group);
        }
    }
}

fn rename(deciding: &mut Deciding<'_>, group: &mut ClassicGroup, replacement: &Replacement) {
    let Replacement { old, new } = replacement;
    let was_leader = group.is_leader(old);
    let Some(mut member) = group.members.remove(old) else { return };
    fence(deciding, old, member.joining.take(), member.syncing.take());
    member.id = new.clone();
    member.is_new = false;
    group.members.insert(member);
    if was_leader {
        group.leader = Some(new.clone());
    }
    if group.pending_syncs.remove(old) {
        group.pending_syncs.insert(new.clone());
    }
}

/// Tells the twin that waits under the old id.
fn fence(deciding: &mut Deciding<'_>, old: &Text, joining: Option<Token>, syncing: Option<Token>) {
    let error_code = ErrorCode::FENCED_INSTANCE_ID;
    if let Some(token) = joining {
        answer::refuse_join(deciding, token, old.clone(), error_code);
    }
    if let Some(token) = syncing {
        answer::refuse_sync(deciding, token, error_code);
    }
}
