//! `cargo xtask sim`: many seeds of simulated nodes, in parallel processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--seed S] [--minutes M] [--twice EVERY] \
[--workload mixed|long|calm|groups|transactions|applications] | --defects [SEEDS]";
/// Seeds that one process runs before the next begins: what a node leaks does not add up.
const SEEDS_PER_PROCESS: u64 = 20;
/// A seed that says nothing for so long never ends: the longest take some seconds.
const SILENCE: Duration = Duration::from_secs(300);

/// What the command line asks for.
#[derive(Debug)]
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
    /// Seeds that came after one that ended its process.
    skipped: u64,
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
            ["FAILED", ..] => self.fail(line.to_owned()),
            _ => println!("{line}"),
        }
    }

    /// Of what so many seeds must come to, `expected` (their number, then a mark a line), what these
    /// have not; of fewer seeds nothing is expected.
    fn missing(&self, expected: &str) -> Result<Vec<String>, String> {
        let (seeds, marks) = expected.split_once('\n').ok_or("the simulation expects nothing")?;
        let seeds: u64 = seeds.parse().map_err(|_| format!("{seeds} is no number of seeds"))?;
        let is_missing = |mark: &&str| self.coverage.get(*mark).is_none_or(|count| *count == 0);
        let missing = marks.lines().filter(is_missing).map(str::to_owned);
        Ok(if self.seeds < seeds { Vec::new() } else { missing.collect() })
    }

    fn fail(&mut self, line: String) {
        println!("{line}");
        self.failures.push(line);
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
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    print(&totals, began.elapsed())?;
    if options.workload == "mixed" {
        check_coverage(&binary, &totals)?;
    }
    let told = totals.seeds + totals.failures.len() as u64;
    if options.limit.is_none() && told != options.seeds {
        return Err(format!("{told} of {} seeds were run", options.seeds));
    }
    Ok(())
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

/// What the simulation says that so many seeds come to must have been come to.
fn check_coverage(binary: &Path, totals: &Totals) -> Result<(), String> {
    let told = Command::new(binary).arg("expected").output();
    let told = told.map_err(|error| format!("{}: {error}", binary.display()))?;
    let told = String::from_utf8(told.stdout).map_err(|error| error.to_string())?;
    let missing = totals.missing(&told)?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("{} seeds never came to: {}", totals.seeds, missing.join("; ")))
}

/// Every deliberate defect must be found within so many seeds.
fn find_defects(binary: &Path, seeds: u64) -> Result<(), String> {
    let mut command = Command::new(binary);
    command.args(["defect", "all", &seeds.to_string()]);
    let status = command.status().map_err(|error| format!("{}: {error}", binary.display()))?;
    if status.success() { Ok(()) } else { Err("a deliberate defect is not found".to_owned()) }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let (mut from, mut seeds, mut limit, mut twice) = (None, None, None, 1);
    let mut workload = "mixed".to_owned();
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let value = rest.next().ok_or(USAGE)?;
        let number = || value.parse::<u64>().map_err(|_| USAGE.to_owned());
        match *flag {
            "--seeds" => seeds = Some(number()?),
            "--seed" => from = Some(number()?),
            "--minutes" => limit = Some(Duration::from_secs(60 * number()?)),
            "--twice" => twice = number()?,
            "--workload" => workload = (*value).to_owned(),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let default = match (limit, from) {
        (Some(_), _) => u64::MAX / 2,
        (None, Some(_)) => 1,
        (None, None) => 200,
    };
    let (from, seeds) = (from.unwrap_or(0), seeds.unwrap_or(default));
    Ok(Options { from, seeds, limit, workload, twice })
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
        let output = child.stdout.take().ok_or("a process without an output")?;
        let (ended, unread) = follow(output, totals);
        let why = end_of(&mut child, unread)?;
        // What was not told is not passed: the seed that ended the process, and all behind it.
        if ended < count {
            if ended == 0 && !unread {
                return Err(format!("{}, {why}, has run no seed", binary.display()));
            }
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.fail(format!("FAILED seed {}: {why}", from + ended));
            totals.skipped += count - ended - 1;
        }
    }
    Ok(())
}

