//! `dohle-sim`: runs seeds and prints what they came to.

#![allow(clippy::disallowed_methods, reason = "a tool: its arguments and its own time are real")]
#![allow(clippy::print_stdout, reason = "a tool speaks to its user")]

use dohle_sim::disk::Defect;
use dohle_sim::shrink::shrink;
use dohle_sim::swarm::{self, Finding, Report};
use dohle_sim::workload::{self, Plan, coverage};
use dohle_sim::world::World;
use std::cell::Cell;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: dohle-sim run SEED COUNT [WORKLOAD] [TWICE]   each TWICE-th seed (1: every one) twice, with equal traces
       dohle-sim log SEED [WORKLOAD]                 one seed, with all that happens and the node's log
       dohle-sim shrink SEED [WORKLOAD]              the least of a failing seed that fails
       dohle-sim defect NAME|all [SEEDS] [WORKLOAD]  the first seed that finds a deliberate defect
       dohle-sim expected                            what so many seeds of mixed must come to";

/// Seeds within which a deliberate defect must be found.
const DEFECT_SEEDS: u64 = 200;
/// Lines that are printed of the end of a failing run.
const TAIL_LINES: usize = 60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["expected"] {
        return tell_expected();
    }
    let Some((command, first, rest)) = arguments.split_first().and_then(|(command, rest)| {
        rest.split_first().map(|(first, rest)| (*command, *first, rest))
    }) else {
        return usage();
    };
    let number = |at: usize, default: u64| rest.get(at).map_or(Ok(default), |text| text.parse());
    let plan = |at: usize| Plan::named(rest.get(at).copied().unwrap_or("mixed"));
    let seed = first.parse::<u64>();
    match (command, seed) {
        ("run", Ok(seed)) => match (number(0, 0), plan(1), number(2, 1)) {
            (Ok(count), Some(plan), Ok(twice)) => many(seed, count, &plan, twice.max(1)),
            _ => usage(),
        },
        ("log", Ok(seed)) => plan(0).map_or_else(usage, |plan| one(seed, &plan)),
        ("shrink", Ok(seed)) => plan(0).map_or_else(usage, |plan| tell_least(seed, &plan, None)),
        ("defect", _) => {
            let wanted = Defect::ALL.iter().filter(|(name, _)| first == "all" || first == *name);
            match (number(0, DEFECT_SEEDS), plan(1), wanted.clone().count()) {
                (Ok(seeds), Some(plan), 1..) => find(wanted, seeds, &plan),
                _ => usage(),
            }
        }
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    let defects: Vec<&str> = Defect::ALL.iter().map(|(name, _)| *name).collect();
    println!("{USAGE}\nworkloads: {}\ndefects: {}", Plan::NAMES, defects.join("|"));
    ExitCode::FAILURE
}

/// How many seeds, then a mark a line. Read by `cargo xtask sim`.
fn tell_expected() -> ExitCode {
    println!("{}", coverage::SWARM_SEEDS);
    let expected = coverage::MARKS.iter().filter(|mark| mark.is_expected);
    expected.for_each(|mark| println!("{}", mark.name));
    ExitCode::SUCCESS
}

/// Every seed that fails is told. The lines are read by `cargo xtask sim`.
fn many(from: u64, count: u64, plan: &Plan, twice: u64) -> ExitCode {
    swarm::keep_panics_quiet();
    let mut failed = false;
    for seed in from..from + count {
        let work = |world: &mut World| workload::run(world, plan);
        let is_twice = seed % twice == 0;
        let run =
            if is_twice { swarm::check_apart(seed, work) } else { swarm::run_apart(seed, work) };
        match run {
            Ok(report) => tell(seed, report),
            Err(finding) => {
                failed = true;
                println!("FAILED seed {seed}: {}", finding.violation);
                tell_least(seed, plan, Some(&finding));
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn tell(seed: u64, report: Report) {
    println!("seed {seed} events {} ms {}", report.events, report.time.as_millis());
    for (name, count) in report.coverage {
        println!("coverage {count} {name}");
    }
}

/// The least of a seed that still fails, and the end of that run; of what no single run shows, what
/// was found.
fn tell_least(seed: u64, plan: &Plan, found: Option<&Finding>) -> ExitCode {
    swarm::keep_panics_quiet();
    found.into_iter().for_each(tell_finding);
    // Many runs: whoever waits sees that they go on.
    let runs = Cell::new(0_u32);
    let fails = |plan: &Plan| {
        runs.set(runs.get() + 1);
        if runs.get().is_multiple_of(10) {
            println!("  shrinking, {} runs so far", runs.get());
        }
        swarm::run_apart(seed, |world| workload::run(world, plan)).err()
    };
    let Some(least) = shrink(plan, fails) else {
        println!("  seed {seed} does not fail when it is run once");
        return ExitCode::FAILURE;
    };
    let clients = Plan::clients();
    let needed = clients.iter().filter(|name| !least.plan.without.clients.contains(*name));
    let needed: Vec<&str> = needed.map(String::as_str).collect();
    println!("  the least that fails, after {} runs: {}", least.runs, least.finding.violation);
    println!("  clients: {}", needed.join(", "));
    tell_finding(&least.finding);
    ExitCode::FAILURE
}

fn tell_finding(finding: &Finding) {
    finding.headlines.iter().for_each(|line| println!("  {line}"));
    println!("  its end:");
    let skipped = finding.tail.len().saturating_sub(TAIL_LINES);
    finding.tail.iter().skip(skipped).for_each(|line| println!("    {line}"));
}

/// Seeks defects; that each is found is the success.
fn find<'a>(
    defects: impl Iterator<Item = &'a (&'static str, Defect)>,
    seeds: u64,
    plan: &Plan,
) -> ExitCode {
    swarm::keep_panics_quiet();
    let mut are_found = true;
    for (name, defect) in defects {
        let plan = plan.clone().with_defect(*defect);
        let findings = (0..seeds)
            .filter_map(|seed| swarm::run_apart(seed, |world| workload::run(world, &plan)).err());
        let mut others = Vec::new();
        let found = findings
            .inspect(|finding| others.push(finding.violation.clone()))
            .find(|finding| defect.is_told_by(&finding.violation));
        match found {
            Some(Finding { seed, violation, .. }) => {
                println!("{name} is found at seed {seed}: {violation}");
            }
            None => {
                are_found = false;
                println!("FAILED: {name} is not found within {seeds} seeds");
                others.iter().for_each(|other| println!("  this was: {other}"));
            }
        }
    }
    if are_found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One seed once, with everything that happens.
fn one(seed: u64, plan: &Plan) -> ExitCode {
    let mut world = World::new(seed);
    world.trace().print_all();
    tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .with_max_level(tracing::Level::DEBUG)
        .init();
    match workload::run(&mut world, plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(violation) => {
            println!("seed {seed}: {violation}");
            ExitCode::FAILURE
        }
    }
}
