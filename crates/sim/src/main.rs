//! `dohle-sim <from> <count> [workload]`: runs seeds, each twice, and prints what they came to.
//!
//! `dohle-sim <seed> log [workload]` runs one seed and prints all that happens, with the node's log.

#![allow(clippy::disallowed_methods, reason = "a tool: its arguments and its own time are real")]
#![allow(clippy::print_stdout, reason = "a tool speaks to its user")]

use dohle_sim::swarm;
use dohle_sim::workload::{self, Plan};
use dohle_sim::world::World;
use std::process::ExitCode;

const USAGE: &str = "usage: dohle-sim <seed> <count>|log [mixed|long|calm|groups|transactions]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (seed, how, workload) = match arguments.as_slice() {
        [seed, how] => (*seed, *how, "mixed"),
        [seed, how, workload] => (*seed, *how, *workload),
        _ => return usage(),
    };
    let (Ok(seed), Some(plan)) = (seed.parse::<u64>(), Plan::named(workload)) else {
        return usage();
    };
    match how.parse::<u64>() {
        Ok(count) => many(seed, count, plan),
        Err(_) if how == "log" => one(seed, plan),
        Err(_) => usage(),
    }
}

fn usage() -> ExitCode {
    println!("{USAGE}");
    ExitCode::FAILURE
}

/// Each seed twice; every one that fails is told. The lines are read by `cargo xtask sim`.
fn many(from: u64, count: u64, plan: Plan) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let mut failed = false;
    for seed in from..from + count {
        match swarm::check_apart(seed, |world| workload::run(world, plan)) {
            Ok(report) => {
                println!("seed {seed} events {} ms {}", report.events, report.time.as_millis());
                for (name, count) in report.coverage {
                    println!("coverage {count} {name}");
                }
            }
            Err(finding) => {
                failed = true;
                println!("FAILED seed {seed}: {}", finding.violation);
                let skipped = finding.tail.len().saturating_sub(60);
                finding.tail.iter().skip(skipped).for_each(|line| println!("  {line}"));
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One seed once, with everything that happens.
fn one(seed: u64, plan: Plan) -> ExitCode {
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
