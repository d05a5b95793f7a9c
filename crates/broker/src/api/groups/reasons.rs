//! Why members join and leave, where their clients say it (KIP-800): for who asks the log why a group
//! rebalanced.

use dohle_protocol::wire::Text;

/// Clients cut their reasons to so many characters; others are cut here.
const CHARACTERS_MAX: usize = 255;

/// The reason as the log has it; `None` if the client gives none.
fn shown(reason: Option<&Text>) -> Option<String> {
    let reason = reason.filter(|reason| !reason.is_empty())?;
    Some(reason.chars().take(CHARACTERS_MAX).collect())
}

/// A member asks to join, for a reason of its own.
pub(super) fn on_join(group: &Text, member: &Text, client: &str, reason: Option<&Text>) {
    let Some(reason) = shown(reason) else { return };
    tracing::info!(?group, ?member, client, reason = ?reason, "a member joins its group");
}

/// A member has left, or was removed.
pub(super) fn on_leave(
    group: &Text,
    member: &Text,
    instance: Option<&Text>,
    reason: Option<&Text>,
) {
    let Some(reason) = shown(reason) else { return };
    let instance = instance.map_or("", |instance| instance);
    tracing::info!(?group, ?member, ?instance, reason = ?reason, "a member left its group");
}
