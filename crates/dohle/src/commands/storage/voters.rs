//! The first voters of a quorum that keeps its voters in the log.

use dohle_metadata::config::BrokerConfig;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::VotersRecord;
use dohle_protocol::messages::voters_record::{Endpoint, KRaftVersionFeature, Voter};

use super::new_id;
use crate::console::Failure;

/// Reads `id@host:port:directory-id,...`.
pub(super) fn parse(text: &str, listener: &str) -> Result<VotersRecord, Failure> {
    let mut voters: Vec<Voter> = Vec::new();
    for entry in text.trim().split(',').filter(|entry| !entry.is_empty()) {
        let voter = parse_voter(entry.trim(), listener).map_err(Failure::new)?;
        if voters.iter().any(|other| other.voter_id == voter.voter_id) {
            return Err(Failure::new(format!(
                "Node id {} was specified more than once.",
                voter.voter_id
            )));
        }
        voters.push(voter);
    }
    if voters.is_empty() {
        return Err(Failure::new("No voters given."));
    }
    voters.sort_by_key(|voter| voter.voter_id);
    Ok(VotersRecord { voters, ..VotersRecord::default() })
}

fn parse_voter(text: &str, listener: &str) -> Result<Voter, String> {
    let (id, rest) = text.split_once('@').ok_or("No @ found in dynamic voter string.")?;
    if id.is_empty() {
        return Err("Invalid @ at beginning of dynamic voter string.".to_owned());
    }
    let id: i32 = id.parse().map_err(|_| "Failed to parse node id in dynamic voter string.")?;
    if id < 0 {
        return Err(format!("Invalid negative node id {id} in dynamic voter string."));
    }
    if rest.is_empty() {
        return Err("No hostname found after node id.".to_owned());
    }
    let (host, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest
            .split_once(']')
            .ok_or("Hostname began with left bracket, but no right bracket was found.")?,
        None => {
            let end = rest.find(':').ok_or("No colon following hostname could be found.")?;
            rest.split_at(end)
        }
    };
    let rest = rest.strip_prefix(':').ok_or("Port section must start with a colon.")?;
    let (port, directory) =
        rest.split_once(':').ok_or("No colon following port could be found.")?;
    let number: i32 = port.parse().map_err(|_| "Failed to parse port in dynamic voter string.")?;
    let port = u16::try_from(number)
        .map_err(|_| format!("Invalid port {number} in dynamic voter string."))?;
    let directory =
        directory.parse().map_err(|_| "Failed to parse directory ID in dynamic voter string.")?;
    Ok(voter(id, (listener, host, port), directory))
}

fn voter(id: i32, (listener, host, port): (&str, &str, u16), directory: Uuid) -> Voter {
    Voter {
        voter_id: id,
        voter_directory_id: directory,
        endpoints: vec![Endpoint {
            name: listener.to_uppercase().into(),
            host: host.into(),
            port,
            ..Endpoint::default()
        }],
        // What every voter of Kafka 4 speaks.
        kraft_version_feature: KRaftVersionFeature {
            min_supported_version: 0,
            max_supported_version: 1,
            ..KRaftVersionFeature::default()
        },
        ..Voter::default()
    }
}

/// This controller as the only voter, with a new directory id.
pub(super) fn standalone(config: &BrokerConfig, listener: &str) -> Result<VotersRecord, Failure> {
    if !config.is_controller {
        return Err(Failure::new("You can only use --standalone on a controller."));
    }
    let (host, port) = match advertised(config, listener) {
        Some(address) => address,
        None => {
            let mut listeners = config.controller_listeners();
            let endpoint = listeners.find(|endpoint| endpoint.listener == listener);
            let endpoint =
                endpoint.ok_or_else(|| Failure::new("No controller listeners found."))?;
            (endpoint.host.clone(), endpoint.port)
        }
    };
    let host = if host.is_empty() { "localhost" } else { &host };
    let voter = voter(config.node_id, (listener, host, port), new_id());
    Ok(VotersRecord { voters: vec![voter], ..VotersRecord::default() })
}

/// The controller's own entry in `advertised.listeners`.
fn advertised(config: &BrokerConfig, listener: &str) -> Option<(String, u16)> {
    let entries = config.set.get("advertised.listeners")?;
    entries.split(',').find_map(|entry| {
        let (name, address) = entry.trim().split_once("://")?;
        let (host, port) = address.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case(listener).then_some((host.to_owned(), port.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voters() {
        let text = "2@[::1]:9094:JEXY6aqzQY-32P5TStzaFg,1@h.example:9093:MvDxzVmcRsaTz33bUuRU6A";
        let record = parse(text, "controller").unwrap();
        let shown: Vec<_> = record
            .voters
            .iter()
            .map(|voter| {
                let endpoint = &voter.endpoints[0];
                format!("{} {} {}:{}", voter.voter_id, endpoint.name, endpoint.host, endpoint.port)
            })
            .collect();
        assert_eq!(shown, ["1 CONTROLLER h.example:9093", "2 CONTROLLER ::1:9094"]);
        assert_eq!(record.voters[1].voter_directory_id.to_string(), "JEXY6aqzQY-32P5TStzaFg");
    }

    #[test]
    fn what_is_no_voter() {
        for (text, expected) in [
            ("", "No voters given."),
            ("x", "No @ found"),
            ("@h:1:JEXY6aqzQY-32P5TStzaFg", "Invalid @ at beginning"),
            ("x@h:1:JEXY6aqzQY-32P5TStzaFg", "Failed to parse node id"),
            ("-1@h:1:JEXY6aqzQY-32P5TStzaFg", "Invalid negative node id -1"),
            ("1@", "No hostname found"),
            ("1@x", "No colon following hostname"),
            ("1@[::1:1", "no right bracket"),
            ("1@h:1", "No colon following port"),
            ("1@h:x:JEXY6aqzQY-32P5TStzaFg", "Failed to parse port"),
            ("1@h:65536:JEXY6aqzQY-32P5TStzaFg", "Invalid port 65536"),
            ("1@h:1:x", "Failed to parse directory ID"),
            ("1@h:1:JEXY6aqzQY-32P5TStzaFg,1@h:2:JEXY6aqzQY-32P5TStzaFg", "more than once"),
        ] {
            match parse(text, "CONTROLLER") {
                Err(Failure::Message(message)) => assert!(message.contains(expected), "{message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
