//! A node's configuration: its file, read and cross-checked, and what may change at run time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::broker_checks::check_connections_per_ip;
use super::endpoint::{Endpoint, SecurityProtocol, Voter, bootstrap_server, listener};
use super::error::ConfigError;
use super::keys::Scope;
use super::keys::row::Update;
use super::layers::{Layers, without_listener};
use super::resource::Configs;
use super::value::Value;

/// A node's configuration as its file and command line give it.
///
/// Typed are the values that a start needs or that cannot change; whatever may change at run time
/// is asked through [`BrokerConfig::layers`].
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// All that was set, `broker.id` and `node.id` filling in for one another.
    pub set: Configs,
    /// Keys that are set but mean nothing to Kafka; plugins may know them.
    pub unknown: Vec<String>,
    /// `node.id`.
    pub node_id: i32,
    /// True if `process.roles` has `broker`.
    pub is_broker: bool,
    /// True if `process.roles` has `controller`.
    pub is_controller: bool,
    /// All listeners, those of the controller too.
    pub listeners: Vec<Endpoint>,
    /// What clients are told; the controller's listeners are not among them.
    pub advertised_listeners: Vec<Endpoint>,
    /// `controller.listener.names`.
    pub controller_listener_names: Vec<String>,
    /// The listener that brokers use among themselves.
    pub inter_broker_listener: String,
    /// Static voters; empty if the log holds them.
    pub voters: Vec<Voter>,
    /// `controller.quorum.bootstrap.servers`.
    pub bootstrap_servers: Vec<(String, u16)>,
    /// `log.dirs`, or `log.dir`.
    pub log_dirs: Vec<String>,
    /// `metadata.log.dir`, or the first log directory.
    pub metadata_log_dir: String,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// `max.connections.per.ip.overrides`.
    pub connections_per_ip_overrides: BTreeMap<String, u32>,
}

/// The one key of our own.
const METRICS_PORT: &str = "metrics.port";

fn check_own_keys(set: &Configs) -> Result<(), ConfigError> {
    match set.get(METRICS_PORT) {
        Some(text) if text.trim().parse::<u16>().is_err() => Err(ConfigError::new(format!(
            "Invalid value {text} for configuration {METRICS_PORT}: it is no port"
        ))),
        Some(_) | None => Ok(()),
    }
}

impl BrokerConfig {
    /// The level of `kraft.version`: 1 where the voters stand in the log, and not in the node's file (KIP-853).
    pub fn kraft_version(&self) -> i16 {
        i16::from(self.voters.is_empty())
    }

    /// Reads a node's configuration. Later pairs win over earlier ones.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut set: Configs = pairs.into_iter().collect();
        fill_ids(&mut set);
        for key in Scope::Broker.keys() {
            match set.get(key.name) {
                Some(text) => {
                    key.parse(text)?;
                }
                None if key.default == super::Default::Required => {
                    return Err(ConfigError::new(format!(
                        "Missing required configuration \"{}\" which has no default value.",
                        key.name
                    )));
                }
                None => {}
            }
        }
        check_listener_keys(&set)?;
        check_own_keys(&set)?;
        let is_unknown =
            |name: &&String| super::built::key_of(name).is_none() && name.as_str() != METRICS_PORT;
        let unknown = set.keys().filter(is_unknown).cloned().collect();
        let config = Read { set: &set }.config(unknown)?;
        super::broker_checks::check(&config)?;
        Ok(config)
    }

    /// A node's configuration as it is with what is set at run time.
    ///
    /// # Errors
    /// When listeners, voters or hosts cannot be read; nothing is checked against one another.
    pub fn with_run_time(layers: Layers<'_>) -> Result<Self, ConfigError> {
        let mut set = layers.file.clone();
        for over in [layers.cluster, layers.broker] {
            set.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Read { set: &set }.config(Vec::new())
    }

    /// The layers of this node's configs, with what is set at run time.
    pub fn layers<'a>(&'a self, broker: &'a Configs, cluster: &'a Configs) -> Layers<'a> {
        Layers { broker, cluster, file: &self.set }
    }

    /// The value that the file gives a key, or its default.
    pub fn value(&self, name: &str) -> Value {
        let nothing = Configs::new();
        self.layers(&nothing, &nothing).value(name)
    }

    /// `metrics.port`: where metrics are told over HTTP; 0 is any port. Kafka has no such key, and
    /// without it nothing is told.
    pub fn metrics_port(&self) -> Option<u16> {
        self.set.get(METRICS_PORT)?.trim().parse().ok()
    }

    /// A number that the file gives a key, or its default.
    pub fn integer(&self, name: &str) -> i64 {
        self.value(name).integer()
    }

    /// A flag that the file gives a key, or its default.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).is_true()
    }

    /// The listeners that clients and brokers use.
    pub fn broker_listeners(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().filter(|endpoint| !self.is_controller_listener(&endpoint.listener))
    }

    /// The listeners of the controller.
    pub fn controller_listeners(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().filter(|endpoint| self.is_controller_listener(&endpoint.listener))
    }

    fn is_controller_listener(&self, name: &str) -> bool {
        self.controller_listener_names.iter().any(|other| other.eq_ignore_ascii_case(name))
    }
}