/// Takes what a process says until it ends, or is silent for too long: how many seeds it ended, and
/// whether it still runs.
fn follow(output: ChildStdout, totals: &Mutex<Totals>) -> (u64, bool) {
    let (told, lines) = mpsc::channel();
    std::thread::spawn(move || {
        // Who listens may have given up; then the process is ended, and this thread with it.
        BufReader::new(output).lines().map_while(Result::ok).all(|line| told.send(line).is_ok())
    });
    let mut ended = 0;
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => {
                ended += u64::from(is_end_of_seed(&line));
                totals.lock().unwrap_or_else(PoisonError::into_inner).take(&line);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return (ended, false),
            Err(mpsc::RecvTimeoutError::Timeout) => return (ended, true),
        }
    }
}

fn is_end_of_seed(line: &str) -> bool {
    line.starts_with("seed ") || line.starts_with("FAILED seed ")
}

/// Why a process has ended; one that still runs is ended.
fn end_of(child: &mut Child, still_runs: bool) -> Result<String, String> {
    if still_runs {
        child.kill().map_err(|error| error.to_string())?;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let silent = format!("it said nothing for {} s", SILENCE.as_secs());
    Ok(if still_runs { silent } else { format!("the process ended ({status})") })
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
    if totals.skipped != 0 {
        println!("{} seeds were not run, after one that ended its process", totals.skipped);
    }
    println!("failed:");
    totals.failures.iter().for_each(|line| println!("  {line}"));
    Err(format!("{} seeds failed; `--seed S` repeats one", totals.failures.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_counted_by_how_they_ended() {
        let mut totals = Totals::default();
        let lines = [
            ("seed 4 events 20 ms 3000", true),
            ("coverage 2 topic grown", false),
            ("FAILED seed 5: lost a record", true),
            ("  clients: producer", false),
            ("coverage 3 topic grown", false),
        ];
        for (line, is_end) in lines {
            totals.take(line);
            assert_eq!(is_end_of_seed(line), is_end, "{line}");
        }
        assert_eq!((totals.seeds, totals.events, totals.simulated_ms), (1, 20, 3000));
        assert_eq!(totals.coverage["topic grown"], 5);
        assert_eq!(totals.failures, ["FAILED seed 5: lost a record"]);
    }

    #[test]
    fn what_many_seeds_never_came_to_is_missed() {
        let mut totals = Totals { seeds: 2, ..Totals::default() };
        totals.take("coverage 1 topic grown");
        totals.take("coverage 0 topic deleted");
        let missing = |of: &str| totals.missing(of).unwrap();
        assert_eq!(missing("2\ntopic grown\n"), Vec::<String>::new());
        assert_eq!(missing("2\ntopic deleted\na kill\n"), ["topic deleted", "a kill"]);
        assert_eq!(missing("3\ntopic deleted\n"), Vec::<String>::new(), "too few seeds");
        assert!(totals.missing("").is_err() && totals.missing("all\nof it\n").is_err());
    }

    #[test]
    fn a_seed_alone_or_the_first_of_many() {
        let of = |words: &str| {
            let options = parse(&words.split_whitespace().collect::<Vec<_>>()).unwrap();
            (options.from, options.seeds, options.limit)
        };
        assert_eq!(of(""), (0, 200, None));
        assert_eq!(of("--seed 7"), (7, 1, None));
        assert_eq!(of("--seed 7 --seeds 3"), (7, 3, None));
        assert_eq!(of("--seeds 3 --seed 7"), (7, 3, None));
        assert_eq!(of("--seed 7 --minutes 2").0, 7);
        assert!(parse(&["--seeds", "many"]).is_err());
        assert!(parse(&["--seeds"]).is_err());
    }
}
