//! `dohle container`: a node inside a container, with the variables and folders of Kafka's images.

#![expect(
    clippy::disallowed_types,
    reason = "before a node runs, and outside of it: a file that only its owner reads, one question"
)]

mod environment;

use crate::commands::{server, storage};
use crate::console::{Console, Failure};
use dohle_metadata::config::properties;
use dohle_protocol::frame;
use dohle_protocol::messages::ApiVersionsRequest;
use dohle_protocol::wire::Part;
use environment::Settings;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle container [VARIABLE=VALUE]... [--root DIR]\n       \
    dohle container --health [--root DIR]\n\n\
    Runs a node that is configured by variables, as the images of Apache Kafka (KAFKA_NODE_ID), \
    Confluent and Bitnami (KAFKA_CFG_NODE_ID) are; formats its log directories if they are not. \
    --health asks the node that runs here whether it answers. DIR is where the folders of the image \
    are, / if it is left out.\n";

/// Files that a user puts in their place.
const MOUNTED: [&str; 2] =
    ["mnt/shared/config/server.properties", "bitnami/kafka/config/server.properties"];
/// Where tools look for what the node runs with; the first folder that is there.
const FINAL: [&str; 3] = ["opt/kafka/config", "opt/bitnami/kafka/config", "tmp"];
/// A node that is this slow is not well.
const HEALTH_WITHIN: Duration = Duration::from_secs(5);

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    is_health: bool,
    root: PathBuf,
    /// They count more than the variables that are there.
    variables: Vec<(String, String)>,
}

/// Runs the node, or asks after it.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(asked) = read(words) else { return Err(console.usage(USAGE)) };
    let variables = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    let variables: BTreeMap<_, _> = variables.chain(asked.variables).collect();
    let settings =
        environment::read(&variables, mounted(&asked.root)?, text_of).map_err(Failure::Message)?;
    if asked.is_health {
        return health(&settings);
    }
    for note in &settings.notes {
        writeln!(console.err, "{note}")?;
    }
    let file = write(&settings, &asked.root)?;
    let words = format_words(&settings, &file);
    if settings.is_told {
        tell(&settings, &file, &words, console)?;
    }
    storage::run(&words, console)?;
    console.out.flush()?;
    server::run(&[file], console)
}

/// Says what came of the variables, in the manner of Bitnami's scripts.
fn tell(
    settings: &Settings,
    file: &str,
    format: &[String],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let properties = settings.properties.iter();
    let lines = [format!("{file}:")]
        .into_iter()
        .chain(properties.map(|(name, value)| format!("  {}", environment::shown(name, value))))
        .chain([format!("kafka-storage.sh {}", format.join(" "))]);
    for line in lines {
        writeln!(console.err, "DEBUG ==> {line}")?;
    }
    Ok(())
}

/// What the binary does that is called by the name of an image's entry point; `None` for any other.
pub(crate) fn by_entry_point(name: &str, words: &[String]) -> Option<Vec<String>> {
    let is_run = |name: &str| matches!(name, "run" | "run.sh");
    let rest = match (name, words.split_first()) {
        (name, _) if is_run(name) => words,
        ("entrypoint.sh", Some((first, rest))) => {
            let name = Path::new(first).file_name().unwrap_or_default().to_string_lossy();
            if !is_run(&name) {
                return Some(words.to_vec());
            }
            rest
        }
        _ => return None,
    };
    Some([&["container".to_owned()], rest].concat())
}

fn read(words: &[String]) -> Option<Asked> {
    let mut asked = Asked { is_health: false, root: "/".into(), variables: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), word.split_once('=')) {
            ("--health", _) => asked.is_health = true,
            ("--root", _) => asked.root = words.next()?.into(),
            (word, Some((name, value))) if !word.starts_with('-') => {
                asked.variables.push((name.to_owned(), value.to_owned()));
            }
            _ => return None,
        }
    }
    Some(asked)
}

fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The properties of the first file that the user has put in its place.
fn mounted(root: &Path) -> Result<Vec<(String, String)>, Failure> {
    let found = MOUNTED.iter().map(|path| root.join(path)).find(|path| path.exists());
    let text = found.map(|path| text_of(&path)).transpose().map_err(Failure::Message)?;
    Ok(text.map(|text| properties::parse(&text)).unwrap_or_default())
}

