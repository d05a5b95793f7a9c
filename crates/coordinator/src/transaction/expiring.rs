//! Transactional ids that nobody has used for long are forgotten.

use super::deciding::Deciding;
use dohle_protocol::wire::Text;
use std::ops::Bound;

/// At most so many ids are looked at in one decision.
const LOOKED_AT_MAX: usize = 2000;

/// Looks through some of the ids, if it is time; the next decision goes on where this one stopped.
pub(super) fn expire(deciding: &mut Deciding<'_>) {
    if deciding.now < deciding.soft.next_expiry_at {
        return;
    }
    let settings = &deciding.soft.known.settings;
    let oldest = deciding.now.0.saturating_sub(settings.transactional_id_expiration_ms);
    let interval = settings.remove_expired_interval_ms;
    let from = deciding.soft.expired_to.take().map_or(Bound::Unbounded, Bound::Excluded);
    let hard = deciding.hard;
    let ids = hard.by_id.range::<Text, _>((from, Bound::Unbounded));
    let mut key_bytes = 0;
    for (looked_at, (id, metadata)) in ids.enumerate() {
        if metadata.state.is_idle() && metadata.updated_at <= oldest {
            key_bytes += id.len();
            deciding.forget(id);
        }
        if looked_at + 1 == LOOKED_AT_MAX || key_bytes > deciding.soft.record_bytes_max() {
            deciding.soft.expired_to = Some(id.clone());
            return;
        }
    }
    deciding.soft.next_expiry_at.0 = deciding.now.0.saturating_add(interval);
}
