//! Runs of many seeds: each twice, with what went wrong told so that one number repeats it.

use crate::trace::Trace;
use crate::world::World;
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What all runs together came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Seeds that were run.
    pub seeds: u64,
    /// Things that happened in first runs: tasks run, packets, changes of disks, marks.
    pub events: u64,
    /// Virtual time of first runs.
    pub time: Duration,
    /// How often each of [`Trace::sometimes`]' marks was reached in first runs.
    pub coverage: BTreeMap<&'static str, u64>,
}

/// A seed under which something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The number that repeats it.
    pub seed: u64,
    /// What went wrong.
    pub violation: String,
    /// What was done to the world.
    pub headlines: Vec<String>,
    /// The last lines of the trace.
    pub tail: Vec<String>,
}

impl Finding {
    fn of(seed: u64, violation: String, trace: &Trace) -> Self {
        Self { seed, violation, headlines: trace.headlines(), tail: trace.tail() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tail.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "seed {}: {}", self.seed, self.violation)
    }
}

thread_local! {
    /// Where this thread has panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From here on panics are not printed: a seed's violation says where one was.
pub fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.with(|kept| *kept.borrow_mut() = place);
    }));
}

/// Runs `workload` in a world of `seed`. A panic is a violation.
fn run(
    seed: u64,
    workload: &impl Fn(&mut World) -> Result<(), String>,
) -> Result<(Trace, Duration), Finding> {
    let mut world = World::new(seed);
    let trace = world.trace().clone();
    let result = catch_unwind(AssertUnwindSafe(|| workload(&mut world)));
    let time = world.elapsed();
    let violation = match result {
        Ok(Ok(())) => return Ok((trace, time)),
        Ok(Err(violation)) => violation,
        Err(panic) => {
            let place = PLACE.with(|kept| kept.borrow_mut().take());
            let place = place.map_or_else(String::new, |place| format!(", at {place}"));
            format!("panic: {}{place}", message_of(&*panic))
        }
    };
    Err(Finding::of(seed, violation, &trace))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Runs `workload` twice in a world of each seed. The first seed under which it fails, or whose
/// two runs differ, is the error.
pub fn check(
    seeds: Range<u64>,
    workload: impl Fn(&mut World) -> Result<(), String>,
) -> Result<Report, Finding> {
    let mut report = Report::default();
    for seed in seeds {
        let (first, time) = run(seed, &workload)?;
        let (second, _) = run(seed, &workload)?;
        if first.hash() != second.hash() {
            return Err(Finding::of(seed, difference(&first, &second), &first));
        }
        report.seeds += 1;
        report.events += first.events();
        report.time += time;
        for (name, count) in first.coverage() {
            *report.coverage.entry(name).or_default() += count;
        }
    }
    Ok(report)
}

fn difference(first: &Trace, second: &Trace) -> String {
    let (one, other) = (first.tail(), second.tail());
    let differing = one.iter().zip(&other).find(|(one, other)| one != other);
    match differing {
        Some((one, other)) => format!("its runs differ: first\n{one}\nand then\n{other}"),
        None => "its runs differ, before the lines that are kept or in what has no line".to_owned(),
    }
}

/// As [`check`] of one seed, each run on a thread of its own: what a thread keeps for itself (a
/// buffer that stays) is new in each.
pub fn check_apart(
    seed: u64,
    workload: impl Fn(&mut World) -> Result<(), String> + Sync,
) -> Result<Report, Finding> {
    let (first, time) = apart(seed, &workload)?;
    let (second, _) = apart(seed, &workload)?;
    if first.hash() != second.hash() {
        return Err(Finding::of(seed, difference(&first, &second), &first));
    }
    Ok(report(&first, time))
}

/// Runs one seed once, on a thread of its own: for many seeds whose traces others compare.
pub fn run_apart(
    seed: u64,
    workload: impl Fn(&mut World) -> Result<(), String> + Sync,
) -> Result<Report, Finding> {
    let (trace, time) = apart(seed, &workload)?;
    Ok(report(&trace, time))
}

#[allow(clippy::disallowed_methods, reason = "it runs worlds, and is in none")]
fn apart(
    seed: u64,
    workload: &(impl Fn(&mut World) -> Result<(), String> + Sync),
) -> Result<(Trace, Duration), Finding> {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| run(seed, workload));
        run.join().unwrap_or_else(|panic| {
            let violation = format!("panic: {}", message_of(&*panic));
            Err(Finding::of(seed, violation, &Trace::default()))
        })
    })
}

fn report(trace: &Trace, time: Duration) -> Report {
    Report { seeds: 1, events: trace.events(), time, coverage: trace.coverage() }
}

/// The first seed under which `workload` fails; each is run once, as [`run_apart`] does. For bugs
/// that must be found.
pub fn find(
    seeds: Range<u64>,
    workload: impl Fn(&mut World) -> Result<(), String> + Sync,
) -> Option<Finding> {
    seeds.into_iter().find_map(|seed| apart(seed, &workload).err())
}
