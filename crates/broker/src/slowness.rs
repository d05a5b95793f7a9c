//! Whether a log directory is slow, by the time that its writes take.
//!
//! A thread that loses its core in the middle of a write looks like a slow disk. On two cores with
//! twenty threads that want them, one write in 4,000 took over 2 ms for that alone, and a rule that
//! asked for one such write held the disk for slow a fifth of the time. Two in a row are no
//! accident: the kernel makes every write wait once it throttles.

use dohle_env::clock::Instant;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Two writes in a row that take longer make a directory slow.
const SLOW_WRITE: Duration = Duration::from_millis(2);
/// One that takes longer does so by itself.
const VERY_SLOW_WRITE: Duration = Duration::from_millis(50);
/// For how long it counts as slow: its writes run on its lane, while inboxes batch.
const SLOW_FOR: Duration = Duration::from_secs(1);

/// What a directory's writes were like.
#[derive(Default)]
pub(crate) struct Slowness {
    until: AtomicU64,
    was_slow: AtomicBool,
}

impl Slowness {
    /// Whether writes should not run on a reactor now.
    pub(crate) fn lasts(&self, now: Instant) -> bool {
        now.0 < self.until.load(Ordering::Relaxed)
    }

    /// Takes note of a write.
    pub(crate) fn note(&self, began: Instant, ended: Instant) {
        let took = ended - began;
        let is_slow = SLOW_WRITE < took;
        let was_slow = self.was_slow.load(Ordering::Relaxed);
        if was_slow != is_slow {
            self.was_slow.store(is_slow, Ordering::Relaxed);
        }
        if (is_slow && was_slow) || VERY_SLOW_WRITE < took {
            self.until.store((ended + SLOW_FOR).0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_slow_writes_in_a_row_or_a_very_slow_one() {
        // Milliseconds that writes take, one after the other; whether the directory is slow then.
        let cases: [(&[u64], bool); 6] = [
            (&[0, 1, 0, 2], false),
            (&[3], false),
            (&[3, 0, 3, 0, 40], false),
            (&[3, 3], true),
            (&[0, 51], true),
            (&[3, 3, 0, 0], true),
        ];
        for (writes, expected) in cases {
            let slowness = Slowness::default();
            let mut now = Instant(1);
            for milliseconds in writes {
                let ended = now + Duration::from_millis(*milliseconds);
                slowness.note(now, ended);
                now = ended;
            }
            assert_eq!(slowness.lasts(now), expected, "{writes:?}");
            assert!(!slowness.lasts(now + SLOW_FOR), "{writes:?}");
        }
    }
}
