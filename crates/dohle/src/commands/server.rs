//! `dohle server [FILE] [--override KEY=VALUE]...`: runs a node.

use crate::console::{Console, Failure};
use dohle_server::ServerOptions;
use std::path::PathBuf;

const USAGE: &str = "USAGE: dohle server [FILE] [--override PROPERTY=VALUE]...\n\n\
    FILE is a server.properties of Kafka. Without one: a node for this machine only, on \
    127.0.0.1:9092, with its data in ./dohle-data.";

/// Runs a node until it is told to stop.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let mut options = ServerOptions::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => {
                writeln!(console.out, "{USAGE}")?;
                return Ok(());
            }
            "--override" => options.overrides.push(pair(words.next(), console)?),
            word if word.starts_with("--override=") => {
                let value = word.trim_start_matches("--override=").to_owned();
                options.overrides.push(pair(Some(&value), console)?);
            }
            word if word.starts_with('-') => {
                writeln!(console.err, "{word} is not an option of this command.")?;
                return Err(console.usage(USAGE));
            }
            _ if options.file.is_some() => {
                writeln!(console.err, "Found non argument parameters: {word}")?;
                return Err(console.usage(USAGE));
            }
            file => options.file = Some(PathBuf::from(file)),
        }
    }
    dohle_server::run(&options, console.out).map_err(|error| Failure::Message(error.to_string()))
}

fn pair(word: Option<&String>, console: &mut Console<'_>) -> Result<(String, String), Failure> {
    match word.and_then(|word| word.split_once('=')) {
        Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
        None => {
            writeln!(console.err, "--override needs PROPERTY=VALUE.")?;
            Err(console.usage(USAGE))
        }
    }
}
