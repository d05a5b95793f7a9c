//! `dohle server [-daemon] [FILE] [--override KEY=VALUE]...`: runs a node.

mod daemon;

use crate::console::{Console, Failure};
use dohle_server::ServerOptions;
use std::path::PathBuf;

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle server [-daemon] [FILE] [--override PROPERTY=VALUE]...\n\n\
    FILE is a server.properties of Kafka. Without one: a node for this machine only, on \
    127.0.0.1:9092, with its data in ./dohle-data. With -daemon it runs on in the background; what \
    it says goes to kafkaServer.out in the folder that LOG_DIR names, ./logs without it.";

/// Runs a node until it is told to stop.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let mut options = ServerOptions::default();
    let is_daemon = words.first().is_some_and(|word| word == "-daemon" || word == "--daemon");
    let words = &words[usize::from(is_daemon)..];
    let told = words;
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
    if is_daemon {
        return daemon::start(told, console);
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
