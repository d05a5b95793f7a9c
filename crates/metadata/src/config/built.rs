//! What is asked for and does not come: what is refused, what is warned of, and what is only said.
//!
//! Each key says which of them it is (`State`), whether it is set in a node's file or at run time.
//! What is no key is judged here: a listener that would speak plain text under another name, and a
//! quorum of more than this node.

use std::fmt;

use super::broker::BrokerConfig;
use super::endpoint::{Endpoint, SecurityProtocol};
use super::error::ConfigError;
use super::keys::Scope;
use super::keys::row::{Key, SASL, State, TLS, VOTERS};
use super::layers::without_listener;
use super::resource::{Configs, ResourceKind};

impl BrokerConfig {
    /// Refuses what a node cannot keep yet and its user counts on. The message says what is not
    /// built, and how the node starts without it.
    pub fn check_built(&self) -> Result<(), ConfigError> {
        check_set(&self.set)?;
        check_quorum(self)?;
        self.listeners.iter().try_for_each(check_listener)
    }

    /// Keys of the file that have no effect, each with the reason.
    pub fn without_effect(&self) -> impl Iterator<Item = (&str, NoEffect)> {
        self.set.iter().filter_map(|(name, text)| {
            Some((name.as_str(), no_effect(ResourceKind::Broker, name, text)?))
        })
    }

    /// Keys of the file whose lists have something twice, which is read once.
    pub fn repeating(&self) -> impl Iterator<Item = &str> {
        let repeats =
            |name: &str, text: &str| Scope::Broker.key(name).is_some_and(|key| key.repeats(text));
        let set = self.set.iter();
        set.filter(move |(name, text)| repeats(name, text)).map(|(name, _)| name.as_str())
    }
}

/// Why what was set has no effect; shown, it is the end of a sentence that begins with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEffect {
    /// It waits for this part: to be warned of.
    NotBuilt(&'static str),
    /// There is nothing here that it could act on, for this reason.
    NoMeaning(&'static str),
}

impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt(part) => {
                write!(f, "has no effect: it waits for {part}, which is not built yet")
            }
            Self::NoMeaning(why) => write!(f, "has no meaning here: {why}"),
        }
    }
}

/// Why a key that is set on such a resource has no effect. `None` if it has one, if Kafka knows no
/// such key, and for a value that is the default: that one holds.
pub fn no_effect(kind: ResourceKind, name: &str, text: &str) -> Option<NoEffect> {
    let key = match kind {
        ResourceKind::Broker => key_of(name),
        ResourceKind::BrokerLogger => None,
        ResourceKind::Topic | ResourceKind::Group | ResourceKind::ClientMetrics => {
            kind.scope().key(name)
        }
    }?;
    let no_effect = match key.state {
        State::NotBuilt(part) => NoEffect::NotBuilt(part),
        State::NoMeaning(why) => NoEffect::NoMeaning(why),
        State::Effective | State::Refused(_) => return None,
    };
    is_asked_for(key, text).then_some(no_effect)
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

/// What stands before the keys of tiered storage's metadata in a node's file.
const REMOTE_METADATA: &str = "rlmm.config.";

/// The key that a node's file means: perhaps for one listener, or of a plugin that comes with Kafka.
pub(super) fn key_of(name: &str) -> Option<&'static Key> {
    match name.strip_prefix(REMOTE_METADATA) {
        Some(name) => Scope::RemoteMetadata.key(name),
        None => Scope::Broker.key(without_listener(name).unwrap_or(name)),
    }
}

fn is_asked_for(key: &Key, text: &str) -> bool {
    key.parse(text).is_ok_and(|value| value != key.default_value())
}

/// Refuses a listener that speaks what is not built: it would be open to everybody.
pub fn check_listener(endpoint: &Endpoint) -> Result<(), ConfigError> {
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
