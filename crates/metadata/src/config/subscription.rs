//! A client metrics subscription (KIP-714): what may be set, and what it says.

use dohle_protocol::wire::Text;
use regex::Regex;

use super::error::ConfigError;
use super::keys::Scope;
use super::keys::row::Key;
use super::resource::Configs;
use super::value::Value;
use crate::expression;

/// How often clients push where nothing else is said.
pub const INTERVAL_MS_DEFAULT: i32 = 300_000;
/// As the name of a metric: all metrics.
pub const ALL_METRICS: &str = "*";

const INTERVAL_MS: std::ops::RangeInclusive<i64> = 100..=3_600_000;

/// What a subscription matches clients by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// The id that the client was given, or brought.
    InstanceId,
    /// What it calls itself in every request.
    ClientId,
    /// Its library.
    SoftwareName,
    /// Its library's version.
    SoftwareVersion,
    /// Its address.
    SourceAddress,
    /// Its port.
    SourcePort,
}

impl Attribute {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "client_instance_id" => Some(Self::InstanceId),
            "client_id" => Some(Self::ClientId),
            "client_software_name" => Some(Self::SoftwareName),
            "client_software_version" => Some(Self::SoftwareVersion),
            "client_source_address" => Some(Self::SourceAddress),
            "client_source_port" => Some(Self::SourcePort),
            _ => None,
        }
    }
}

/// A subscription: which clients push which metrics, and how often.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Beginnings of names; [`ALL_METRICS`] for all.
    pub metrics: Vec<Text>,
    /// How often to push.
    pub interval_ms: i32,
    /// What a client must match, all of it; of two patterns for one attribute the last counts.
    patterns: Vec<(Attribute, Regex)>,
}

impl Subscription {
    /// The subscription of these configs. What does not parse counts as unset: it was checked when
    /// it was set, by a node that may have known other rules.
    pub fn of(configs: &Configs) -> Self {
        let value = |name: &str| value(name, configs);
        let list = |name| value(name).list().map(<[String]>::to_vec).unwrap_or_default();
        let patterns = list("match");
        Self {
            metrics: list("metrics").into_iter().map(Text::from).collect(),
            interval_ms: i32::try_from(value("interval.ms").integer())
                .unwrap_or(INTERVAL_MS_DEFAULT),
            patterns: patterns.iter().filter_map(|text| pattern(text)).collect(),
        }
    }

    /// True if a client with these attributes is meant; `None` is what a client did not say.
    pub fn is_for<'a>(&self, attribute: impl Fn(Attribute) -> Option<&'a str>) -> bool {
        let last = |at: usize, of| self.patterns[at + 1..].iter().all(|(other, _)| *other != of);
        self.patterns.iter().enumerate().all(|(at, (of, pattern))| {
            !last(at, *of) || attribute(*of).is_some_and(|text| pattern.is_match(text))
        })
    }
}

fn value(name: &str, configs: &Configs) -> Value {
    let Some(key) = Scope::ClientMetrics.key(name) else { return Value::Null };
    let set = configs.get(name).and_then(|text| key.parse(text).ok());
    set.unwrap_or_else(|| key.default_value())
}

/// Checks all configs that the subscription would have.
pub fn check(name: &str, configs: &Configs) -> Result<(), ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::bad_request("Subscription name can't be empty"));
    }
    for key in configs.keys() {
        if Scope::ClientMetrics.key(key).is_none() {
            let message = format!("Unknown client metrics configuration: {key}");
            return Err(ConfigError::bad_request(message));
        }
    }
    for key in Scope::ClientMetrics.keys() {
        if let Some(text) = configs.get(key.name) {
            check_value(key, &key.parse(text)?)?;
        }
    }
    Ok(())
}

fn check_value(key: &Key, value: &Value) -> Result<(), ConfigError> {
    match key.name {
        "interval.ms" if !INTERVAL_MS.contains(&value.integer()) => {
            Err(ConfigError::bad_request(format!(
                "Invalid value {value} for interval.ms, interval must be between 100 and 3600000 \
                 (1 hour)"
            )))
        }
        "match" => value.list().unwrap_or_default().iter().try_for_each(|text| {
            let illegal = || ConfigError::new(format!("Illegal client matching pattern: {text}"));
            pattern(text).map(|_| ()).ok_or_else(illegal)
        }),
        _ => Ok(()),
    }
}

/// `attribute=expression`.
fn pattern(text: &str) -> Option<(Attribute, Regex)> {
    let (name, value) = text.trim_end_matches('=').split_once('=')?;
    let attribute = Attribute::from_name(name.trim())?;
    let regex = expression::compile(value.trim()).ok()?;
    (!value.contains('=')).then_some((attribute, regex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs(pairs: &[(&str, &str)]) -> Configs {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn clients_match_by_all_of_their_attributes() {
        let is_for = |patterns: &str, id: Option<&'static str>, port: Option<&'static str>| {
            let subscription = Subscription::of(&configs(&[("match", patterns)]));
            subscription.is_for(|attribute| {
                let of_port = (attribute == Attribute::SourcePort).then_some(port).flatten();
                if attribute == Attribute::ClientId { id } else { of_port }
            })
        };
        assert!(is_for("", None, None));
        assert!(is_for("client_id=a.*", Some("abc"), None));
        assert!(!is_for("client_id=b", Some("abc"), None));
        assert!(!is_for("client_id=.*", None, None));
        assert!(is_for("client_id=a.*,client_source_port=90[0-9]+", Some("a"), Some("9092")));
        assert!(!is_for("client_id=a.*,client_source_port=90[0-9]+", Some("a"), Some("80")));
        assert!(is_for("client_id=x,client_id=a", Some("a"), None), "the last one counts");
    }

    #[test]
    fn a_subscription_is_read_and_checked() {
        let read = Subscription::of(&configs(&[("interval.ms", "500"), ("metrics", "a.,b.c")]));
        assert_eq!((read.interval_ms, read.metrics.len()), (500, 2));
        let empty = Subscription::of(&configs(&[]));
        assert_eq!((empty.interval_ms, empty.metrics.len()), (INTERVAL_MS_DEFAULT, 0));
        let is_bad = |key, value| check("s", &configs(&[(key, value)])).is_err();
        for (key, value) in [
            ("interval.ms", "99"),
            ("interval.ms", "3600001"),
            ("match", "client_id"),
            ("match", "client_id="),
            ("match", "client_id=a=b"),
            ("match", "client_shoe_size=43"),
            ("match", "client_id=(["),
            ("no.such", "1"),
        ] {
            assert!(is_bad(key, value), "{key}={value}");
        }
        assert!(!is_bad("match", "client_id = a.* , client_source_port=1"));
        assert!(check("", &configs(&[])).is_err());
    }
}
