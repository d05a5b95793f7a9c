//! `dohle metadata-quorum`: the controllers' quorum. Kafka's `kafka-metadata-quorum.sh`.

mod controllers;

use crate::arguments::globals;
use crate::arguments::subcommands::{Action, Chosen, NO_SHORT, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use crate::table;
use dohle_client::Properties;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::describe_quorum_response::{Node, ReplicaState};
use serde_json::{Value, json};

const fn flag(long: &'static str, short: char, help: &'static str) -> Opt {
    Opt { long, short, action: Action::Switch, required: false, exclusive: false, help }
}

const fn value(long: &'static str, short: char, help: &'static str) -> Opt {
    Opt { long, short, action: Action::Store, required: true, exclusive: false, help }
}

const DRY_RUN: Opt =
    flag("dry-run", NO_SHORT, "True if we should print what would be done, but not do it.");

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-metadata-quorum",
    fails_after_help: false,
    about: "This tool describes kraft metadata quorum status. Before the command: \
            --bootstrap-server or --bootstrap-controller, --command-config.",
    commands: &[
        Subcommand {
            name: "describe",
            help: "Describe the metadata quorum info",
            options: &[
                flag("status", 's', "A short summary of the quorum status."),
                flag("replication", 'r', "Detailed information about the status of replication"),
                flag("human-readable", 'H', "Human-readable output"),
            ],
        },
        Subcommand {
            name: "add-controller",
            help: "Add a controller to the KRaft controller cluster",
            options: &[DRY_RUN],
        },
        Subcommand {
            name: "remove-controller",
            help: "Remove a controller from the KRaft controller cluster",
            options: &[
                value("controller-id", 'i', "The id of the controller to remove."),
                value(
                    "controller-directory-id",
                    'd',
                    "The directory ID of the controller to remove.",
                ),
                DRY_RUN,
            ],
        },
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let (given, rest) =
        globals::take(words, &["bootstrap-server", "bootstrap-controller", "command-config"])?;
    let Some(chosen) = TOOL.parse(&rest, console)? else { return Ok(()) };
    globals::check_server(TOOL.name, &given)?;
    let session = || Session::of(&given);
    match chosen.command {
        "describe" => describe(session, &chosen, console),
        "add-controller" => {
            let Some(file) = given.value("command-config")? else {
                return Err(Failure::new(
                    "You must supply the configuration file of the controller you are adding when using \
                     add-controller.",
                ));
            };
            let mut settings = Properties::default();
            properties::read(file, &mut settings)
                .map_err(|_| Failure::new(format!("Properties file {file} does not exists!")))?;
            controllers::add(&session()?, &settings, chosen.has("dry-run"), console)
        }
        _ => {
            let id = chosen.value("controller-id").unwrap_or_default();
            let id = id.parse().map_err(|_| {
                let what = "argument --controller-id/-i: could not convert";
                Failure::new(format!("{}: error: {what} '{id}' to Integer", TOOL.name))
            })?;
            let directory_id = chosen.value("controller-directory-id").unwrap_or_default();
            controllers::remove(&session()?, id, directory_id, chosen.has("dry-run"), console)
        }
    }
}

fn describe(
    session: impl Fn() -> Result<Session, Failure>,
    chosen: &Chosen,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    match (chosen.has("status"), chosen.has("replication")) {
        (true, true) => Err(Failure::new(
            "Only one of --status or --replication should be specified with describe sub-command",
        )),
        (false, true) => replication(&session()?, chosen.has("human-readable"), console),
        (true, false) if chosen.has("human-readable") => Err(Failure::new(
            "The option --human-readable is only supported along with --replication",
        )),
        (true, false) => status(&session()?, console),
        (false, false) => Err(Failure::new(
            "One of --status or --replication must be specified with describe sub-command",
        )),
    }
}

fn status(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    let (state, nodes) = session.admin(|admin| async move { admin.describe_quorum().await })?;
    let leader = state.current_voters.iter().find(|one| one.replica_id == state.leader_id);
    let slowest = state.current_voters.iter().min_by_key(|one| one.log_end_offset);
    let (lag, lag_ms) = match (leader, slowest) {
        (Some(leader), Some(slowest)) => {
            let times = (leader.last_caught_up_timestamp, slowest.last_caught_up_timestamp);
            let lag_ms = match times {
                _ if leader.replica_id == slowest.replica_id => 0,
                (one, other) if one >= 0 && other >= 0 => one - other,
                _ => -1,
            };
            (leader.log_end_offset - slowest.log_end_offset, lag_ms)
        }
        _ => (-1, -1),
    };
    let id = cluster.id.unwrap_or_default();
    let thing = || {
        json!({
            "clusterId": id.as_str(),
            "leaderId": state.leader_id,
            "leaderEpoch": state.leader_epoch,
            "highWatermark": state.high_watermark,
            "maxFollowerLag": lag,
            "maxFollowerLagTimeMs": lag_ms,
            "currentVoters": replicas_json(&state.current_voters, &nodes),
            "currentObservers": replicas_json(&state.observers, &nodes),
        })
    };
    if console.tell(thing) {
        return Ok(());
    }
    for (name, value) in [
        ("ClusterId", id.to_string()),
        ("LeaderId", state.leader_id.to_string()),
        ("LeaderEpoch", state.leader_epoch.to_string()),
        ("HighWatermark", state.high_watermark.to_string()),
        ("MaxFollowerLag", lag.to_string()),
        ("MaxFollowerLagTimeMs", lag_ms.to_string()),
        ("CurrentVoters", replicas(&state.current_voters, &nodes)),
        ("CurrentObservers", replicas(&state.observers, &nodes)),
    ] {
        let name = format!("{name}:");
        writeln!(console.out, "{name:23} {value}")?;
    }
    Ok(())
}

/// `[{"id": 1, "directoryId": "…", "endpoints": ["C://host:1"]}]`
fn replicas(replicas: &[ReplicaState], nodes: &[Node]) -> String {
    let shown = replicas.iter().map(|one| {
        let mut text = format!("{{\"id\": {}", one.replica_id);
        if one.replica_directory_id != Uuid::ZERO {
            text.push_str(&format!(", \"directoryId\": \"{}\"", one.replica_directory_id));
        }
        let node = nodes.iter().find(|node| node.node_id == one.replica_id);
        let listeners: Vec<_> = node
            .into_iter()
            .flat_map(|node| &node.listeners)
            .map(|listener| format!("\"{}://{}:{}\"", listener.name, listener.host, listener.port))
            .collect();
        if !listeners.is_empty() {
            text.push_str(&format!(", \"endpoints\": [{}]", listeners.join(", ")));
        }
        text.push('}');
        text
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(", "))
}

/// The same as JSON.
fn replicas_json(replicas: &[ReplicaState], nodes: &[Node]) -> Value {
    let shown = replicas.iter().map(|one| {
        let node = nodes.iter().find(|node| node.node_id == one.replica_id);
        let listeners = node
            .into_iter()
            .flat_map(|node| &node.listeners)
            .map(|listener| format!("{}://{}:{}", listener.name, listener.host, listener.port));
        let directory = one.replica_directory_id;
        json!({
            "id": one.replica_id,
            "directoryId": (directory != Uuid::ZERO).then(|| directory.to_string()),
            "endpoints": listeners.collect::<Vec<_>>(),
        })
    });
    shown.collect()
}

fn replication(
    session: &Session,
    for_people: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let (state, _) = session.admin(|admin| async move { admin.describe_quorum().await })?;
    let leader = state.current_voters.iter().find(|one| one.replica_id == state.leader_id);
    let end = leader.map_or(0, |leader| leader.log_end_offset);
    let now = session.client().env().clock.timestamp();
    let time = |timestamp: i64| match timestamp {
        timestamp if timestamp < 0 => "-1".to_owned(),
        timestamp if for_people => format!("{} ms ago", (now - timestamp).max(0)),
        timestamp => timestamp.to_string(),
    };
    let followers = || state.current_voters.iter().filter(|one| one.replica_id != state.leader_id);
    if console.keeps_answer() {
        let with = |status: &'static str| move |one| (one, status);
        let all = leader.into_iter().map(with("Leader")).chain(followers().map(with("Follower")));
        for (one, status) in all.chain(state.observers.iter().map(with("Observer"))) {
            console.tell(|| {
                let mut thing = replica_json(one, end, status);
                if for_people {
                    thing["lastFetchTimestamp"] = time(one.last_fetch_timestamp).into();
                    thing["lastCaughtUpTimestamp"] = time(one.last_caught_up_timestamp).into();
                }
                thing
            });
        }
        return Ok(());
    }
    let row = |one: &ReplicaState, status: &str| {
        vec![
            one.replica_id.to_string(),
            one.replica_directory_id.to_string(),
            one.log_end_offset.to_string(),
            (end - one.log_end_offset).to_string(),
            time(one.last_fetch_timestamp),
            time(one.last_caught_up_timestamp),
            status.to_owned(),
        ]
    };
    let mut rows: Vec<_> = leader.iter().map(|one| row(one, "Leader")).collect();
    rows.extend(followers().map(|one| row(one, "Follower")));
    rows.extend(state.observers.iter().map(|one| row(one, "Observer")));
    let header = [
        "NodeId",
        "DirectoryId",
        "LogEndOffset",
        "Lag",
        "LastFetchTimestamp",
        "LastCaughtUpTimestamp",
        "Status",
    ];
    table::print(&header, &rows, console)
}

/// How far a replica of the metadata is.
fn replica_json(one: &ReplicaState, end: i64, status: &str) -> Value {
    let time = |timestamp: i64| Some(timestamp).filter(|timestamp| *timestamp >= 0);
    json!({
        "nodeId": one.replica_id,
        "directoryId": (one.replica_directory_id != Uuid::ZERO)
            .then(|| one.replica_directory_id.to_string()),
        "logEndOffset": one.log_end_offset,
        "lag": end.saturating_sub(one.log_end_offset),
        "lastFetchTimestamp": time(one.last_fetch_timestamp),
        "lastCaughtUpTimestamp": time(one.last_caught_up_timestamp),
        "status": status,
    })
}
