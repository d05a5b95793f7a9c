//! `dohle cluster`: the cluster's id and nodes. Kafka's `kafka-cluster.sh`.

use crate::arguments::subcommands::{Action, NO_SHORT, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use dohle_client::Properties;
use dohle_client::metadata::Node;
use serde_json::{Value, json};

const BOOTSTRAP: Opt = Opt {
    long: "bootstrap-server",
    short: 'b',
    action: Action::Store,
    required: false,
    exclusive: true,
    help: "A list of host/port pairs to use for establishing the connection to the Kafka cluster.",
};
const CONTROLLER: Opt = Opt {
    long: "bootstrap-controller",
    short: 'C',
    help: "Controllers to begin at, in the place of --bootstrap-server.",
    ..BOOTSTRAP
};
const CONFIG: Opt = Opt {
    long: "config",
    short: NO_SHORT,
    action: Action::Store,
    required: false,
    exclusive: false,
    help: "A property file containing configurations for the Admin client.",
};
const COMMAND_CONFIG: Opt = Opt { long: "command-config", short: 'c', ..CONFIG };
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
    short: NO_SHORT,
    action: Action::Switch,
    required: false,
    exclusive: false,
    help: "Whether to include fenced brokers when listing broker endpoints",
};

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-cluster",
    fails_after_help: true,
    about: "The Kafka cluster tool.",
    commands: &[
        Subcommand {
            name: "cluster-id",
            help: "Get information about the ID of a cluster.",
            options: &[BOOTSTRAP, CONTROLLER, CONFIG, COMMAND_CONFIG],
        },
        Subcommand {
            name: "unregister",
            help: "Unregister a broker.",
            options: &[BOOTSTRAP, CONTROLLER, CONFIG, COMMAND_CONFIG, ID],
        },
        Subcommand {
            name: "list-endpoints",
            help: "List endpoints",
            options: &[BOOTSTRAP, CONTROLLER, CONFIG, COMMAND_CONFIG, FENCED],
        },
        Subcommand {
            name: "api-versions",
            help: "Show which versions each broker serves.",
            options: &[BOOTSTRAP, CONTROLLER, CONFIG, COMMAND_CONFIG],
        },
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(chosen) = TOOL.parse(words, console)? else { return Ok(()) };
    if chosen.has("config") && chosen.has("command-config") {
        let message = "--config and --command-config cannot be specified together.";
        return Err(console.usage(&format!("{}: error: {message}\n", TOOL.name)));
    }
    if chosen.has("config") {
        writeln!(
            console.out,
            "Option --config has been deprecated and will be removed in a future version. Use --command-config instead."
        )?;
    }
    let mut settings = Properties::default();
    for option in ["config", "command-config"] {
        if let Some(file) = chosen.value(option) {
            properties::read(file, &mut settings)?;
        }
    }
    let with_fenced = chosen.has("include-fenced-brokers");
    let session = match (chosen.value("bootstrap-server"), chosen.value("bootstrap-controller")) {
        (None, Some(_)) if with_fenced => {
            return Err(Failure::new(
                "The option --include-fenced-brokers is only supported with --bootstrap-server \
                 option",
            ));
        }
        (None, Some(controllers)) => Session::open_at_controllers(controllers, &settings)?,
        (Some(bootstrap), _) => Session::open(bootstrap, &settings)?,
        (None, None) => {
            return Err(Failure::new(
                "kafka-cluster: error: one of the arguments --bootstrap-server/-b \
                 --bootstrap-controller/-C is required",
            ));
        }
    };
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
        _ if chosen.has("bootstrap-controller") => controllers(&session, console),
        _ => endpoints(&session, with_fenced, console),
    }
}

fn cluster_id(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    if console.tell(|| json!({ "clusterId": cluster.id.as_deref() })) {
        return Ok(());
    }
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
    console.begin();
    if console.keeps_answer() {
        for node in &cluster.brokers {
            let state = if cluster.fenced.contains(&node.id) { "fenced" } else { "unfenced" };
            console.tell(|| node_json(node, Some(state), "broker"));
        }
        return Ok(());
    }
    let host = cluster.brokers.iter().map(|node| node.host.len()).max().unwrap_or(0).max(9);
    let rack =
        |node: &Node| node.rack.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string);
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

fn node_json(node: &Node, state: Option<&str>, kind: &str) -> Value {
    json!({
        "id": node.id,
        "host": node.host.as_str(),
        "port": node.port,
        "rack": node.rack.as_deref(),
        "state": state,
        "endpointType": kind,
    })
}

fn controllers(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    let nodes = &cluster.brokers;
    console.begin();
    if console.keeps_answer() {
        for node in nodes {
            console.tell(|| node_json(node, None, "controller"));
        }
        return Ok(());
    }
    let hosts = nodes.iter().map(|node| node.host.len()).max().unwrap_or(100);
    let racks = nodes.iter().filter_map(|node| Some(node.rack.as_ref()?.len())).max().unwrap_or(10);
    let [id, host, port, rack, kind] = ["ID", "HOST", "PORT", "RACK", "ENDPOINT_TYPE"];
    writeln!(console.out, "{id:10} {host:hosts$} {port:10} {rack:racks$} {kind:15}")?;
    for node in nodes {
        let rack = node.rack.as_ref().map_or("null", |rack| rack.as_str());
        writeln!(
            console.out,
            "{:<10} {:hosts$} {:<10} {rack:racks$} {:15}",
            node.id,
            node.host.as_str(),
            node.port,
            "controller"
        )?;
    }
    Ok(())
}
