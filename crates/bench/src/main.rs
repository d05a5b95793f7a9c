//! Measures what a server costs for the work it does: Dohle beside Apache Kafka and beside a floor.
//! `cargo xtask bench` builds and runs it.

#![allow(clippy::disallowed_methods, reason = "a tool of the shell: it works on the real world")]
#![allow(clippy::disallowed_types, reason = "a tool of the shell: it works on the real world")]
#![allow(clippy::print_stdout, reason = "a command speaks to its user")]

mod admin;
mod affinity;
mod awake;
mod coordinators;
mod date;
mod dirt;
mod floor;
mod growth;
mod load;
mod measure;
mod number;
mod options;
mod page;
mod plot;
mod process;
mod removal;
mod report;
mod restart;
mod run;
mod server;
mod set;
mod workload;

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitCode};

use options::Options;
use report::Head;
use run::Results;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const PAGE: &str = "benchmarks.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["floor", port, directory, threads] => match (port.parse(), threads.parse()) {
            (Ok(port), Ok(threads)) => {
                floor::serve(port, Path::new(directory), threads).map_err(|error| error.to_string())
            }
            _ => Err("floor PORT DIRECTORY THREADS".into()),
        },
        ["spin"] => awake::spin().map(|never| match never {}).map_err(|error| error.to_string()),
        ["servers", ..] => options::parse_words(&arguments[1..]).map(|options| {
            let words: Vec<&str> = options.plan.kinds.iter().map(|kind| kind.word()).collect();
            println!("{}", words.join(" "));
        }),
        ["run", ..] => run(&arguments[1..]),
        _ => Err(options::USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (root, places, options) = options::parse(arguments)?;
    // Both ends of 10,000 connections need descriptors; the servers inherit the limit.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .map_err(|error| error.to_string())?;
    let results = run::run(&options.plan, &places).map_err(|error| error.to_string());
    removal::remove_all(&places.data);
    let results = results?;
    println!("\n{}", report::summary(&options.plan, &results));
    if options.write {
        write(&root, &options, &results).map_err(|error| error.to_string())?;
    }
    let failed = results.values().flatten().filter(|round| round.is_err()).count();
    if failed > 0 {
        return Err(format!("{failed} measurements failed"));
    }
    Ok(())
}

/// Writes the set's section of the page, and its plot, into the workspace's documents.
fn write(root: &Path, options: &Options, results: &Results) -> std::io::Result<()> {
    let set = options.plan.set;
    let documents = root.join("docs");
    std::fs::create_dir_all(&documents)?;
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .current_dir(root)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())?;
    let head = Head {
        command: std::iter::once("cargo xtask bench".to_owned())
            .chain(options.words.iter().cloned())
            .collect::<Vec<_>>()
            .join(" "),
        date: date::today(),
        commit,
        plot: set.plot.into(),
    };
    std::fs::write(documents.join(set.plot), report::plotted(&options.plan, results))?;
    let at = documents.join(PAGE);
    let before = match std::fs::read_to_string(&at) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => page::EMPTY.into(),
        Err(error) => return Err(error),
    };
    let section = report::section(&options.plan, results, &head);
    let after = page::with_section(&before, set.name, &section).map_err(std::io::Error::other)?;
    std::fs::write(at, after)?;
    println!("wrote docs/{PAGE} and docs/{}", set.plot);
    Ok(())
}
