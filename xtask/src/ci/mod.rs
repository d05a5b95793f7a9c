//! `cargo xtask test`: everything that must hold, in stages, the cheap ones first.

mod room;
mod stage;
mod toolchains;

use std::path::Path;
use std::time::{Duration, Instant};

use stage::{Run, STAGES, Stage};

const USAGE: &str =
    "usage: cargo xtask test [--only STAGE]... [--from STAGE] [--keep-going] [--list]
  --only STAGE    runs that stage alone; more than one may be named
  --from STAGE    leaves out the stages before it
  --keep-going    runs the stages after a failed one too
  --list          says what stages there are";

/// What the command line asks for.
struct Options {
    stages: Vec<&'static Stage>,
    keep_going: bool,
}

/// How one stage ended.
struct Outcome {
    name: &'static str,
    took: Duration,
    /// What this machine could not show, or why the stage has failed.
    result: Result<Vec<String>, String>,
}

/// Runs the stages and prints how each ended and how long it took.
///
/// # Errors
/// A wrong command line, or the stages that failed.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if arguments == ["--list"] {
        for stage in &STAGES {
            println!("{:12}  {}", stage.name, stage.what);
        }
        return Ok(());
    }
    let options = parse(arguments)?;
    let mut outcomes = Vec::new();
    for stage in &options.stages {
        println!("== {}: {}", stage.name, stage.what);
        let begun = Instant::now();
        let result = match stage.run {
            Run::Whole(run) => run(root).map(|()| Vec::new()),
            Run::Partly(run) => run(root),
        };
        let failed = result.is_err();
        outcomes.push(Outcome { name: stage.name, took: begun.elapsed(), result });
        if failed && !options.keep_going {
            break;
        }
    }
    summary(&options, &outcomes)
}

fn summary(options: &Options, outcomes: &[Outcome]) -> Result<(), String> {
    println!("\n== summary");
    let mut failed = Vec::new();
    for outcome in outcomes {
        let seconds = outcome.took.as_secs_f64();
        let word = match &outcome.result {
            Ok(left_out) if left_out.is_empty() => "ok".to_owned(),
            Ok(left_out) => format!("ok, but NOT RUN: {}", left_out.join("; ")),
            Err(why) => {
                failed.push(outcome.name);
                format!("FAILED: {why}")
            }
        };
        println!("{:12}  {seconds:7.1} s  {word}", outcome.name);
    }
    for stage in options.stages.iter().skip(outcomes.len()) {
        println!("{:12}           -  not run", stage.name);
    }
    let seconds: f64 = outcomes.iter().map(|outcome| outcome.took.as_secs_f64()).sum();
    println!("{:12}  {seconds:7.1} s", "all");
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", "))),
    }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let mut only = Vec::new();
    let mut from = 0;
    let mut keep_going = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--only" => only.push(&STAGES[position(words.next())?]),
            "--from" => from = position(words.next())?,
            "--keep-going" => keep_going = true,
            _ => return Err(USAGE.into()),
        }
    }
    if only.is_empty() {
        only = STAGES[from..].iter().collect();
    }
    Ok(Options { stages: only, keep_going })
}

fn position(name: Option<&&str>) -> Result<usize, String> {
    let name = name.ok_or(USAGE)?;
    STAGES.iter().position(|stage| stage.name == *name).ok_or_else(|| {
        let known: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        format!("no stage {name}; there are {}", known.join(", "))
    })
}
