//! `dohle server-stop`: tells the nodes of this machine to stop. Kafka's `kafka-server-stop.sh`.

use crate::console::{Console, Failure};
use dohle_metadata::config::properties;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle server-stop [--process-role=ROLES] [--node-id=ID]\n\n\
    Tells the nodes of this machine to stop (SIGTERM): all of them, or those whose server.properties \
    says process.roles=ROLES or node.id=ID.\n";

/// Which nodes are meant.
#[derive(Debug, Default)]
struct Wanted {
    roles: Option<String>,
    node_id: Option<String>,
}

/// A node's process.
#[derive(Debug)]
struct Process {
    id: Pid,
    /// Its settings, as far as its command line tells.
    settings: BTreeMap<String, String>,
}

/// Tells them.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let mut wanted = Wanted::default();
    for word in words {
        match word.split_once('=') {
            Some(("--process-role", roles)) => wanted.roles = Some(roles.to_owned()),
            Some(("--node-id", id)) => wanted.node_id = Some(id.to_owned()),
            _ if matches!(word.as_str(), "--help" | "-h") => {
                return Ok(write!(console.out, "{USAGE}")?);
            }
            _ => {
                writeln!(console.err, "{word} is not an option of this command.")?;
                return Err(console.usage(USAGE));
            }
        }
    }
    if wanted.roles.is_some() && wanted.node_id.is_some() {
        writeln!(
            console.out,
            "When both node-id and process-role are provided, the value for node-id will take precedence"
        )?;
    }
    let mut nodes = nodes();
    nodes.retain(|node| wanted.is_met_by(&node.settings));
    if nodes.is_empty() {
        writeln!(console.out, "No kafka server to stop")?;
        return Err(Failure::TOLD);
    }
    for node in nodes {
        kill_process(node.id, Signal::TERM).map_err(|error| {
            Failure::new(format!("process {}: {error}", node.id.as_raw_nonzero()))
        })?;
    }
    Ok(())
}

impl Wanted {
    fn is_met_by(&self, settings: &BTreeMap<String, String>) -> bool {
        let is = |key: &str, wanted: &str| settings.get(key).is_some_and(|value| value == wanted);
        match (&self.node_id, &self.roles) {
            (Some(id), _) => is("node.id", id),
            (None, Some(roles)) => is("process.roles", roles),
            (None, None) => true,
        }
    }
}

/// The nodes that run on this machine, as far as this user may see them.
fn nodes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let own = std::process::id().cast_signed();
    ids.filter(|id| *id != own).filter_map(node).collect()
}

/// The node that a process is.
fn node(id: i32) -> Option<Process> {
    let folder = PathBuf::from(format!("/proc/{id}"));
    let program = std::fs::read_link(folder.join("exe")).ok()?;
    // The kernel says so of a binary that was replaced since it was started.
    let name = program.file_name()?.to_str()?.trim_end_matches(" (deleted)");
    let is_this = || std::env::current_exe().is_ok_and(|this| this == program);
    if name != "dohle" && !is_this() {
        return None;
    }
    let line = std::fs::read(folder.join("cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let mut words: Vec<String> = line.split_terminator('\0').map(str::to_owned).collect();
    if words.is_empty() {
        return None;
    }
    let called = words.remove(0);
    let words = server_words(&called, &words)?;
    let settings = settings(words, &folder.join("cwd"));
    Some(Process { id: Pid::from_raw(id)?, settings })
}

/// What a server was told by this command line; `None` if it is no server's.
fn server_words<'w>(called: &str, words: &'w [String]) -> Option<&'w [String]> {
    let name = Path::new(called).file_name()?.to_str()?;
    if let Some(command) = super::by_script(name) {
        return (command.name == "server").then_some(words);
    }
    let Some((first, rest)) = words.split_first() else { return Some(words) };
    let command = super::by_name(first).or_else(|| super::by_script(first))?;
    (command.name == "server").then_some(rest)
}

/// The settings of a server that was told this in a folder.
fn settings(words: &[String], folder: &Path) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut overrides = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let pair = match word.strip_prefix("--override") {
            Some("") => words.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None if word.starts_with('-') => None,
            None => {
                let text = std::fs::read_to_string(folder.join(word)).unwrap_or_default();
                settings.extend(properties::parse(&text));
                None
            }
        };
        overrides.extend(pair.and_then(|pair| pair.split_once('=')));
    }
    let owned = |(key, value): (&str, &str)| (key.trim().to_owned(), value.trim().to_owned());
    settings.extend(overrides.into_iter().map(owned));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn command_lines_of_servers() {
        for (line, expected) in [
            (&["dohle"][..], Some(&[][..])),
            (&["/usr/bin/dohle", "server", "a.properties"], Some(&["a.properties"])),
            (&["bin/kafka-server-start.sh", "a.properties"], Some(&["a.properties"])),
            (&["dohle", "kafka-server-start", "a"], Some(&["a"])),
            (&["dohle", "topics", "--list"], None),
            (&["kafka-topics.sh", "--list"], None),
            (&["dohle", "server-stop"], None),
            (&["dohle", "bogus"], None),
        ] {
            let words = owned(&line[1..]);
            let found = server_words(line[0], &words).map(<[String]>::to_vec);
            assert_eq!(found, expected.map(owned), "{line:?}");
        }
    }

    #[test]
    fn overrides_count_more_than_the_file() {
        let words = owned(&["--override", "node.id=7", "no-such-file", "--override=a=b"]);
        let settings = settings(&words, Path::new("/nonexistent"));
        let wanted = |id: &str| Wanted { node_id: Some(id.to_owned()), ..Wanted::default() };
        assert!(wanted("7").is_met_by(&settings) && !wanted("1").is_met_by(&settings));
        assert_eq!(settings.get("a").map(String::as_str), Some("b"));
        let roles = Wanted { roles: Some("broker".to_owned()), ..Wanted::default() };
        assert!(!roles.is_met_by(&settings) && Wanted::default().is_met_by(&settings));
    }
}