/// The two names of the node's id fill in for one another.
fn fill_ids(set: &mut Configs) {
    for (from, to) in [("node.id", "broker.id"), ("broker.id", "node.id")] {
        if let (Some(id), None) = (set.get(from).cloned(), set.get(to)) {
            set.insert(to.to_owned(), id);
        }
    }
}

/// Values set for one listener must read like the common ones.
fn check_listener_keys(set: &Configs) -> Result<(), ConfigError> {
    for (name, text) in set {
        if let Some(key) = without_listener(name).and_then(|base| Scope::Broker.key(base)) {
            key.parse(text)?;
        }
    }
    Ok(())
}

/// The values of a file while they become a [`BrokerConfig`].
struct Read<'a> {
    set: &'a Configs,
}

impl Read<'_> {
    fn layers(&self) -> Layers<'_> {
        static NOTHING: LazyLock<Configs> = LazyLock::new(Configs::new);
        Layers { broker: &NOTHING, cluster: &NOTHING, file: self.set }
    }

    fn value(&self, name: &str) -> Value {
        self.layers().value(name)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.value(name).list().unwrap_or_default().to_vec()
    }

    fn config(&self, unknown: Vec<String>) -> Result<BrokerConfig, ConfigError> {
        let roles = self.texts("process.roles");
        let controller_listener_names = self.texts("controller.listener.names");
        let protocols = self.protocols(&controller_listener_names)?;
        let listeners = endpoints(&self.texts("listeners"), &protocols)?;
        let is_controller = |name: &str| {
            controller_listener_names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        let mut advertised_listeners = match self.value("advertised.listeners").list() {
            Some(entries) => endpoints(entries, &protocols)?,
            None => listeners.clone(),
        };
        advertised_listeners.retain(|endpoint| !is_controller(&endpoint.listener));
        let voters = self.texts("controller.quorum.voters");
        let bootstrap = self.texts("controller.quorum.bootstrap.servers");
        let log_dirs = super::log_dirs::log_dirs(self.layers());
        let metadata_log_dir = match self.value("metadata.log.dir").text() {
            Some(dir) => dir.to_owned(),
            None => log_dirs.first().cloned().unwrap_or_default(),
        };
        Ok(BrokerConfig {
            set: self.set.clone(),
            unknown,
            node_id: i32::try_from(self.value("node.id").integer()).unwrap_or(-1),
            is_broker: roles.iter().any(|role| role == "broker"),
            is_controller: roles.iter().any(|role| role == "controller"),
            inter_broker_listener: self.inter_broker_listener(&protocols)?,
            listeners,
            advertised_listeners,
            controller_listener_names,
            voters: voters.iter().map(|entry| Voter::parse(entry)).collect::<Result<_, _>>()?,
            bootstrap_servers: bootstrap
                .iter()
                .map(|entry| bootstrap_server(entry))
                .collect::<Result<_, _>>()?,
            log_dirs,
            metadata_log_dir,
            rack: self.value("broker.rack").text().map(str::to_owned),
            connections_per_ip_overrides: connections_per_ip_overrides(self.layers())?,
        })
    }

    /// What each listener name speaks. Unless a map is written, the controller's listeners speak
    /// plain text, if nothing else in the file asks for more.
    fn protocols(
        &self,
        controllers: &[String],
    ) -> Result<BTreeMap<String, SecurityProtocol>, ConfigError> {
        let name = "listener.security.protocol.map";
        let mut map = BTreeMap::new();
        for (listener, protocol) in pairs(name, self.value(name).text().unwrap_or_default())? {
            let protocol = SecurityProtocol::from_name(&protocol).ok_or_else(|| {
                let message = format!("Invalid security protocol `{protocol}` defined in {name}");
                ConfigError::new(message)
            })?;
            map.insert(listener.to_uppercase(), protocol);
        }
        let asks_for_more = |name: &str| matches!(name, "SSL" | "SASL_SSL" | "SASL_PLAINTEXT");
        let listeners = self.texts("listeners");
        let of_listeners = listeners.iter().filter_map(|entry| entry.split(':').next());
        if !self.set.contains_key(name)
            && !controllers.iter().any(|name| asks_for_more(name))
            && !of_listeners.into_iter().any(|name| asks_for_more(&name.to_uppercase()))
        {
            for controller in controllers {
                map.insert(controller.to_uppercase(), SecurityProtocol::Plaintext);
            }
        }
        Ok(map)
    }

    fn inter_broker_listener(
        &self,
        protocols: &BTreeMap<String, SecurityProtocol>,
    ) -> Result<String, ConfigError> {
        let (by_name, by_protocol) =
            ("inter.broker.listener.name", "security.inter.broker.protocol");
        let Some(name) = self.value(by_name).text().map(str::to_uppercase) else {
            return Ok(self.value(by_protocol).text().unwrap_or("PLAINTEXT").to_uppercase());
        };
        if self.set.contains_key(by_protocol) {
            let message = format!("Only one of {by_name} and {by_protocol} should be set.");
            return Err(ConfigError::new(message));
        }
        if !protocols.contains_key(&name) {
            return Err(ConfigError::new(format!(
                "Listener with name {name} defined in {by_name} not found in \
                 listener.security.protocol.map."
            )));
        }
        Ok(name)
    }
}

