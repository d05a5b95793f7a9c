//! What configs are set on.

use super::keys::Scope;
use imbl::OrdMap;

/// The configs that are set on one resource, by key.
pub type Configs = OrdMap<String, String>;

/// The kind of a config resource; the numbers are those of the wire and of metadata records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A topic.
    Topic = 2,
    /// A broker; the empty name is the default of all brokers.
    Broker = 4,
    /// A broker's loggers. Never stored.
    BrokerLogger = 8,
    /// A client metrics subscription.
    ClientMetrics = 16,
    /// A group.
    Group = 32,
}

impl ResourceKind {
    /// The kind of that number.
    pub const fn from_number(number: i8) -> Option<Self> {
        match number {
            2 => Some(Self::Topic),
            4 => Some(Self::Broker),
            8 => Some(Self::BrokerLogger),
            16 => Some(Self::ClientMetrics),
            32 => Some(Self::Group),
            _ => None,
        }
    }

    /// The keys that it may have.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Topic => Scope::Topic,
            Self::Broker | Self::BrokerLogger => Scope::Broker,
            Self::ClientMetrics => Scope::ClientMetrics,
            Self::Group => Scope::Group,
        }
    }

    /// Kafka's name, as its messages show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "TOPIC",
            Self::Broker => "BROKER",
            Self::BrokerLogger => "BROKER_LOGGER",
            Self::ClientMetrics => "CLIENT_METRICS",
            Self::Group => "GROUP",
        }
    }
}

/// A config resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigResource {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
}

impl ConfigResource {
    /// A resource of that kind and name.
    pub fn new(kind: ResourceKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// A topic.
    pub fn topic(name: impl Into<String>) -> Self {
        Self::new(ResourceKind::Topic, name)
    }

    /// A broker.
    pub fn broker(id: i32) -> Self {
        Self::new(ResourceKind::Broker, id.to_string())
    }

    /// The default of all brokers.
    pub fn all_brokers() -> Self {
        Self::new(ResourceKind::Broker, "")
    }
}
