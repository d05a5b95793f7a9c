//! The machine's clocks, and timers on the reactor that first polls them.

use dohle_env::clock::{Clock, Instant, Timer};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant as TokioInstant, Sleep};

/// Monotonic time since the clock was made, and the machine's wall time.
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    origin: TokioInstant,
}

impl RealClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: TokioInstant::now() }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn timestamp(&self) -> i64 {
        // A machine set before 1970 has no timestamp that a record could carry.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(RealTimer { origin: self.origin, deadline: Instant::NEVER, sleep: None })
    }
}

/// A deadline in the reactor's timer wheel; there only while somebody waits for it.
struct RealTimer {
    origin: TokioInstant,
    deadline: Instant,
    /// The entry in the wheel and when it fires. It may fire before the deadline: a deadline that
    /// moves later (every request moves one) leaves the entry as it is.
    sleep: Option<(Pin<Box<Sleep>>, Instant)>,
}

/// A deadline past this is not in the wheel: nobody waits a year, and sums must not overflow.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

impl RealTimer {
    fn moment(&self) -> TokioInstant {
        self.origin + Duration::from_nanos(self.deadline.0)
    }
}

impl Timer for RealTimer {
    fn arm(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.deadline == Instant::NEVER {
            return Poll::Pending;
        }
        let until = self.deadline.since(Instant(0));
        if self.origin.elapsed() >= until {
            return Poll::Ready(());
        }
        if until.saturating_sub(self.origin.elapsed()) > WAIT_MAX {
            return Poll::Pending;
        }
        let moment = self.moment();
        let deadline = self.deadline;
        let (sleep, fires) = self
            .sleep
            .get_or_insert_with(|| (Box::pin(tokio::time::sleep_until(moment)), deadline));
        if *fires > deadline {
            sleep.as_mut().reset(moment);
            *fires = deadline;
        }
        ready!(sleep.as_mut().poll(cx));
        if *fires < deadline {
            sleep.as_mut().reset(moment);
            *fires = deadline;
            ready!(sleep.as_mut().poll(cx));
        }
        // Fired: the next deadline needs a fresh entry.
        self.sleep = None;
        Poll::Ready(())
    }
}
