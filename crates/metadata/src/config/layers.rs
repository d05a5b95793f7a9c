//! Where a broker's value comes from: set for the broker, set for all brokers, the file, the default.

use super::keys::Scope;
use super::keys::row::Key;
use super::resource::Configs;
use super::value::Value;

/// The layers of a broker's configs, the first wins.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// Set at run time for this broker.
    pub broker: &'a Configs,
    /// Set at run time for all brokers.
    pub cluster: &'a Configs,
    /// From the node's file and command line.
    pub file: &'a Configs,
}

impl Layers<'_> {
    /// The text that is set for a key, in whatever layer.
    ///
    /// A key set at run time also hides its synonyms in the file: `log.retention.ms` set for a
    /// broker makes the file's `log.retention.hours` void.
    pub fn text(&self, name: &str) -> Option<&str> {
        let run_time = |name: &str| self.broker.get(name).or_else(|| self.cluster.get(name));
        if let Some(text) = run_time(name) {
            return Some(text);
        }
        if synonyms(name).iter().any(|other| run_time(other).is_some()) {
            return None;
        }
        self.file.get(name).map(String::as_str)
    }

    /// The value of a broker's key. What does not parse counts as unset: it was checked when it
    /// was set, by a node that may have known other rules.
    pub fn value(&self, name: &str) -> Value {
        let Some(key) = Scope::Broker.key(name) else { return Value::Null };
        self.text(name).and_then(|text| key.parse(text).ok()).unwrap_or_else(|| key.default_value())
    }

    /// A listener's own value of a key (`listener.name.NAME.KEY`, in whatever layer), else the common
    /// one.
    pub fn listener_value(&self, listener: &str, name: &str) -> Value {
        let own = format!("listener.name.{}.{name}", listener.to_lowercase());
        self.text(&own)
            .and_then(|text| Scope::Broker.key(name)?.parse(text).ok())
            .unwrap_or_else(|| self.value(name))
    }

    /// What a key of another scope gets from the broker: the first synonym that has a value.
    pub fn inherited(&self, key: &Key) -> Value {
        for synonym in key.synonyms {
            let value = self.value(synonym.name);
            if let Value::Integer(number) = value {
                let number = number.saturating_mul(synonym.factor);
                return Value::Integer(unlimited(key, number));
            }
            if value != Value::Null {
                return value;
            }
        }
        key.default_value()
    }
}

/// Every negative retention means the same.
fn unlimited(key: &Key, number: i64) -> i64 {
    if key.name == "retention.ms" { number.max(-1) } else { number }
}

/// A broker's key and the keys that say the same in other words, the first wins.
pub fn synonyms(name: &str) -> &'static [&'static str] {
    match name {
        "log.roll.ms" | "log.roll.hours" => &["log.roll.ms", "log.roll.hours"],
        "log.roll.jitter.ms" | "log.roll.jitter.hours" => {
            &["log.roll.jitter.ms", "log.roll.jitter.hours"]
        }
        "log.flush.interval.ms" => &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        "log.retention.ms" | "log.retention.minutes" | "log.retention.hours" => {
            &["log.retention.ms", "log.retention.minutes", "log.retention.hours"]
        }
        _ => &[],
    }
}

/// The key without `listener.name.NAME.`, and of the mechanism's keys without the mechanism.
pub fn without_listener(name: &str) -> Option<&str> {
    /// Keys that stand behind `listener.name.NAME.MECHANISM.`.
    const OF_MECHANISMS: [&str; 5] = [
        "sasl.jaas.config",
        "sasl.login.callback.handler.class",
        "sasl.login.class",
        "sasl.server.callback.handler.class",
        "connections.max.reauth.ms",
    ];
    let (_, base) = name.strip_prefix("listener.name.")?.split_once('.')?;
    Some(OF_MECHANISMS.into_iter().find(|key| base.ends_with(key)).unwrap_or(base))
}
