//! Measures what a server costs for the work it does: Dohle beside Apache Kafka and beside a floor.
//! `cargo xtask bench` builds and runs it.

#![allow(clippy::disallowed_methods, reason = "a tool of the shell: it works on the real world")]
#![allow(clippy::disallowed_types, reason = "a tool of the shell: it works on the real world")]
#![allow(clippy::print_stdout, reason = "a command speaks to its user")]

mod admin;
mod floor;
mod load;
mod measure;
mod number;
mod options;
mod process;
mod run;
mod server;
mod workload;

use std::path::Path;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["floor", port, directory] => match port.parse() {
            Ok(port) => floor::serve(port, Path::new(directory)).map_err(|error| error.to_string()),
            Err(_) => Err("floor PORT DIRECTORY".into()),
        },
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
    let options = options::parse(arguments)?;
    // Both ends of 10,000 connections need descriptors; the servers inherit the limit.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .map_err(|error| error.to_string())?;
    let _results = run::run(&options.plan, &options.places).map_err(|error| error.to_string())?;
    Ok(())
}
