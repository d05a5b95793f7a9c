//! What has configurations, as the flags name it.

use crate::arguments::flags::Given;
use crate::console::Failure;
use dohle_client::admin::ResourceType;

/// A kind of entity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Topics,
    Clients,
    Users,
    Brokers,
    BrokerLoggers,
    Ips,
    ClientMetrics,
    Groups,
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::Topics, "topics"),
    (Kind::Clients, "clients"),
    (Kind::Users, "users"),
    (Kind::Brokers, "brokers"),
    (Kind::BrokerLoggers, "broker-loggers"),
    (Kind::Ips, "ips"),
    (Kind::ClientMetrics, "client-metrics"),
    (Kind::Groups, "groups"),
];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The name without its last letter, as Kafka's tool has it for one entity.
    pub(super) fn singular(self) -> &'static str {
        let name = self.name();
        &name[..name.len() - 1]
    }

    fn of(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The source of the configs that somebody set for an entity of this kind; `None`: all.
    pub(super) fn dynamic_source(self, is_default: bool) -> Option<i8> {
        match self {
            Self::Topics => Some(1),
            Self::Brokers if is_default => Some(3),
            Self::Brokers => Some(2),
            Self::ClientMetrics => Some(7),
            Self::Groups => Some(8),
            Self::BrokerLoggers | Self::Clients | Self::Users | Self::Ips => None,
        }
    }
}

/// The name of a config's source.
pub(super) fn source_name(source: i8) -> &'static str {
    match source {
        1 => "DYNAMIC_TOPIC_CONFIG",
        2 => "DYNAMIC_BROKER_CONFIG",
        3 => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        4 => "STATIC_BROKER_CONFIG",
        5 => "DEFAULT_CONFIG",
        6 => "DYNAMIC_BROKER_LOGGER_CONFIG",
        7 => "DYNAMIC_CLIENT_METRICS_CONFIG",
        8 => "DYNAMIC_GROUP_CONFIG",
        _ => "UNKNOWN",
    }
}

/// The entities of a command: kinds with names. The empty name is the default; none is all.
pub(super) struct Entities(pub(super) Vec<(Kind, Option<String>)>);

impl Entities {
    /// Reads the flags.
    pub(super) fn read(given: &Given) -> Result<Self, Failure> {
        let mut kinds = Vec::new();
        for name in given.values("entity-type") {
            let kind = Kind::of(name).ok_or_else(|| {
                let known: Vec<_> = KINDS.iter().map(|(_, name)| *name).collect();
                Failure::new(format!(
                    "Invalid entity type {name}, the entity type must be one of {}",
                    known.join(", ")
                ))
            })?;
            kinds.push(kind);
        }
        // Names and defaults belong to the types in their order.
        let names = given.in_order(&["entity-name", "entity-default"]);
        let mut names = names.into_iter().map(|name| name.unwrap_or_default());
        let mut entities: Vec<_> = kinds.into_iter().map(|kind| (kind, names.next())).collect();
        for (flag, kind) in [
            ("topic", Kind::Topics),
            ("client", Kind::Clients),
            ("user", Kind::Users),
            ("broker", Kind::Brokers),
            ("broker-logger", Kind::BrokerLoggers),
            ("ip", Kind::Ips),
            ("client-metrics", Kind::ClientMetrics),
            ("group", Kind::Groups),
        ] {
            entities.extend(given.values(flag).map(|name| (kind, Some(name.to_owned()))));
        }
        for (flag, kind) in [
            ("client-defaults", Kind::Clients),
            ("user-defaults", Kind::Users),
            ("broker-defaults", Kind::Brokers),
            ("ip-defaults", Kind::Ips),
        ] {
            if given.has(flag) {
                entities.push((kind, Some(String::new())));
            }
        }
        if entities.is_empty() {
            return Err(Failure::new("At least one entity type must be specified"));
        }
        let is_of_clients =
            |(kind, _): &(Kind, Option<String>)| matches!(kind, Kind::Clients | Kind::Users);
        if entities.len() > 1 && !entities.iter().all(is_of_clients) {
            return Err(Failure::new(
                "Only 'users' and 'clients' entity types may be specified together",
            ));
        }
        Ok(Self(entities))
    }

    /// The one resource with configs, unless these are clients, users or addresses.
    pub(super) fn resource(&self) -> Option<(Kind, ResourceType, Option<String>)> {
        let (kind, name) = self.0.first()?;
        let resource = match kind {
            Kind::Topics => ResourceType::Topic,
            Kind::Brokers => ResourceType::Broker,
            Kind::BrokerLoggers => ResourceType::BrokerLogger,
            Kind::ClientMetrics => ResourceType::ClientMetrics,
            Kind::Groups => ResourceType::Group,
            Kind::Clients | Kind::Users | Kind::Ips => return None,
        };
        Some((*kind, resource, name.clone()))
    }

    /// The kinds, for people.
    pub(super) fn kinds(&self) -> String {
        let kinds: Vec<_> = self.0.iter().map(|(kind, _)| kind.name()).collect();
        kinds.join(",")
    }
}
