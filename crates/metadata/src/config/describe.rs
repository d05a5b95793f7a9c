//! DescribeConfigs: each key with its value, where that comes from, and what else would hold.

use super::keys::Scope;
use super::keys::row::{Default, Key, Kind, Update};
use super::layers::{Layers, synonyms, without_listener};
use super::resource::Configs;
use super::value::Value;
use super::{group, topic};

/// A broker's keys that no file may set; they are listed once they are set at run time.
const RUN_TIME_ONLY: [&str; 3] = [
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
];

/// Where a value comes from; the numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set for the topic.
    Topic = 1,
    /// Set for the broker at run time.
    DynamicBroker = 2,
    /// Set for all brokers at run time.
    DynamicDefaultBroker = 3,
    /// From the node's file or command line.
    StaticBroker = 4,
    /// Nothing is set.
    Default = 5,
    /// Set for a logger.
    BrokerLogger = 6,
    /// Set for the client metrics subscription.
    ClientMetrics = 7,
    /// Set for the group.
    Group = 8,
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The key.
    pub name: String,
    /// The value that holds; `None` if there is none or it must not be shown.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// True if the value is never shown.
    pub is_sensitive: bool,
    /// True if it cannot be altered at run time.
    pub is_read_only: bool,
    /// The values that are set, the one that holds first.
    pub synonyms: Vec<SynonymValue>,
    /// The type's number on the wire; 0 for an unknown key.
    pub kind: i8,
    /// What the key means; empty for an unknown key.
    pub doc: &'static str,
}

/// A value that is set somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymValue {
    /// Under which key.
    pub name: String,
    /// The value; `None` if it must not be shown.
    pub value: Option<String>,
    /// Where.
    pub source: Source,
}

/// The rows of a topic, by name.
pub fn topic(configs: &Configs, broker: Layers<'_>) -> Vec<Described> {
    let described = |key: &'static Key| {
        let value = topic::value(key, configs, broker);
        let inherited = match key.synonyms {
            [] => Vec::new(),
            [first, ..] => set_values(broker, first.name, key.kind.is_sensitive()),
        };
        row(key, value, own(key, configs, Source::Topic, inherited))
    };
    sorted(Scope::Topic.keys().filter(|key| is_shown(key, configs)).map(described))
}

/// The rows of a new topic as the controller answers them: a value comes from the strongest layer
/// that sets any of the key's synonyms. (To a broker that is asked later, those do not count that
/// come before the first.)
pub fn new_topic(configs: &Configs, broker: Layers<'_>) -> Vec<Described> {
    let layers = [
        (broker.broker, Source::DynamicBroker),
        (broker.cluster, Source::DynamicDefaultBroker),
        (broker.file, Source::StaticBroker),
    ];
    let inherited = |name: &str| {
        let synonyms = Scope::Topic.key(name).map_or(&[][..], |key| key.synonyms);
        let is_set = |configs: &Configs| synonyms.iter().any(|of| configs.contains_key(of.name));
        layers.iter().find(|(configs, _)| is_set(configs)).map_or(Source::Default, |of| of.1)
    };
    let mut rows = topic(configs, broker);
    for row in rows.iter_mut().filter(|row| row.source != Source::Topic) {
        row.source = inherited(&row.name);
    }
    rows
}

/// The rows of a group, by name.
pub fn group(configs: &Configs, broker: Layers<'_>) -> Vec<Described> {
    let described = |key: &'static Key| {
        let value = group::value(key.name, configs, broker);
        let inherited = match (key.synonyms, key.default) {
            ([first, ..], _) => set_values(broker, first.name, key.kind.is_sensitive()),
            ([], Default::Text(_)) => vec![SynonymValue {
                name: key.name.to_owned(),
                value: key.default_value().shown(),
                source: Source::Default,
            }],
            ([], Default::Null | Default::Required) => Vec::new(),
        };
        row(key, value, own(key, configs, Source::Group, inherited))
    };
    sorted(Scope::Group.keys().filter(|key| is_shown(key, configs)).map(described))
}

/// The rows of a client metrics subscription, by name.
pub fn subscription(configs: &Configs) -> Vec<Described> {
    let described = |key: &'static Key| {
        let set = configs.get(key.name).and_then(|text| key.parse(text).ok());
        let value = set.unwrap_or_else(|| key.default_value());
        row(key, value, own(key, configs, Source::ClientMetrics, Vec::new()))
    };
    sorted(Scope::ClientMetrics.keys().map(described))
}

