//! Listeners that come and go while the node runs: which changes of them Kafka takes, and in which
//! words it refuses the others.
//!
//! A listener is known by its name. One that has another address only is the same listener: it stays
//! where it is until the next start, or for good if the file has it.

use std::collections::BTreeMap;

use super::broker::BrokerConfig;
use super::endpoint::Endpoint;
use super::error::ConfigError;
use super::layers::Layers;
use super::resource::Configs;
use super::{broker_checks, built};

/// Where listeners and what they speak are set.
const OF_LISTENERS: [&str; 2] = ["listeners", "listener.security.protocol.map"];
/// Changing one of these makes Kafka look at the listeners once more.
const LOOKED_AT_FOR: [&str; 4] = [
    "max.connections",
    "max.connection.creation.rate",
    "num.network.threads",
    "principal.builder.class",
];
/// What may change of a listener that is there, behind its prefix.
const CHANGEABLE: [&str; 13] = [
    "max.connections",
    "max.connection.creation.rate",
    "num.network.threads",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Checks what a change at run time would make of the listeners; `now` is what holds, `next` what
/// would hold then.
///
/// # Errors
/// The request is to blame, as Kafka says it; a listener that speaks what is not built is refused as
/// in a file.
pub(super) fn check(now: Layers<'_>, next: Layers<'_>) -> Result<(), ConfigError> {
    let changes = |name: &str| now.text(name) != next.text(name);
    let is_changed = OF_LISTENERS.iter().any(|name| changes(name));
    if !is_changed && !LOOKED_AT_FOR.iter().any(|name| changes(name)) {
        return Ok(());
    }
    let to_blame = |error: ConfigError| ConfigError::bad_request(error.message);
    let after = BrokerConfig::with_run_time(next).map_err(to_blame)?;
    let before = BrokerConfig::with_run_time(now).map_err(to_blame)?;
    if is_changed {
        broker_checks::check_distinct(&after).map_err(to_blame)?;
        let failed = |error: ConfigError| {
            ConfigError::bad_request(format!("requirement failed: {}", error.message))
        };
        broker_checks::check_roles(&after).map_err(failed)?;
        broker_checks::check_addresses(&after).map_err(failed)?;
    }
    check_kept(&before, &after, next)?;
    added(&before.listeners, &after.listeners).try_for_each(built::check_listener)
}

/// The listeners of `after` whose names `before` does not have.
pub fn added<'a>(
    before: &'a [Endpoint],
    after: &'a [Endpoint],
) -> impl Iterator<Item = &'a Endpoint> {
    after.iter().filter(|of| before.iter().all(|other| other.listener != of.listener))
}

/// What is told to clients stays, and a listener that stays is not made another one.
fn check_kept(
    before: &BrokerConfig,
    after: &BrokerConfig,
    next: Layers<'_>,
) -> Result<(), ConfigError> {
    let refuse = |why: String| Err(broker_checks::invalid(&why));
    if added(&after.listeners, &before.advertised_listeners).next().is_some() {
        return refuse(format!(
            "Advertised listeners '{}' must be a subset of listeners '{}'",
            names(&before.advertised_listeners),
            names(&after.listeners)
        ));
    }
    let nothing = Configs::new();
    let file = Layers { broker: &nothing, cluster: &nothing, ..next };
    for one in &after.listeners {
        let Some(other) = before.listeners.iter().find(|of| of.listener == one.listener) else {
            continue;
        };
        let name = &one.listener;
        if own(next, name) != own(file, name) {
            return refuse(format!(
                "Configs cannot be updated dynamically for existing listener ListenerName({name}), \
                 restart broker or create a new listener for update"
            ));
        }
        if one.protocol != other.protocol {
            return refuse(format!(
                "Security protocol cannot be updated for existing listener ListenerName({name})"
            ));
        }
    }
    Ok(())
}

/// What is set for one listener and cannot change while it is there. Kafka compares it with its file.
fn own<'a>(layers: Layers<'a>, listener: &str) -> BTreeMap<&'a str, &'a str> {
    let prefix = format!("listener.name.{}.", listener.to_lowercase());
    let of = |(key, value): (&'a String, &'a String)| {
        let name = key.strip_prefix(&prefix)?;
        (!CHANGEABLE.contains(&name)).then_some((name, value.as_str()))
    };
    let lowest_first = [layers.file, layers.cluster, layers.broker];
    lowest_first.into_iter().flat_map(|configs| configs.iter().filter_map(of)).collect()
}

fn names(listeners: &[Endpoint]) -> String {
    let names = listeners.iter().map(|of| format!("ListenerName({})", of.listener));
    format!("Set({})", names.collect::<Vec<_>>().join(", "))
}
