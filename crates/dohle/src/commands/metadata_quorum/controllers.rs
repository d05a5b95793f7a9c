//! Controllers that join a quorum and leave it, where its voters are in its log (KIP-853).

use crate::console::{Console, Failure};
use crate::exception::wrapped;
use crate::session::Session;
use dohle_client::Properties;
use dohle_metadata::config::endpoint;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::add_raft_voter_request::Listener;
use dohle_server::world::disk::RealDisk;
use dohle_storage::meta_properties::MetaProperties;
use std::path::Path;

/// A controller as its own file of settings and its log directory tell of it.
struct Controller {
    id: i32,
    directory_id: Uuid,
    listeners: Vec<Listener>,
}

/// Adds the controller of these settings to the voters.
pub(super) fn add(
    session: &Session,
    settings: &Properties,
    is_dry: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let Controller { id, directory_id, listeners } = Controller::of(settings)?;
    let endpoints: Vec<String> = listeners.iter().map(shown).collect();
    if !is_dry {
        session
            .admin(|admin| async move { admin.add_raft_voter(id, directory_id, listeners).await })
            .map_err(wrapped)?;
    }
    let done = if is_dry { "DRY RUN of adding" } else { "Added" };
    let endpoints = endpoints.join(", ");
    writeln!(
        console.out,
        "{done} controller {id} with directory id {directory_id} and endpoints: {endpoints}"
    )?;
    Ok(())
}

/// Removes a controller from the voters.
pub(super) fn remove(
    session: &Session,
    id: i32,
    directory_id: &str,
    is_dry: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if id < 0 {
        return Err(Failure::new(format!("Invalid negative --controller-id: {id}")));
    }
    let directory_id: Uuid = directory_id.parse().map_err(|error| {
        Failure::new(format!("Failed to parse --controller-directory-id: {error}"))
    })?;
    if !is_dry {
        session
            .admin(|admin| async move { admin.remove_raft_voter(id, directory_id).await })
            .map_err(wrapped)?;
    }
    // Its two blanks are Kafka's.
    let done = if is_dry { "DRY RUN of removing " } else { "Removed " };
    writeln!(console.out, "{done} KRaft controller {id} with directory id {directory_id}")?;
    Ok(())
}

impl Controller {
    fn of(settings: &Properties) -> Result<Self, Failure> {
        let id = node_id(settings)?;
        let directory = directory(settings)?;
        let found = MetaProperties::read(&RealDisk, Path::new(&directory))
            .map_err(|error| Failure::new(error.to_string()))?
            .ok_or_else(|| {
                Failure::new(format!("Unable to read meta.properties from {directory}"))
            })?;
        let directory_id = found
            .directory_id
            .ok_or_else(|| Failure::new(format!("No directory id found in {directory}")))?;
        Ok(Self { id, directory_id, listeners: listeners(settings)? })
    }
}

/// What is wrong with a file, and what it may be.
fn doubtful(what: &str) -> Failure {
    Failure::new(format!("{what} Is this a valid controller configuration file?"))
}

fn node_id(settings: &Properties) -> Result<i32, Failure> {
    let id = settings.get("node.id");
    let id = id.ok_or_else(|| doubtful("node.id not found in configuration file."))?;
    let id: i32 = id.parse().map_err(|_| Failure::new(format!("For input string: \"{id}\"")))?;
    if id < 0 {
        return Err(doubtful("node.id was negative in configuration file."));
    }
    if !settings.get("process.roles").unwrap_or_default().contains("controller") {
        let what = "process.roles did not contain 'controller' in configuration file.";
        return Err(doubtful(what));
    }
    Ok(id)
}

/// Where the log of the metadata is.
fn directory(settings: &Properties) -> Result<String, Failure> {
    if let Some(directory) = settings.get("metadata.log.dir") {
        return Ok(directory.to_owned());
    }
    let first = settings.get("log.dirs").and_then(|all| all.trim().split(',').next());
    first
        .map(str::to_owned)
        .ok_or_else(|| doubtful("Neither metadata.log.dir nor log.dirs were found."))
}

/// Where others find the controller: its listeners, as they are advertised.
fn listeners(settings: &Properties) -> Result<Vec<Listener>, Failure> {
    let mut known = Vec::new();
    for key in ["advertised.listeners", "listeners"] {
        let entries = settings.get(key).unwrap_or_default().split(',').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            known.push(endpoint::listener(entry).map_err(|error| Failure::new(error.to_string()))?);
        }
    }
    let names = settings
        .get("controller.listener.names")
        .ok_or_else(|| doubtful("controller.listener.names was not found."))?;
    let mut found = Vec::new();
    for name in names.split(',').map(|name| name.trim().to_uppercase()) {
        let (_, host, port) = known.iter().find(|(known, ..)| *known == name).ok_or_else(|| {
            Failure::new(format!("Cannot find information about controller listener name: {name}"))
        })?;
        let host = if host.is_empty() { "localhost" } else { host };
        let (name, host, port) = (name.into(), host.into(), *port);
        found.push(Listener { name, host, port, ..Listener::default() });
    }
    Ok(found)
}

fn shown(listener: &Listener) -> String {
    let host = listener.host.as_str();
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("{}://{host}:{}", listener.name, listener.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers() {
        let folder = std::env::temp_dir().join(format!("dohle-voter-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let meta = MetaProperties::new("c".to_owned(), 7, Uuid::from_u128(5)).text(0);
        std::fs::write(folder.join("meta.properties"), meta).unwrap();
        let at = format!("log.dirs={}", folder.display());
        let here = [
            at.as_str(),
            "node.id=7",
            "process.roles=broker,controller",
            "controller.listener.names=CONTROLLER,other",
            "listeners=PLAINTEXT://:9092,CONTROLLER://:9093,OTHER://[::1]:9094",
            "advertised.listeners=CONTROLLER://h:1",
        ];
        let without = |name: &str| {
            let kept = here.iter().filter(|line| !line.starts_with(name));
            kept.copied().collect::<Vec<_>>()
        };
        for (lines, expected) in [
            (here.to_vec(), Ok("CONTROLLER://h:1 OTHER://[::1]:9094")),
            (without("advertised"), Ok("CONTROLLER://localhost:9093 OTHER://[::1]:9094")),
            (without("listeners"), Err("controller listener name: OTHER")),
            (without("controller."), Err("controller.listener.names was not found. Is this")),
            (without("node.id"), Err("node.id not found in configuration file. Is this")),
            (vec!["client.id=c"], Err("node.id not found")),
            (without("process"), Err("did not contain 'controller'")),
            (without("log.dirs"), Err("Neither metadata.log.dir nor log.dirs")),
            ([without("log.dirs"), vec!["log.dirs=/nowhere"]].concat(), Err("Unable to read meta")),
            ([without("node.id"), vec!["node.id=-1"]].concat(), Err("node.id was negative")),
        ] {
            let mut settings = Properties::default();
            lines.iter().for_each(|line| crate::properties::take(line, &mut settings));
            match (Controller::of(&settings), expected) {
                (Ok(one), Ok(expected)) => {
                    assert_eq!((one.id, one.directory_id), (7, Uuid::from_u128(5)));
                    let listeners: Vec<_> = one.listeners.iter().map(shown).collect();
                    assert_eq!(listeners.join(" "), expected);
                }
                (Err(Failure::Message(found)), Err(expected)) => {
                    assert!(found.contains(expected), "{found}");
                }
                (found, _) => panic!("{lines:?}: {:?}", found.err()),
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
