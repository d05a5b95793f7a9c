//! A node's configuration: Kafka's `server.properties`, the command line over it.

use crate::node::ServerOptions;
use dohle_metadata::config::{BrokerConfig, properties};

/// What a node without a file has: a whole Kafka for this machine only.
pub fn defaults() -> Vec<(String, String)> {
    [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.bootstrap.servers", "127.0.0.1:9093"),
        ("log.dirs", "./dohle-data"),
        ("offsets.topic.replication.factor", "1"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
        ("share.coordinator.state.topic.replication.factor", "1"),
        ("share.coordinator.state.topic.min.isr", "1"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

/// What a node is started with.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) broker: BrokerConfig,
    /// The controller's listener is one that somebody chose.
    pub(crate) opens_controller: bool,
}

/// Reads and checks the configuration; nothing is touched before it is right.
pub(crate) fn read(options: &ServerOptions) -> Result<Configuration, String> {
    let mut pairs = match &options.file {
        None => defaults(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            properties::parse(&text)
        }
    };
    pairs.extend(options.overrides.iter().cloned());
    let opens_controller = !add_controller_listener(&mut pairs);
    let broker = BrokerConfig::parse(pairs).and_then(|broker| {
        broker.check_built()?;
        Ok(broker)
    });
    let broker = broker.map_err(|error| {
        let place = options.file.as_ref().map(|path| format!("{}: ", path.display()));
        format!("{}{error}", place.unwrap_or_default())
    })?;
    Ok(Configuration { broker, opens_controller })
}

/// `--override listeners=PLAINTEXT://...` names the client's listener only: the controller of the
/// defaults keeps one, on a port of its own that nothing listens on. Whether that was so.
fn add_controller_listener(pairs: &mut Vec<(String, String)>) -> bool {
    let last = |key: &str| pairs.iter().rev().find(|(name, _)| name == key).map(|(_, v)| v.clone());
    let (Some(listeners), Some(names)) = (last("listeners"), last("controller.listener.names"))
    else {
        return false;
    };
    let has = |name: &str| {
        listeners.split(',').any(|listener| {
            listener.trim().split("://").next().is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
    };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    match names.first() {
        Some(first)
            if last("process.roles").is_some_and(|roles| roles.contains("controller"))
                && !names.iter().any(|name| has(name)) =>
        {
            let server = last("controller.quorum.bootstrap.servers").unwrap_or_default();
            let listeners = format!("{listeners},{first}://{server}");
            pairs.push(("listeners".to_owned(), listeners));
            true
        }
        Some(_) | None => false,
    }
}