/// How many connections single hosts may have: `max.connections.per.ip.overrides`.
pub fn connections_per_ip_overrides(
    configs: Layers<'_>,
) -> Result<BTreeMap<String, u32>, ConfigError> {
    let name = "max.connections.per.ip.overrides";
    let mut map = BTreeMap::new();
    for (host, count) in pairs(name, configs.value(name).text().unwrap_or_default())? {
        let count = count
            .parse()
            .map_err(|_| ConfigError::value(name, &count, "Not a number of type INT"))?;
        map.insert(host, count);
    }
    Ok(map)
}

/// `a:b,c:d`; the last colon of a part counts.
fn pairs(key: &str, text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.rsplit_once(':') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => Err(ConfigError::new(format!(
                "Error parsing configuration property '{key}': `{part}` has no colon"
            ))),
        })
        .collect()
}

fn endpoints(
    entries: &[String],
    protocols: &BTreeMap<String, SecurityProtocol>,
) -> Result<Vec<Endpoint>, ConfigError> {
    let wrong = |why: String| {
        let all = entries.join(", ");
        ConfigError::new(format!("Error creating broker listeners from '[{all}]': {why}"))
    };
    let mut all = Vec::new();
    for entry in entries {
        let (name, host, port) = listener(entry).map_err(|error| wrong(error.message))?;
        let Some(&protocol) = protocols.get(&name) else {
            return Err(wrong(format!("No security protocol defined for listener {name}")));
        };
        all.push(Endpoint { listener: name, host, port, protocol });
    }
    Ok(all)
}

