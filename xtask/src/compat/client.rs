//! A client's suite: set up by itself, run as a process that prints a line per check.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::table::Table;

/// A client under `compat/`: its folder's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Client {
    /// The folder, and the client's name everywhere.
    pub(crate) name: &'static str,
    /// It speaks only versions that Kafka 4 dropped, so its reference is Kafka 3.9.
    pub(crate) old: bool,
}

/// Every client, the quickest to set up first.
pub(crate) const CLIENTS: [Client; 10] = [
    Client { name: "kafka-python-3", old: false },
    Client { name: "kafka-python-2", old: true },
    Client { name: "confluent-kafka", old: false },
    Client { name: "kcat", old: false },
    Client { name: "java-4.4", old: false },
    Client { name: "java-2.8", old: false },
    Client { name: "java-0.10.2", old: true },
    Client { name: "kafkajs", old: false },
    Client { name: "franz-go", old: false },
    Client { name: "rdkafka", old: false },
];

/// The longest that one client's run may take.
const LIMIT: Duration = Duration::from_secs(300);

/// How one check ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// It held.
    Passed,
    /// It did not, and why.
    Failed(String),
    /// The client cannot do it; `left-out.tsv` says why.
    LeftOut,
}

/// What one client's run gave, check by check in the table's order.
pub(crate) struct Report {
    /// One outcome for each check of the set.
    pub(crate) outcomes: Vec<(String, Outcome)>,
    /// How long the checks ran.
    pub(crate) took: Duration,
}

impl Client {
    /// Fetches and builds what the client needs, once.
    ///
    /// # Errors
    /// A missing toolchain or a failed fetch, in the set-up's own words.
    pub(crate) fn set_up(self, root: &Path) -> Result<(), String> {
        let script = root.join("compat").join(self.name).join("setup");
        let status = Command::new(&script)
            .stdin(Stdio::null())
            .status()
            .map_err(|e| format!("{}: {e}", script.display()))?;
        if status.success() { Ok(()) } else { Err(format!("its set-up failed: {status}")) }
    }

    /// Runs the suite against a broker. A check that the table names and the run does not is a failed one, and so is
    /// a line with a name that the table lacks.
    pub(crate) fn run(self, root: &Path, address: &str, set: &str, table: &Table) -> Report {
        let begun = Instant::now();
        let lines = self.lines(root, address, set);
        let took = begun.elapsed();
        let (lines, end) = match lines {
            Ok(lines) => lines,
            Err(error) => (Vec::new(), error),
        };
        let mut outcomes = Vec::new();
        for check in table.checks(set) {
            let outcome = if table.is_left_out(self.name, check) {
                Outcome::LeftOut
            } else {
                lines.iter().find_map(|line| outcome(line, check)).unwrap_or_else(|| {
                    Outcome::Failed(format!("the suite printed no line for it ({end})"))
                })
            };
            outcomes.push((check.to_owned(), outcome));
        }
        for line in &lines {
            let name = line.split([' ', ':']).nth(1).unwrap_or_default();
            if !table.checks(set).any(|check| check == name) {
                let why = format!("not a check of the table: {line}");
                outcomes.push((name.to_owned(), Outcome::Failed(why)));
            }
        }
        Report { outcomes, took }
    }

    /// The suite's lines, and how its process ended.
    fn lines(self, root: &Path, address: &str, set: &str) -> Result<(Vec<String>, String), String> {
        let script = root.join("compat").join(self.name).join("run");
        let mut command = Command::new(&script);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        if set != "node" {
            command.arg(format!("--{set}"));
        }
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", script.display()))?;
        let output = child.stdout.take().expect("standard output is piped");
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let deadline = Instant::now() + LIMIT;
        let mut lines = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match receive.recv_timeout(left) {
                Ok(line) => lines.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let group = format!("-{}", child.id());
                    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                    let _ = child.wait();
                    return Ok((lines, format!("stopped after {} s", LIMIT.as_secs())));
                }
            }
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        lines.retain(|line| line.starts_with("ok ") || line.starts_with("fail "));
        Ok((lines, status.to_string()))
    }
}

/// What a line says of a check; nothing if it speaks of another one.
fn outcome(line: &str, check: &str) -> Option<Outcome> {
    let (word, rest) = line.split_once(' ')?;
    let (name, detail) = rest.split_once([' ', ':']).unwrap_or((rest, ""));
    if name != check {
        return None;
    }
    match word {
        "ok" => Some(Outcome::Passed),
        "fail" => Some(Outcome::Failed(detail.trim().to_owned())),
        _ => None,
    }
}
