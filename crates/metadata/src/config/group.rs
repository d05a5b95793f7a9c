//! A group's configs: what may be set within the broker's limits.

use super::error::ConfigError;
use super::keys::Scope;
use super::layers::Layers;
use super::resource::Configs;
use super::value::Value;

/// What the broker limits, whether only a set value is looked at, and by which of its keys.
#[rustfmt::skip]
const LIMITS: &[Limit] = &[
    limit("consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"),
    limit("consumer.session.timeout.ms", "group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"),
    limit_if_set("consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"),
    limit("share.heartbeat.interval.ms", "group.share.min.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"),
    limit("share.session.timeout.ms", "group.share.min.session.timeout.ms", "group.share.max.session.timeout.ms"),
    limit("share.record.lock.duration.ms", "group.share.min.record.lock.duration.ms", "group.share.max.record.lock.duration.ms"),
    limit("share.delivery.count.limit", "group.share.min.delivery.count.limit", "group.share.max.delivery.count.limit"),
    limit("share.partition.max.record.locks", "group.share.min.partition.max.record.locks", "group.share.max.partition.max.record.locks"),
    limit_if_set("share.assignment.interval.ms", "group.share.min.assignment.interval.ms", "group.share.max.assignment.interval.ms"),
    limit("streams.heartbeat.interval.ms", "group.streams.min.heartbeat.interval.ms", "group.streams.max.heartbeat.interval.ms"),
    limit("streams.session.timeout.ms", "group.streams.min.session.timeout.ms", "group.streams.max.session.timeout.ms"),
    ("streams.num.standby.replicas", false, None, Some("group.streams.max.standby.replicas")),
    limit_if_set("streams.assignment.interval.ms", "group.streams.min.assignment.interval.ms", "group.streams.max.assignment.interval.ms"),
    ("streams.num.warmup.replicas", true, None, Some("group.streams.max.warmup.replicas")),
    ("streams.task.offset.interval.ms", true, Some("group.streams.min.task.offset.interval.ms"), None),
];

type Limit = (&'static str, bool, Option<&'static str>, Option<&'static str>);

const fn limit(name: &'static str, least: &'static str, most: &'static str) -> Limit {
    (name, false, Some(least), Some(most))
}

const fn limit_if_set(name: &'static str, least: &'static str, most: &'static str) -> Limit {
    (name, true, Some(least), Some(most))
}

/// What holds for one key of a group: its own value over the broker's.
pub fn value(name: &str, group: &Configs, broker: Layers<'_>) -> Value {
    let Some(key) = Scope::Group.key(name) else { return Value::Null };
    group.get(name).and_then(|text| key.parse(text).ok()).unwrap_or_else(|| broker.inherited(key))
}

/// Checks all configs that a group would have.
pub fn check(configs: &Configs, broker: Layers<'_>) -> Result<(), ConfigError> {
    for name in configs.keys() {
        if Scope::Group.key(name).is_none() {
            return Err(ConfigError::new(format!("Unknown group config name: {name}")));
        }
    }
    for key in Scope::Group.keys() {
        if let Some(text) = configs.get(key.name) {
            key.parse(text)?;
        }
    }
    for &(name, if_set, least, most) in LIMITS {
        if if_set && !configs.contains_key(name) {
            continue;
        }
        let number = value(name, configs, broker).integer();
        if let Some(least) = least.filter(|least| number < broker.value(least).integer()) {
            let message = format!("{name} must be greater than or equal to {least}");
            return Err(ConfigError::new(message));
        }
        if let Some(most) = most.filter(|most| number > broker.value(most).integer()) {
            let message = format!("{name} must be less than or equal to {most}");
            return Err(ConfigError::new(message));
        }
    }
    for protocol in ["consumer", "share", "streams"] {
        let session = format!("{protocol}.session.timeout.ms");
        let heartbeat = format!("{protocol}.heartbeat.interval.ms");
        if value(&session, configs, broker).integer()
            <= value(&heartbeat, configs, broker).integer()
        {
            return Err(ConfigError::new(format!("{session} must be greater than {heartbeat}")));
        }
    }
    Ok(())
}

/// Checks the limits that a broker sets: the most is no less than the least, and its own value lies
/// between them.
pub(super) fn check_limits(broker: Layers<'_>) -> Result<(), ConfigError> {
    let number = |name: &str| broker.value(name).integer();
    let require = |more: &str, less: &str| match number(less) <= number(more) {
        true => Ok(()),
        false => Err(ConfigError::new(format!("{more} must be greater than or equal to {less}"))),
    };
    for &(name, _, least, most) in LIMITS {
        let own = format!("group.{name}");
        if let (Some(least), Some(most)) = (least, most) {
            require(most, least)?;
        }
        if let Some(least) = least {
            require(&own, least)?;
        }
        if let Some(most) = most.filter(|most| number(most) < number(&own)) {
            return Err(ConfigError::new(format!("{own} must be less than or equal to {most}")));
        }
    }
    for protocol in ["consumer", "share", "streams"] {
        let session = format!("group.{protocol}.session.timeout.ms");
        let heartbeat = format!("group.{protocol}.heartbeat.interval.ms");
        if number(&session) <= number(&heartbeat) {
            return Err(ConfigError::new(format!("{heartbeat} must be less than {session}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Configs, LIMITS, Layers, Scope, check};

    /// What is said of `name` set to that within these limits.
    fn refused(name: &str, set: i64, limits: &[(&str, i64)]) -> Option<String> {
        let nothing = Configs::new();
        let texts = |pairs: &[(&str, i64)]| -> Configs {
            pairs.iter().map(|(name, number)| ((*name).to_owned(), number.to_string())).collect()
        };
        let file = texts(limits);
        let broker = Layers { broker: &nothing, cluster: &nothing, file: &file };
        check(&texts(&[(name, set)]), broker).err().map(|error| error.to_string())
    }

    #[test]
    fn a_group_keeps_within_what_its_broker_allows() {
        for &(name, _, least, most) in LIMITS {
            let default = Scope::Group.key(name).unwrap().default_value().integer();
            if let Some(least) = least {
                let limits = [(least, default)];
                assert_eq!(refused(name, default, &limits), None);
                assert!(refused(name, default - 1, &limits).is_some(), "{name} below {least}");
            }
            if let Some(most) = most {
                let limits = [(most, default + 5)];
                assert_eq!(refused(name, default + 5, &limits), None);
                let said = refused(name, default + 6, &limits).unwrap();
                assert_eq!(said, format!("{name} must be less than or equal to {most}"));
            }
        }
    }
}