/// The rows of one broker, by name: every key, and what is set besides.
pub fn broker(layers: Layers<'_>) -> Vec<Described> {
    let all = [layers.file, layers.cluster, layers.broker];
    let is_set = |name: &str| all.iter().any(|configs| configs.contains_key(name));
    let mut names: Vec<&str> = Scope::Broker
        .keys()
        .filter(|key| is_set(key.name) || !(key.internal || RUN_TIME_ONLY.contains(&key.name)))
        .map(|key| key.name)
        .chain(all.iter().flat_map(|configs| configs.keys().map(String::as_str)))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| broker_row(name, layers, None)).collect()
}

/// The rows of the brokers' common default, by name: what is set at run time only.
pub fn all_brokers(layers: Layers<'_>) -> Vec<Described> {
    let only = Some(Source::DynamicDefaultBroker);
    let set = layers.cluster.keys();
    let nothing = Configs::new();
    let layers = Layers { broker: &nothing, ..layers };
    set.map(|name| broker_row(name, layers, only)).collect()
}

/// One key's row; with `only`, of what that layer sets.
fn broker_row(name: &str, layers: Layers<'_>, only: Option<Source>) -> Described {
    let base = without_listener(name).unwrap_or(name);
    let key = Scope::Broker.key(name).or_else(|| Scope::Broker.key(base));
    let is_sensitive = key.is_none_or(|key| key.kind.is_sensitive());
    let value = match key {
        _ if is_sensitive => None,
        // What is set for one listener, or for all brokers, shows as it was written.
        Some(_) if name != base || only.is_some() => layers.text(name).map(str::to_owned),
        Some(key) => layers.value(key.name).shown(),
        None => None,
    };
    let mut synonyms = set_values(layers, name, is_sensitive);
    synonyms.retain(|synonym| only.is_none_or(|only| synonym.source == only));
    Described {
        name: name.to_owned(),
        value,
        source: synonyms.first().map_or(Source::Default, |synonym| synonym.source),
        is_sensitive,
        is_read_only: Scope::Broker.key(name).is_none_or(|key| key.update == Update::ReadOnly),
        synonyms,
        kind: key.map_or(0, |key| key.kind.wire()),
        doc: Scope::Broker.key(name).map_or("", |key| key.doc),
    }
}

/// The values that are set for a broker's key, layer by layer; before the key itself is set
/// anywhere its synonyms do not count.
fn set_values(layers: Layers<'_>, name: &str, is_sensitive: bool) -> Vec<SynonymValue> {
    let names: Vec<&str> = match (synonyms(name), without_listener(name)) {
        ([], Some(base)) => vec![name, base],
        ([], None) => vec![name],
        (names, _) => names.to_vec(),
    };
    let mut found = Vec::new();
    for (configs, source) in [
        (layers.broker, Source::DynamicBroker),
        (layers.cluster, Source::DynamicDefaultBroker),
        (layers.file, Source::StaticBroker),
    ] {
        for name in &names {
            if let Some(text) = configs.get(*name) {
                let value = (!is_sensitive).then(|| text.clone());
                found.push(SynonymValue { name: (*name).to_owned(), value, source });
            }
        }
    }
    for name in &names {
        let Some(key) = Scope::Broker.key(name) else { continue };
        if let Default::Text(_) = key.default {
            let value = (!is_sensitive).then(|| key.default_value().shown()).flatten();
            let source = Source::Default;
            found.push(SynonymValue { name: (*name).to_owned(), value, source });
        }
    }
    let before = found.iter().take_while(|synonym| synonym.name != name).count();
    found.split_off(before)
}

fn own(
    key: &Key,
    configs: &Configs,
    source: Source,
    inherited: Vec<SynonymValue>,
) -> Vec<SynonymValue> {
    let Some(text) = configs.get(key.name) else { return inherited };
    let shown = key.parse(text).ok().and_then(|value| value.shown());
    let value = if key.kind.is_sensitive() { None } else { shown };
    let mut all = vec![SynonymValue { name: key.name.to_owned(), value, source }];
    all.extend(inherited);
    all
}

fn row(key: &'static Key, value: Value, synonyms: Vec<SynonymValue>) -> Described {
    Described {
        name: key.name.to_owned(),
        value: if key.kind == Kind::Password { None } else { value.shown() },
        source: synonyms.first().map_or(Source::Default, |synonym| synonym.source),
        is_sensitive: key.kind.is_sensitive(),
        is_read_only: false,
        synonyms,
        kind: key.kind.wire(),
        doc: key.doc,
    }
}

fn is_shown(key: &Key, configs: &Configs) -> bool {
    !key.internal || configs.contains_key(key.name)
}

fn sorted(rows: impl Iterator<Item = Described>) -> Vec<Described> {
    let mut rows: Vec<Described> = rows.collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}
