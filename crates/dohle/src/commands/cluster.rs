//! `dohle cluster`: the cluster's id and nodes. Kafka's `kafka-cluster.sh`.

use crate::arguments::subcommands::{Action, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use dohle_client::Properties;

const BOOTSTRAP: Opt = Opt {
    long: "bootstrap-server",
    short: 'b',
    action: Action::Store,
    required: true,
    exclusive: false,
    help: "A list of host/port pairs to use for establishing the connection to the Kafka cluster.",
};
const CONFIG: Opt = Opt {
    long: "config",
    short: 'c',
    action: Action::Store,
    required: false,
    exclusive: false,
    help: "A property file containing configurations for the Admin client.",
};
const COMMAND_CONFIG: Opt = Opt { long: "command-config", short: 'C', ..CONFIG };
const ID: Opt = Opt {
    long: "id",
    short: 'i',
    action: Action::Store,
    required: true,
    exclusive: false,
    help: "The ID of the broker to unregister.",
};
const FENCED: Opt = Opt {
    long: "include-fenced-brokers",
    short: 'f',
    action: Action::Switch,
    required: false,
    exclusive: false,
    help: "Whether to include fenced brokers when listing broker endpoints",
};

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-cluster",
    about: "The Kafka cluster tool.",
    commands: &[
        Subcommand {
            name: "cluster-id",
            help: "Get information about the ID of a cluster.",
            options: &[BOOTSTRAP, CONFIG, COMMAND_CONFIG],
        },
        Subcommand {
            name: "unregister",
            help: "Unregister a broker.",
            options: &[BOOTSTRAP, CONFIG, COMMAND_CONFIG, ID],
        },
        Subcommand {
            name: "list-endpoints",
            help: "List endpoints",
            options: &[BOOTSTRAP, CONFIG, COMMAND_CONFIG, FENCED],
        },
        Subcommand {
            name: "api-versions",
            help: "Show which versions each broker serves.",
            options: &[BOOTSTRAP, CONFIG, COMMAND_CONFIG],
        },
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(chosen) = TOOL.parse(words, console)? else { return Ok(()) };
    let mut settings = Properties::default();
    for option in ["config", "command-config"] {
        if let Some(file) = chosen.value(option) {
            properties::read(file, &mut settings)?;
        }
    }
    let session = Session::open(chosen.value("bootstrap-server").unwrap_or_default(), &settings)?;
    match chosen.command {
        "cluster-id" => cluster_id(&session, console),
        "unregister" => {
            let text = chosen.value("id").unwrap_or_default();
            let id: i32 = text.parse().map_err(|_| {
                Failure::new(format!("argument --id/-i: could not convert '{text}' to Integer"))
            })?;
            session.admin(|admin| async move { admin.unregister_broker(id).await })?;
            writeln!(console.out, "Broker {id} is no longer registered.")?;
            Ok(())
        }
        "api-versions" => super::broker_api_versions::print(&session, console),
        _ => endpoints(&session, chosen.has("include-fenced-brokers"), console),
    }
}

fn cluster_id(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    match cluster.id {
        Some(id) => writeln!(console.out, "Cluster ID: {id}")?,
        None => {
            writeln!(console.out, "No cluster ID found. The Kafka version is probably too old.")?
        }
    }
    Ok(())
}

fn endpoints(
    session: &Session,
    with_fenced: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster =
        session.admin(|admin| async move { admin.describe_cluster(with_fenced).await })?;
    let host = cluster.brokers.iter().map(|node| node.host.len()).max().unwrap_or(0).max(9);
    let rack = |node: &dohle_client::metadata::Node| {
        node.rack.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string)
    };
    let racks = cluster.brokers.iter().map(|node| rack(node).len()).max().unwrap_or(0).max(10);
    let mut row = |cells: [&str; 6]| -> Result<(), Failure> {
        let [id, name, port, place, state, kind] = cells;
        writeln!(
            console.out,
            "{id:10} {name:host$} {port:10} {place:racks$} {state:10} {kind:15}"
        )?;
        Ok(())
    };
    row(["ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE"])?;
    for node in &cluster.brokers {
        let state = if cluster.fenced.contains(&node.id) { "fenced" } else { "unfenced" };
        let (id, port) = (node.id.to_string(), node.port.to_string());
        row([&id, &node.host, &port, &rack(node), state, "broker"])?;
    }
    Ok(())
}