/// Checks the name of a broker whose configs are asked to change: a broker takes such requests for
/// itself, or under the empty name for all.
pub fn check_name(name: &str, node_id: i32) -> Result<(), ConfigError> {
    match name.parse::<i32>() {
        _ if name.is_empty() => Ok(()),
        Ok(id) if id == node_id => Ok(()),
        Ok(_) => Err(ConfigError::bad_request(format!(
            "Unexpected broker id, expected {node_id}, but received {name}"
        ))),
        Err(_) => {
            Err(ConfigError::bad_request(format!("Node id must be an integer, but it is: {name}")))
        }
    }
}

/// Checks what would be set at run time for a broker, or for all of them; `now` is what holds, `next`
/// what would hold then.
pub fn check_dynamic(
    configs: &Configs,
    per_broker: bool,
    now: Layers<'_>,
    next: Layers<'_>,
) -> Result<(), ConfigError> {
    let refuse = |what: &str, names: Vec<&str>| match names[..] {
        [] => Ok(()),
        _ => Err(ConfigError::bad_request(format!("{what}: [{}]", names.join(", ")))),
    };
    let with = |wanted: &dyn Fn(&str) -> bool| {
        configs.keys().map(String::as_str).filter(|name| wanted(name)).collect::<Vec<_>>()
    };
    let update = |name: &str| Scope::Broker.key(name).map(|key| key.update);
    refuse(
        "Cannot update these configs dynamically",
        with(&|name| update(name) == Some(Update::ReadOnly)),
    )?;
    refuse(
        "These security configs can be dynamically updated only per-listener using the listener \
         prefix",
        with(&|name| is_security(name)),
    )?;
    for (name, text) in configs {
        let base = without_listener(name).unwrap_or(name);
        if let Some(key) = Scope::Broker.key(base) {
            key.parse(text).map_err(|error| ConfigError::bad_request(error.message))?;
        }
    }
    super::built::check_set(configs)?;
    check_connections(configs, next)?;
    if per_broker {
        return super::listeners::check(now, next);
    }
    let is_per_broker = |name: &str| match without_listener(name) {
        // Limits of a listener's connections are the only ones common to all brokers.
        Some(base) => !matches!(
            base,
            "max.connections" | "max.connection.creation.rate" | "num.network.threads"
        ),
        None => update(name) == Some(Update::PerBroker),
    };
    refuse(
        "Cannot update these configs at default cluster level, broker id must be specified",
        with(&is_per_broker),
    )?;
    super::listeners::check(now, next)
}

/// Checks what listeners and their connections would be limited to.
fn check_connections(configs: &Configs, layers: Layers<'_>) -> Result<(), ConfigError> {
    let refuse = |message: String| Err(ConfigError::bad_request(message));
    for (name, text) in configs {
        let base = without_listener(name);
        let is_limit =
            |key: &str| matches!(key, "max.connections" | "max.connection.creation.rate");
        if let Some(key) = base.filter(|key| is_limit(key))
            && text.trim().parse::<i64>().is_ok_and(|limit| limit <= 0)
        {
            return refuse(format!("Invalid {key} {text}"));
        }
    }
    let limit = layers.value("max.connections.per.ip").integer();
    connections_per_ip_overrides(layers)
        .and_then(|overrides| check_connections_per_ip(limit, overrides.len()))
        .map_err(|error| ConfigError::bad_request(error.message))
}

/// Keys of TLS and SASL that change per listener only.
fn is_security(name: &str) -> bool {
    let is_dynamic = Scope::Broker.key(name).is_some_and(|key| key.update == Update::PerBroker);
    is_dynamic && (name.starts_with("ssl.") || name.starts_with("sasl."))
}
