//! What the values of a node's configs must be to one another, in its file and at run time.

use super::broker::{BrokerConfig, connections_per_ip_overrides};
use super::endpoint::Endpoint;
use super::error::ConfigError;
use super::keys::Scope;
use super::layers::Layers;
use super::resource::Configs;
use std::net::IpAddr;

/// Checks a whole configuration; the message names the keys, the values and what is allowed.
pub(super) fn check(config: &BrokerConfig) -> Result<(), ConfigError> {
    let nothing = Configs::new();
    let layers = config.layers(&nothing, &nothing);
    require(i64::from(config.node_id) == layers.value("broker.id").integer(), || {
        "You must set `node.id` to the same value as `broker.id`.".to_owned()
    })?;
    require(!config.log_dirs.is_empty(), || {
        "At least one log directory must be defined via log.dirs or log.dir.".to_owned()
    })?;
    check_numbers(layers)?;
    super::group::check_limits(layers)?;
    if config.is_broker {
        super::log_dirs::check_cordoned(layers)?;
    }
    check_distinct(config)?;
    check_roles(config)?;
    check_addresses(config)
}

/// Checks what would hold after a change at run time, as Kafka does with a whole configuration.
pub fn check_changed(next: Layers<'_>) -> Result<(), ConfigError> {
    check_numbers(next).map_err(|error| {
        ConfigError::bad_request(format!("requirement failed: {}", error.message))
    })?;
    super::group::check_limits(next).map_err(|error| ConfigError::bad_request(error.message))?;
    check_local_retention(next).map_err(|error| invalid(&error.message))
}

/// The error of a check that Kafka's parts have for themselves.
pub(super) fn invalid(message: &str) -> ConfigError {
    ConfigError::bad_request(format!(
        "Invalid value org.apache.kafka.common.config.ConfigException: {message} for configuration \
         Invalid dynamic configuration"
    ))
}

