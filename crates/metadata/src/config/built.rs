//! What a node's file asks for and is not built: what is refused, and what is warned of.
//!
//! Each key says which of the two it is (`State`). What is no key is judged here: a listener that
//! would speak plain text under another name, and a quorum of more than this node.

use super::broker::BrokerConfig;
use super::endpoint::{Endpoint, SecurityProtocol};
use super::error::ConfigError;
use super::keys::Scope;
use super::keys::row::{Key, SASL, State, TLS, VOTERS};
use super::layers::without_listener;
use super::resource::Configs;

impl BrokerConfig {
    /// Refuses what a node cannot keep yet and its user counts on. The message says what is not
    /// built, and how the node starts without it.
    pub fn check_built(&self) -> Result<(), ConfigError> {
        check_set(&self.set)?;
        check_quorum(self)?;
        self.listeners.iter().try_for_each(check_listener)
    }

    /// Keys that are set and have no effect, with the part that they wait for. A value that is the
    /// default says nothing that does not hold.
    pub fn without_effect(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let of = |name: &String| {
            let key = key_of(name)?;
            let State::NotBuilt(part) = key.state else { return None };
            is_asked_for(key, &self.set[name]).then_some((key.name, part))
        };
        self.set.keys().filter_map(of)
    }
}

/// Refuses keys that promise what is not built, set in a file or at run time.
pub(super) fn check_set(set: &Configs) -> Result<(), ConfigError> {
    for (name, text) in set {
        let Some(key) = key_of(name) else { continue };
        let State::Refused(part) = key.state else { continue };
        if is_asked_for(key, text) {
            let shown = if key.kind.is_sensitive() { "[hidden]" } else { text };
            return Err(ConfigError::new(format!(
                "{name} is {shown}, and waits for a part that is not built yet ({part}): what it \
                 promises would not hold. Without it the node serves."
            )));
        }
    }
    Ok(())
}

fn key_of(name: &str) -> Option<&'static Key> {
    Scope::Broker.key(without_listener(name).unwrap_or(name))
}

fn is_asked_for(key: &Key, text: &str) -> bool {
    key.parse(text).is_ok_and(|value| value != key.default_value())
}

fn check_listener(endpoint: &Endpoint) -> Result<(), ConfigError> {
    let part = match endpoint.protocol {
        SecurityProtocol::Plaintext => return Ok(()),
        SecurityProtocol::Ssl => TLS,
        SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl => SASL,
    };
    Err(ConfigError::new(format!(
        "listener {} speaks {}, and waits for a part that is not built yet ({part}): it would be \
         open to everybody, in plain text. Leave it out of listeners, or let listener.security.protocol.map \
         say PLAINTEXT if that is meant.",
        endpoint.listener,
        endpoint.protocol.name()
    )))
}

/// A node is a whole quorum by itself: with others it would be a second one.
fn check_quorum(config: &BrokerConfig) -> Result<(), ConfigError> {
    let alone = "Alone, a node has process.roles=broker,controller and is the only voter.";
    let asks_for = match (config.is_broker, config.is_controller, config.voters.len()) {
        (true, true, 0 | 1) => return Ok(()),
        (true, true, count) => format!("controller.quorum.voters names {count} voters"),
        (is_broker, ..) => {
            format!("process.roles is {}", if is_broker { "broker" } else { "controller" })
        }
    };
    Err(ConfigError::new(format!(
        "{asks_for}, and waits for a part that is not built yet ({VOTERS}): the node would lead a \
         quorum of its own beside the others. {alone}"
    )))
}
