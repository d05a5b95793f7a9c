//! `cargo xtask sim`: many seeds of simulated nodes, in parallel processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--seed S] [--minutes M] [--twice EVERY] \
[--workload mixed|long|calm|groups|transactions] | --defects [SEEDS]";
/// Seeds that one process runs before the next begins: what a node leaks does not add up.
const SEEDS_PER_PROCESS: u64 = 20;

/// What the command line asks for.
struct Options {
    from: u64,
    seeds: u64,
    /// No process begins after this.
    limit: Option<Duration>,
    workload: String,
    /// Each so-manieth seed runs twice, and must do the same both times.
    twice: u64,
}

/// What all processes said.
#[derive(Default)]
struct Totals {
    seeds: u64,
    events: u64,
    simulated_ms: u64,
    coverage: BTreeMap<String, u64>,
    /// The first line of each failure, its seed in it.
    failures: Vec<String>,
}

impl Totals {
    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        match words.as_slice() {
            ["seed", _, "events", events, "ms", ms] => {
                self.seeds += 1;
                self.events += number(events);
                self.simulated_ms += number(ms);
            }
            ["coverage", count, name @ ..] => {
                *self.coverage.entry(name.join(" ")).or_default() += number(count);
            }
            ["FAILED", ..] => {
                self.failures.push(line.to_owned());
                println!("{line}");
            }
            _ => println!("{line}"),
        }
    }
}

/// Builds the simulation and runs it.
///
/// # Errors
/// A wrong command line, a build that fails, or any seed that does.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if let ["--defects", rest @ ..] = arguments {
        let seeds = rest.first().map_or(Ok(200), |seeds| seeds.parse::<u64>());
        return find_defects(&build(root)?, seeds.map_err(|_| USAGE)?);
    }
    let options = parse(arguments)?;
    let binary = build(root)?;
    let began = Instant::now();
    let next = AtomicU64::new(options.from);
    let totals = Mutex::new(Totals::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let work = || worker(&binary, &options, began, &next, &totals);
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined.map(|result| result.unwrap_or_else(|_| Err("a worker panicked".into()))).collect()
    });
    results.into_iter().collect::<Result<(), String>>()?;
    print(&totals.into_inner().unwrap_or_else(PoisonError::into_inner), began.elapsed())
}

/// Builds the simulation, and says where it is.
fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(&cargo);
    build.current_dir(root).args(["build", "--profile", "sim", "-p", "dohle-sim"]);
    let built = build.status().map_err(|error| format!("{cargo}: {error}"))?;
    if !built.success() {
        return Err("the simulation cannot be built".to_owned());
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    Ok(target.join("sim/dohle-sim"))
}

/// Every deliberate defect must be found within so many seeds.
fn find_defects(binary: &Path, seeds: u64) -> Result<(), String> {
    let mut command = Command::new(binary);
    command.args(["defect", "all", &seeds.to_string()]);
    let status = command.status().map_err(|error| format!("{}: {error}", binary.display()))?;
    if status.success() { Ok(()) } else { Err("a deliberate defect is not found".to_owned()) }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let workload = "mixed".to_owned();
    let mut options = Options { from: 0, seeds: 200, limit: None, workload, twice: 1 };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let value = rest.next().ok_or(USAGE)?;
        let number = || value.parse::<u64>().map_err(|_| USAGE.to_owned());
        match *flag {
            "--seeds" => options.seeds = number()?,
            "--seed" => (options.from, options.seeds) = (number()?, 1),
            "--minutes" => {
                options.limit = Some(Duration::from_secs(60 * number()?));
                options.seeds = u64::MAX / 2;
            }
            "--twice" => options.twice = number()?,
            "--workload" => options.workload = (*value).to_owned(),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

/// Runs processes until no seed is left or the time is up.
fn worker(
    binary: &Path,
    options: &Options,
    began: Instant,
    next: &AtomicU64,
    totals: &Mutex<Totals>,
) -> Result<(), String> {
    let end = options.from + options.seeds;
    while options.limit.is_none_or(|limit| began.elapsed() < limit) {
        let from = next.fetch_add(SEEDS_PER_PROCESS, Ordering::Relaxed);
        if end <= from {
            break;
        }
        let count = SEEDS_PER_PROCESS.min(end - from);
        let mut child = Command::new(binary)
            .args(["run", &from.to_string(), &count.to_string(), &options.workload])
            .arg(options.twice.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(|error| error.to_string())?;
                totals.lock().unwrap_or_else(PoisonError::into_inner).take(&line);
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if status.code().is_none() {
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.failures.push(format!("FAILED seeds from {from}: the process ended: {status}"));
        }
    }
    Ok(())
}

fn print(totals: &Totals, took: Duration) -> Result<(), String> {
    let simulated = totals.simulated_ms / 1000;
    println!(
        "{} seeds passed, {} events, {simulated} s simulated in {:.0} s",
        totals.seeds,
        totals.events,
        took.as_secs_f64()
    );
    for (name, count) in &totals.coverage {
        println!("{count:>12} {name}");
    }
    if totals.failures.is_empty() {
        return Ok(());
    }
    println!("failed:");
    totals.failures.iter().for_each(|line| println!("  {line}"));
    Err(format!("{} seeds failed; `--seed S` repeats one", totals.failures.len()))
}