/// What of a tiered log stays here may not outlive the log; -2 stands for the log's own limit, -1 for
/// none.
fn check_local_retention(values: Layers<'_>) -> Result<(), ConfigError> {
    for unit in ["ms", "bytes"] {
        let (own, all) = (format!("log.local.retention.{unit}"), format!("log.retention.{unit}"));
        let local = values.value(&own).integer();
        let limit = match unit {
            "ms" => retention_ms(values),
            _ => values.value(&all).integer(),
        };
        let refuse = |why: String| {
            Err(ConfigError::new(format!("Invalid value {local} for configuration {own}: {why}")))
        };
        match local {
            _ if limit < 0 || local == -2 => {}
            -1 => {
                return refuse(format!("Value must not be -1 as {all} value is set as {limit}."));
            }
            _ if limit < local => {
                return refuse(format!(
                    "Value must not be more than {all} property value: {limit}"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// `log.retention.ms`, or what stands in for it.
fn retention_ms(values: Layers<'_>) -> i64 {
    Scope::Topic.key("retention.ms").map_or(-1, |key| values.inherited(key).integer())
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::new(message())) }
}

/// Refuses a limit that leaves nobody a connection.
pub(super) fn check_connections_per_ip(limit: i64, overrides: usize) -> Result<(), ConfigError> {
    require(limit != 0 || overrides != 0, || {
        "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides \
         property is set."
            .to_owned()
    })
}

fn check_numbers(values: Layers<'_>) -> Result<(), ConfigError> {
    let integer = |name| values.value(name).integer();
    let say = |text: &str| text.to_owned();
    let set = |name: &str| values.text(name).is_some();
    require(!set("log.roll.ms") || integer("log.roll.ms") >= 1, || {
        say("log.roll.ms must be greater than or equal to 1")
    })?;
    require(!set("log.roll.jitter.ms") || integer("log.roll.jitter.ms") >= 0, || {
        say("log.roll.jitter.ms must be greater than or equal to 0")
    })?;
    let retention = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
    let first = retention.into_iter().find(|name| set(name)).unwrap_or("log.retention.hours");
    require(integer(first) != 0, || {
        say("log.retention.ms must be unlimited (-1) or, greater than or equal to 1")
    })?;
    let threads = integer("log.cleaner.threads").max(1);
    require(integer("log.cleaner.dedupe.buffer.size") / threads > 1024 * 1024, || {
        say("log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.")
    })?;
    let wait = integer("replica.fetch.wait.max.ms");
    require(wait <= integer("replica.socket.timeout.ms"), || {
        say("replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to \
             prevent unnecessary socket timeouts")
    })?;
    require(wait <= integer("replica.lag.time.max.ms"), || {
        say("replica.fetch.wait.max.ms should always be less than or equal to \
             replica.lag.time.max.ms to prevent frequent changes in ISR")
    })?;
    let queued = integer("queued.max.request.bytes");
    require(queued <= 0 || queued >= integer("socket.request.max.bytes"), || {
        say("queued.max.request.bytes must be larger or equal to socket.request.max.bytes")
    })?;
    let overrides = connections_per_ip_overrides(values)?.len();
    check_connections_per_ip(integer("max.connections.per.ip"), overrides)?;
    let (delay, idle) =
        (integer("connection.failed.authentication.delay.ms"), integer("connections.max.idle.ms"));
    require(idle < 0 || delay < idle, || {
        format!(
            "connection.failed.authentication.delay.ms={delay} should always be less than \
             connections.max.idle.ms={idle} to prevent failed authentication responses from \
             timing out"
        )
    })
}

/// Names differ, and ports too, save that one may be IPv4 and the other IPv6.
pub(super) fn check_distinct(config: &BrokerConfig) -> Result<(), ConfigError> {
    let nothing = Configs::new();
    let written = config.layers(&nothing, &nothing).value("listeners");
    let list = || written.list().unwrap_or_default().join(", ");
    let prefix = || format!("Error creating broker listeners from '[{}]': ", list());
    let all = &config.listeners;
    let pairs = || {
        let behind = |index: usize| all[index + 1..].iter();
        all.iter().enumerate().flat_map(move |(index, one)| behind(index).map(move |of| (one, of)))
    };
    for (one, other) in pairs() {
        require(one.listener != other.listener, || {
            let list = list();
            format!("{}Each listener must have a different name, listeners: [{list}]", prefix())
        })?;
    }
    for (one, other) in pairs().filter(|(one, other)| one.port == other.port && one.port != 0) {
        let (port, one, other) = (one.port, ip(one), ip(other));
        require(one.is_some() && other.is_some(), || {
            let list = list();
            format!("{}Each listener must have a different port, listeners: [{list}]", prefix())
        })?;
        require(one.map(|ip| ip.is_ipv4()) != other.map(|ip| ip.is_ipv4()), || {
            format!(
                "{}If you have two listeners on the same port then one needs to be IPv4 and the \
                 other IPv6, listeners: [{}], port: {port}",
                prefix(),
                list(),
            )
        })?;
    }
    Ok(())
}

/// The address that a listener's host is, if it is no name.
fn ip(endpoint: &Endpoint) -> Option<IpAddr> {
    endpoint.host.parse().ok()
}

pub(super) fn check_roles(config: &BrokerConfig) -> Result<(), ConfigError> {
    let names = "controller.listener.names";
    let ids: Vec<i32> = config.voters.iter().map(|voter| voter.id).collect();
    let id = config.node_id;
    require(!ids.is_empty() || !config.bootstrap_servers.is_empty(), || {
        "If using process.roles, either controller.quorum.bootstrap.servers must contain the set \
         of bootstrap controllers or controller.quorum.voters must contain a parseable set of \
         controllers."
            .to_owned()
    })?;
    let set = || {
        let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
        format!("Set({})", ids.join(", "))
    };
    if config.is_controller {
        require(ids.is_empty() || ids.contains(&id), || {
            format!(
                "If process.roles contains the 'controller' role, the node id {id} must be \
                 included in the set of voters controller.quorum.voters={}",
                set()
            )
        })?;
        require(config.controller_listeners().next().is_some(), || {
            format!(
                "{names} must contain at least one value appearing in the 'listeners' \
                 configuration when running the KRaft controller role"
            )
        })?;
        let is_listener =
            |name: &String| config.listeners.iter().any(|e| e.listener.eq_ignore_ascii_case(name));
        require(config.controller_listener_names.iter().all(is_listener), || {
            format!(
                "{names} must only contain values appearing in the 'listeners' configuration \
                 when running the KRaft controller role"
            )
        })?;
    } else {
        require(!ids.contains(&id), || {
            format!(
                "If process.roles contains just the 'broker' role, the node id {id} must not be \
                 included in the set of voters controller.quorum.voters={}",
                set()
            )
        })?;
        require(config.controller_listeners().next().is_none(), || {
            format!(
                "{names} must not contain a value appearing in the 'listeners' configuration \
                 when running KRaft with just the broker role"
            )
        })?;
    }
    require(config.is_broker || config.broker_listeners().next().is_none(), || {
        format!(
            "The listeners config must only contain KRaft controller listeners from {names} when \
             process.roles=controller"
        )
    })
}

pub(super) fn check_addresses(config: &BrokerConfig) -> Result<(), ConfigError> {
    let advertised = "advertised.listeners";
    let names = |endpoints: &[Endpoint]| {
        endpoints.iter().map(|e| e.listener.clone()).collect::<Vec<_>>().join(",")
    };
    if config.is_broker {
        let own = &config.advertised_listeners;
        require(!own.is_empty(), || {
            "There must be at least one broker advertised listener. Perhaps all listeners appear \
             in controller.listener.names?"
                .to_owned()
        })?;
        require(own.iter().any(|e| e.listener == config.inter_broker_listener), || {
            format!(
                "inter.broker.listener.name must be a listener name defined in {advertised}. The \
                 valid options based on currently configured listeners are {}",
                names(own)
            )
        })?;
        let is_listener =
            |e: &Endpoint| config.listeners.iter().any(|other| other.listener == e.listener);
        require(own.iter().all(is_listener), || {
            format!(
                "{advertised} listener names must be equal to or a subset of the ones defined in \
                 listeners. Found {}. The valid options based on the current configuration are {}",
                names(own),
                names(&config.listeners)
            )
        })?;
    }
    require(config.advertised_listeners.iter().all(|e| e.host != "0.0.0.0"), || {
        format!(
            "{advertised} cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP \
             address."
        )
    })
}
