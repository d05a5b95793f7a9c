//! Time: a monotonic clock for durations, a wall clock for records, and timers.

use std::ops::{Add, Sub};
use std::task::{Context, Poll};
use std::time::Duration;

/// A point on the monotonic clock, in nanoseconds since an origin of the clock's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// Later than every deadline: a timer armed with it never expires.
    pub const NEVER: Self = Self(u64::MAX);

    /// The time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Whole milliseconds since the clock's origin: a time that nobody can set.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        i64::try_from(self.0 / 1_000_000).unwrap_or(i64::MAX)
    }

    /// The instant `milliseconds` later; a negative number counts as zero.
    #[must_use]
    pub fn after_ms(self, milliseconds: i64) -> Self {
        self + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// The two clocks of a node.
pub trait Clock: Send + Sync {
    /// Monotonic time.
    fn now(&self) -> Instant;

    /// Wall time in milliseconds since 1970, as records carry it. It may jump.
    fn timestamp(&self) -> i64;

    /// A timer that is not armed yet. One is made per waiting task and armed again and again.
    fn timer(&self) -> Box<dyn Timer>;
}

/// One deadline at a time.
pub trait Timer: Send {
    /// Replaces the deadline. [`Instant::NEVER`] disarms.
    fn arm(&mut self, deadline: Instant);

    /// Ready once the deadline has passed; else the task is woken when it does.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// Waits until `deadline` on a fresh timer. For rare waits; hot tasks keep a [`Timer`].
pub async fn sleep_until(clock: &dyn Clock, deadline: Instant) {
    let mut timer = clock.timer();
    timer.arm(deadline);
    std::future::poll_fn(|cx| timer.poll_expired(cx)).await;
}

/// Waits for `duration` from now.
pub async fn sleep(clock: &dyn Clock, duration: Duration) {
    sleep_until(clock, clock.now() + duration).await;
}
