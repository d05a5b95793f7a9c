//! A wall clock that does not jump: what timers of machines are measured with.
//!
//! It runs with the monotonic clock and draws near the wall clock, by a tenth of the time that
//! passes. So a session neither ends nor lives on because somebody set the clock, and what is
//! written down is still, before long, the time that people know.

use dohle_env::clock::{Clock, Instant};
use std::sync::Arc;
use std::time::Duration;

/// How much faster or slower than time itself it may run: one part in so many.
const CORRECTION: i64 = 10;

/// See the module.
pub(crate) struct SteadyTime {
    clock: Arc<dyn Clock>,
    /// When it was last looked at, and what it showed.
    at: Instant,
    shown_ms: i64,
}

impl SteadyTime {
    /// Begins with what the wall clock shows.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { at: clock.now(), shown_ms: clock.timestamp(), clock }
    }

    /// Milliseconds since 1970, or nearly; never less than before.
    pub(crate) fn now(&mut self) -> i64 {
        let passed = self.clock.now().since(self.at).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        if passed == 0 {
            return self.shown_ms;
        }
        self.at = self.at + Duration::from_millis(passed.unsigned_abs());
        let steady = self.shown_ms.saturating_add(passed);
        let behind = self.clock.timestamp().saturating_sub(steady);
        let limit = passed / CORRECTION;
        self.shown_ms = steady.saturating_add(behind.clamp(-limit, limit));
        self.shown_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_env::clock::Timer;
    use std::sync::Mutex;

    /// (monotonic nanoseconds, wall milliseconds).
    struct Hands(Mutex<(u64, i64)>);

    impl Clock for Hands {
        fn now(&self) -> Instant {
            Instant(self.0.lock().unwrap().0)
        }

        fn timestamp(&self) -> i64 {
            self.0.lock().unwrap().1
        }

        fn timer(&self) -> Box<dyn Timer> {
            unreachable!("nobody waits here")
        }
    }

    #[test]
    fn it_follows_a_clock_that_jumps_without_jumping() {
        let hands = Arc::new(Hands(Mutex::new((0, 1_000_000))));
        let mut time = SteadyTime::new(hands.clone());
        let mut move_to = |monotonic_ms: u64, wall_ms: i64| {
            *hands.0.lock().unwrap() = (monotonic_ms * 1_000_000, wall_ms);
            time.now()
        };
        assert_eq!(move_to(100, 1_000_100), 1_000_100);
        // An hour forward: a second later it has gained a tenth of it.
        assert_eq!(move_to(1_100, 4_601_100), 1_001_200);
        // An hour back, and a little more: it goes slower, not back.
        assert_eq!(move_to(2_100, 1_000_000), 1_002_100);
        assert_eq!(move_to(2_100, 0), 1_002_100);
        // Where both agree it stays with the wall.
        assert_eq!(move_to(2_200, 1_002_205), 1_002_205);
    }
}
