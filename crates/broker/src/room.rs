//! How much a log directory may still take of what clients send.
//!
//! A write that finds no space has failed half-way, and then the whole directory is offline. So
//! clients are refused a little earlier, while the node can still write what it needs to go on:
//! checkpoints, indexes, committed offsets, the metadata with which an operator makes room. The file
//! system is asked each second, and in between what was written is counted.

use dohle_env::disk::Space;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// What is kept back of a large file system: some seconds of what the node writes for itself, and
/// of what others may write there before they are noticed.
const RESERVE_BYTES_MAX: u64 = 64 << 20;
/// Of a small one this part is kept back: 1/20.
const RESERVE_SHARE: u64 = 20;

/// The bytes that clients may not have.
pub(crate) fn reserve(space: Space) -> u64 {
    (space.total_bytes / RESERVE_SHARE).min(RESERVE_BYTES_MAX)
}

/// Counts down from what was measured last.
pub(crate) struct Room {
    left_bytes: AtomicI64,
    is_used_up: AtomicBool,
    /// What [`Room::measured`] said last.
    is_told: AtomicBool,
}

/// What has changed, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Clients are refused from now on.
    UsedUp,
    /// Clients are served again.
    Free,
}

impl Default for Room {
    /// Any amount, until it is measured.
    fn default() -> Self {
        Self {
            left_bytes: AtomicI64::new(i64::MAX),
            is_used_up: AtomicBool::new(false),
            is_told: AtomicBool::new(false),
        }
    }
}

impl Room {
    /// The file system has this much. Each change is told once.
    pub(crate) fn measured(&self, space: Space) -> Option<Turn> {
        let reserve = reserve(space);
        let left = i64::try_from(space.usable_bytes).unwrap_or(i64::MAX);
        let left = left.saturating_sub(i64::try_from(reserve).unwrap_or(i64::MAX));
        self.left_bytes.store(left, Ordering::Relaxed);
        // Half a reserve more is wanted before it counts as free again: else it would change with
        // every segment that is deleted.
        let enough = if self.is_used_up() { i64::try_from(reserve / 2).unwrap_or(0) } else { 0 };
        let is_used_up = left <= enough;
        self.is_used_up.store(is_used_up, Ordering::Relaxed);
        match (self.is_told.swap(is_used_up, Ordering::Relaxed), is_used_up) {
            (false, true) => Some(Turn::UsedUp),
            (true, false) => Some(Turn::Free),
            (true, true) | (false, false) => None,
        }
    }

    /// This much was written.
    pub(crate) fn took(&self, size_bytes: u64) {
        let taken = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        let before = self.left_bytes.fetch_sub(taken, Ordering::Relaxed);
        if before <= taken {
            self.is_used_up.store(true, Ordering::Relaxed);
        }
    }

    /// Whether clients are to be refused.
    pub(crate) fn is_used_up(&self) -> bool {
        self.is_used_up.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn space(total: u64, usable: u64) -> Space {
        Space { total_bytes: total * MIB, usable_bytes: usable * MIB }
    }

    #[test]
    fn what_is_kept_back() {
        for (total, reserved) in [(20, 1), (100, 5), (1280, 64), (1 << 20, 64), (0, 0)] {
            assert_eq!(reserve(space(total, 0)), reserved * MIB, "{total} MiB");
        }
    }

    #[test]
    fn it_is_used_up_by_what_is_written_and_free_again_when_measured() {
        let room = Room::default();
        room.took(1 << 40);
        assert!(!room.is_used_up(), "nothing is known yet");
        // 5 MiB are kept back.
        for (usable, told, expected) in [
            (6, None, false),
            (5, Some(Turn::UsedUp), true),
            (6, None, true),
            (7, None, true),
            (8, Some(Turn::Free), false),
        ] {
            assert_eq!(room.measured(space(100, usable)), told, "{usable} MiB");
            assert_eq!(room.is_used_up(), expected, "{usable} MiB");
        }
        assert_eq!(room.measured(space(100, 15)), None);
        for expected in [false, false, false, false, true] {
            room.took(2 * MIB);
            assert_eq!(room.is_used_up(), expected);
        }
        assert_eq!(room.measured(space(100, 5)), Some(Turn::UsedUp));
        assert_eq!(room.measured(space(100, 15)), Some(Turn::Free));
        assert!(!room.is_used_up());
    }
}