/// Writes what the node runs with, for nobody else to read: there are passwords among it.
fn write(settings: &Settings, root: &Path) -> Result<String, Failure> {
    let folder = FINAL.iter().map(|folder| root.join(folder)).find(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let path = folder.join("server.properties");
    let lines = settings.properties.iter();
    let text: String = lines.map(|(name, value)| format!("{name}={}\n", escaped(value))).collect();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(path.display().to_string())
}

/// A value as a property file has it.
fn escaped(value: &str) -> String {
    let rest = value.trim_start();
    let blanks = "\\ ".repeat(value.chars().count() - rest.chars().count());
    blanks + &rest.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn format_words(settings: &Settings, file: &str) -> Vec<String> {
    let mut words = vec!["format", "--ignore-formatted", "--cluster-id", &settings.cluster_id];
    words.extend(["--config", file]);
    let is_controller = settings.value("process.roles").contains("controller");
    // Without voters a controller that is alone is the first of them.
    if is_controller && settings.value("controller.quorum.voters").is_empty() {
        words.push("--standalone");
    }
    words.into_iter().map(str::to_owned).collect()
}

/// Whether the first listener for clients answers.
fn health(settings: &Settings) -> Result<(), Failure> {
    let controllers: Vec<&str> = settings.value("controller.listener.names").split(',').collect();
    let address = client_address(settings.value("listeners"), &controllers)
        .ok_or_else(|| Failure::new("no listener is there for clients"))?;
    answers(&address).map_err(|error| Failure::new(format!("{address} does not answer: {error}")))
}

fn client_address(listeners: &str, controllers: &[&str]) -> Option<String> {
    listeners.split(',').find_map(|listener| {
        let (name, address) = listener.trim().split_once("://")?;
        if controllers.contains(&name) {
            return None;
        }
        let (host, port) = address.rsplit_once(':')?;
        let host = if matches!(host, "" | "0.0.0.0") { "127.0.0.1" } else { host };
        Some(format!("{host}:{port}"))
    })
}

/// Asks for versions.
fn answers(address: &str) -> std::io::Result<()> {
    let address = address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let mut socket = TcpStream::connect_timeout(&address, HEALTH_WITHIN)?;
    socket.set_read_timeout(Some(HEALTH_WITHIN))?;
    socket.set_write_timeout(Some(HEALTH_WITHIN))?;
    for part in frame::encode_request(0, 1, Some("health".into()), &ApiVersionsRequest::default()) {
        if let Part::Bytes(bytes) = part {
            socket.write_all(&bytes)?;
        }
    }
    // Size, correlation id and error code.
    let mut answer = [0; 10];
    socket.read_exact(&mut answer)?;
    match answer {
        [_, _, _, _, 0, 0, 0, 1, 0, 0] => Ok(()),
        _ => Err(std::io::Error::other("not as Kafka answers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn entry_points() {
        for (name, given, expected) in [
            ("run", "", Some("container")),
            ("run", "A=b", Some("container A=b")),
            ("entrypoint.sh", "/opt/bitnami/scripts/kafka/run.sh", Some("container")),
            ("entrypoint.sh", "kafka-topics.sh --list", Some("kafka-topics.sh --list")),
            ("kafka-topics.sh", "--list", None),
        ] {
            assert_eq!(by_entry_point(name, &words(given)), expected.map(words), "{name} {given}");
        }
    }

    #[test]
    fn what_the_words_ask_for() {
        let asked = read(&words("KAFKA_NODE_ID=2 --root /r A=b=c")).unwrap();
        assert_eq!(asked.root, Path::new("/r"));
        let variables = [("KAFKA_NODE_ID", "2"), ("A", "b=c")];
        assert_eq!(asked.variables, variables.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(read(&words("--health")).unwrap().is_health);
        assert_eq!((read(&words("start")), read(&words("--root"))), (None, None));
    }

    #[test]
    fn the_address_that_is_asked() {
        for (listeners, expected) in [
            ("CONTROLLER://:9093,PLAINTEXT://:9092", Some("127.0.0.1:9092")),
            ("IN://0.0.0.0:29092, OUT://kafka:9092", Some("127.0.0.1:29092")),
            ("CONTROLLER://:9093", None),
        ] {
            assert_eq!(client_address(listeners, &["CONTROLLER"]).as_deref(), expected);
        }
    }

    #[test]
    fn values_survive_a_property_file() {
        for value in ["plain", " a=b:c # d", "C:\\path\\n", "two\nlines", ""] {
            let text = format!("key={}\n", escaped(value));
            assert_eq!(properties::parse(&text), [("key".to_owned(), value.to_owned())]);
        }
    }
}
