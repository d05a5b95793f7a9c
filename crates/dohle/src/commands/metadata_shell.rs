//! `dohle metadata-shell`: looks around in the cluster's metadata as a file has it. Kafka's
//! `kafka-metadata-shell.sh`.

mod glob;
mod shell;
mod shown;
mod snapshot;
mod tree;
mod words;

use crate::arguments::flags::{Flags, value};
use crate::console::{Console, Failure};
use dohle_env::disk::{Disk as _, Lock};
use dohle_server::world::disk::RealDisk;
use shell::Shell;
use std::io;
use std::path::{Path, PathBuf};
use tree::Node;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "Looks around in the metadata of a cluster: dohle metadata-shell --snapshot FILE \
            [COMMAND [OPERAND...]]. The commands are ls, cat, find and tree; without one they are \
            read line by line, and cd, pwd, history, man, help and exit can be typed too.",
    flags: &[value(
        "snapshot",
        "FILE",
        "REQUIRED: A snapshot (.checkpoint) or a segment (.log) of __cluster_metadata-0. Also -s.",
    )],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let (path, command) = match read(words) {
        Ok(Line::Run { path, command }) => (path, command),
        Ok(Line::Help) => {
            FLAGS.show(console)?;
            // Kafka's script says that this was wrong.
            return if console.terminal().is_some() { Ok(()) } else { Err(Failure::TOLD) };
        }
        Err(message) => return Err(FLAGS.wrong(&message, console)),
    };
    match look(&path, &command, console) {
        Err(Failure::Message(message)) => {
            writeln!(console.err, "Unexpected error: {message}")?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

fn look(path: &Path, command: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let _held = lock(path)?;
    let image = snapshot::read(path, console)?;
    let mut shell = Shell::new(Node::Root(&image));
    if command.is_empty() {
        return shell.interact(&mut io::stdin().lock(), console);
    }
    shell.run(command, console)?;
    Ok(())
}

/// Holds the log directory in which the file lies, so that no node writes there.
fn lock(path: &Path) -> Result<Option<Box<dyn Lock>>, Failure> {
    let Some(directory) = path.parent().and_then(Path::parent) else { return Ok(None) };
    let file = directory.join(".lock");
    if !file.exists() {
        return Ok(None);
    }
    RealDisk.lock(&file).map(Some).map_err(|_| {
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
        Failure::new(format!(
            "Unable to lock {}. Please ensure that no broker or controller process is using this directory before \
             proceeding.",
            directory.display()
        ))
    })
}

/// What the line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Help,
    Run { path: PathBuf, command: Vec<String> },
}

fn read(words: &[String]) -> Result<Line, String> {
    let (mut path, mut command, mut unknown) = (None, Vec::new(), Vec::new());
    let mut only_operands = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, attached) = word
            .split_once('=')
            .map_or((word.as_str(), None), |(name, value)| (name, Some(value.to_owned())));
        let is_snapshot = name == "-s" || (name.len() > 2 && "--snapshot".starts_with(name));
        match word.as_str() {
            _ if only_operands => command.push(word.clone()),
            "--" => only_operands = true,
            "-h" | "--help" => return Ok(Line::Help),
            _ if is_snapshot => {
                let value = attached.or_else(|| words.next().cloned());
                path = Some(value.ok_or("argument --snapshot/-s: expected one argument")?);
            }
            option if option.len() > 1 && option.starts_with('-') => unknown.push(option),
            _ => command.push(word.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(format!("unrecognized arguments: '{}'", unknown.join(" ")));
    }
    let path = path.ok_or("argument --snapshot/-s is required")?;
    Ok(Line::Run { path: path.into(), command })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let run = |path: &str, command: &[&str]| {
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            Ok(Line::Run { path: path.into(), command })
        };
        for (line, expected) in [
            ("--snapshot f", run("f", &[])),
            ("-s f ls /image", run("f", &["ls", "/image"])),
            ("ls --snap=f /image", run("f", &["ls", "/image"])),
            ("-s f -- -x", run("f", &["-x"])),
            ("-s f ls -h", Ok(Line::Help)),
            ("ls", Err("argument --snapshot/-s is required".to_owned())),
            ("--snapshot", Err("argument --snapshot/-s: expected one argument".to_owned())),
            ("-s f ls -x", Err("unrecognized arguments: '-x'".to_owned())),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(read(&words), expected, "{line}");
        }
    }
}
