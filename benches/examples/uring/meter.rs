//! Clocks, what is read off them, and the table.

use std::io;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// Before the measured time: caches, windows and queues get into their stride.
pub(crate) const WARM: Duration = Duration::from_millis(100);
pub(crate) const MEASURED: Duration = Duration::from_millis(250);

/// The clocks at one moment, and how much was done by then.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    wall: Instant,
    process: Duration,
    thread: Duration,
    done: u64,
}

impl Mark {
    /// Reads the clocks; the thread's is that of the caller.
    pub(crate) fn now(done: u64) -> Self {
        Self {
            wall: Instant::now(),
            process: cpu(ClockId::ProcessCPUTime),
            thread: cpu(ClockId::ThreadCPUTime),
            done,
        }
    }

    /// What lies between this mark and a later one of the same thread, which is the client.
    pub(crate) fn until_with_client(self, end: Self) -> Sample {
        let client = end.thread - self.thread;
        Sample { client, cpu: end.process - self.process - client, ..self.until(end) }
    }

    /// What lies between this mark and a later one; the CPU is the whole process'.
    pub(crate) fn until(self, end: Self) -> Sample {
        Sample {
            cpu: end.process - self.process,
            client: Duration::ZERO,
            wall: end.wall - self.wall,
            done: end.done - self.done,
        }
    }
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// What one round of one variant came to.
pub(crate) struct Sample {
    /// All threads of the process but the client; the kernel's workers for a ring are among them.
    cpu: Duration,
    client: Duration,
    wall: Duration,
    done: u64,
}

impl Sample {
    /// Microseconds of CPU for each that was done.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.done as f64
    }

    /// The same for the client.
    pub(crate) fn client_us(&self) -> f64 {
        self.client.as_secs_f64() * 1e6 / self.done as f64
    }

    /// So many were done in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.wall.as_secs_f64()
    }
}

/// A variant, and its rounds.
pub(crate) struct Row {
    name: &'static str,
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, samples: Vec::new() }
    }
}

/// Opens a table whose rows have these three figures, each for one request or append.
pub(crate) fn print_head(title: &str, figures: [&str; 3]) {
    let [first, second, third] = figures;
    println!("\n{title}: median (least–largest)");
    println!("{:26}{first:>24}{second:>24}{third:>32}", "");
}

/// Prints a point of the table, a line for each variant.
pub(crate) fn print(point: &str, rows: &[Row], figures: impl Fn(&Sample) -> [f64; 3]) {
    println!("{point}");
    for row in rows {
        let all: Vec<[f64; 3]> = row.samples.iter().map(&figures).collect();
        let [first, second, third] =
            [0, 1, 2].map(|index| spread(all.iter().map(|sample| sample[index]).collect()));
        println!("  {:24}{first:>24}{second:>24}{third:>32}", row.name);
    }
}

fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let [least, .., largest] = values[..] else { return String::from("too few") };
    let median = values[values.len() / 2];
    let digits = if median < 100.0 { 2 } else { 0 };
    format!("{median:.digits$} ({least:.digits$}–{largest:.digits$})")
}

/// Which of the two sides of a socket a thread is.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Server,
    Client,
}

/// Keeps the calling thread on a core that is its side's own; with one core only, it does nothing.
///
/// Left to the scheduler, the two sides now share a core and now do not, and a round's cost of
/// waking depends on that more than on the variant.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn pin(side: Side) -> io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
    let (Some(first), Some(last)) = (cores.next(), cores.next_back()) else { return Ok(()) };
    let mut own = CpuSet::new();
    own.set(match side {
        Side::Server => first,
        Side::Client => last,
    });
    Ok(sched_setaffinity(None, &own)?)
}
