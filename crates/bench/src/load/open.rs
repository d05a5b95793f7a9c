//! The open loop: requests have their times, whether the server keeps up or not, and a latency
//! counts from the time a request was to be sent, not from when it was.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::fs::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::{Events, Fetcher, Producer, STALL_MAX, broken};

/// When requests are sent, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    /// Before latencies count.
    pub(crate) warm: Duration,
    /// While they count.
    pub(crate) time: Duration,
}

/// Steps through the intended times.
struct Schedule {
    start: Instant,
    interval: Duration,
    due: u32,
    timer: OwnedFd,
}

impl Schedule {
    fn new(rate: &Rate) -> io::Result<Self> {
        // Timers of this thread fire when they should, not up to 50 µs later.
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self {
            start: Instant::now() + Duration::from_millis(1),
            interval: Duration::from_secs(1) / rate.per_second,
            due: 0,
            timer: timerfd_create(TimerfdClockId::Monotonic, flags)?,
        })
    }

    fn next(&self) -> Instant {
        self.start + self.interval * self.due
    }

    /// The next intended time, once it has come; none from the end on.
    fn take(&mut self, now: Instant, ends_at: Instant) -> Option<Instant> {
        let intended = self.next();
        (intended <= now && intended < ends_at).then(|| {
            self.due += 1;
            intended
        })
    }

    /// Wakes the loop at the next intended time.
    fn arm(&self) -> io::Result<()> {
        let wait =
            self.next().saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: wait.as_secs().cast_signed(),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: zero, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec)?;
        Ok(())
    }
}

/// Latencies in nanoseconds, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are within the bounds")
}

struct Latencies {
    histogram: Histogram<u64>,
    counts_from: Instant,
}

impl Latencies {
    fn record(&mut self, intended: Instant, now: Instant) {
        if intended >= self.counts_from {
            let nanoseconds = (now - intended).as_nanos() as u64;
            self.histogram.record(nanoseconds).expect("the histogram grows");
        }
    }
}

/// Sends to the producers in turn at that rate: the times until each request was acknowledged.
/// `edge` is called when counting begins and when it ends.
///
/// # Errors
/// When a connection breaks, an answer tells an error, or none comes for long.
pub(crate) fn acknowledged(
    mut producers: Vec<Producer>,
    rate: &Rate,
    edge: impl FnMut(),
) -> io::Result<Histogram<u64>> {
    let mut intended: Vec<VecDeque<Instant>> = vec![VecDeque::new(); producers.len()];
    let mut events = Events::new()?;
    for (token, producer) in producers.iter().enumerate() {
        events.add(&producer.socket, token)?;
    }
    let count = producers.len();
    let mut turn = 0;
    run(rate, &mut events, edge, |step, latencies| {
        match step {
            Step::Due(time) => {
                intended[turn].push_back(time);
                producers[turn].allowed += 1;
                producers[turn].send()?;
                turn = (turn + 1) % count;
            }
            Step::Ready(token) => {
                let before = producers[token].answered;
                producers[token].receive()?;
                producers[token].send()?;
                let now = Instant::now();
                for _ in before..producers[token].answered {
                    let time = intended[token].pop_front().expect("one time for each request");
                    latencies.record(time, now);
                }
            }
        }
        Ok(intended.iter().filter_map(VecDeque::front).min().copied())
    })
}

/// Sends with one producer at that rate, one record a request: the times until the fetcher, which
/// waits at the partition's end, had each record. `edge` as above.
///
/// # Errors
/// When a connection breaks, an answer tells an error, or none comes for long.
pub(crate) fn delivered(
    mut producer: Producer,
    mut fetcher: Fetcher,
    rate: &Rate,
    edge: impl FnMut(),
) -> io::Result<Histogram<u64>> {
    const PRODUCER: usize = 0;
    const FETCHER: usize = 1;
    let mut intended = VecDeque::new();
    let mut events = Events::new()?;
    events.add(&producer.socket, PRODUCER)?;
    events.add(&fetcher.socket, FETCHER)?;
    fetcher.send()?;
    run(rate, &mut events, edge, |step, latencies| {
        match step {
            Step::Due(time) => {
                intended.push_back(time);
                producer.allowed += 1;
                producer.send()?;
            }
            Step::Ready(PRODUCER) => {
                producer.receive()?;
                producer.send()?;
            }
            Step::Ready(_) => {
                let before = fetcher.records;
                fetcher.receive()?;
                fetcher.send()?;
                let now = Instant::now();
                for _ in before..fetcher.records {
                    let time = intended
                        .pop_front()
                        .ok_or_else(|| broken("more records came than were sent"))?;
                    latencies.record(time, now);
                }
            }
        }
        Ok(intended.front().copied())
    })
}

enum Step {
    /// A request's time has come.
    Due(Instant),
    /// The socket of that token has news.
    Ready(usize),
}

/// The loop around the steps; a step answers the oldest intended time that is still open.
fn run(
    rate: &Rate,
    events: &mut Events,
    mut edge: impl FnMut(),
    mut step: impl FnMut(Step, &mut Latencies) -> io::Result<Option<Instant>>,
) -> io::Result<Histogram<u64>> {
    const TIMER: usize = usize::MAX;
    let mut schedule = Schedule::new(rate)?;
    events.add(&schedule.timer, TIMER)?;
    let counts_from = schedule.start + rate.warm;
    let ends_at = counts_from + rate.time;
    let mut latencies = Latencies { histogram: histogram(), counts_from };
    let (mut counting, mut ended) = (false, false);
    let mut oldest: Option<Instant> = None;
    schedule.arm()?;
    loop {
        for token in events.wait()?.filter(|&token| token != TIMER) {
            oldest = step(Step::Ready(token), &mut latencies)?;
        }
        let now = Instant::now();
        if !counting && now >= counts_from {
            counting = true;
            edge();
        }
        if !ended && now >= ends_at {
            ended = true;
            edge();
        }
        // However late this loop is: what was to be sent before the end is sent, and counts.
        while let Some(time) = schedule.take(Instant::now(), ends_at) {
            oldest = step(Step::Due(time), &mut latencies)?;
        }
        if ended && oldest.is_none() {
            return Ok(latencies.histogram);
        }
        if oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) > STALL_MAX) {
            return Err(broken(format!("no answer for {} s", STALL_MAX.as_secs())));
        }
        if !ended {
            schedule.arm()?;
        }
    }
}
