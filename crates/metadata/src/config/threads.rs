//! How far a number of threads may change at run time: to its half or its double, not further at once.

use super::broker_checks::invalid;
use super::error::ConfigError;
use super::layers::Layers;

/// The keys that Kafka holds to it, whether they start threads here or not.
const KEYS: [&str; 5] = [
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "log.cleaner.threads",
];

/// The same of each listener of clients and brokers.
const LISTENER_KEY: &str = "num.network.threads";

/// Checks what the numbers of a broker would be against what they are.
pub fn check_threads(before: Layers<'_>, after: Layers<'_>) -> Result<(), ConfigError> {
    for name in KEYS {
        let (is, next) = (before.value(name).integer(), after.value(name).integer());
        check(name, is, next).map_err(|error| ConfigError::bad_request(error.message))?;
    }
    for listener in listeners(before) {
        let of = |layers: Layers<'_>| layers.listener_value(&listener, LISTENER_KEY).integer();
        check(LISTENER_KEY, of(before), of(after)).map_err(|error| invalid(&error.message))?;
    }
    Ok(())
}

/// The names of those listeners.
fn listeners(layers: Layers<'_>) -> Vec<String> {
    let list = |key: &str| layers.value(key).list().unwrap_or_default().to_vec();
    let controllers = list("controller.listener.names");
    let names = list("listeners").into_iter().filter_map(|one| {
        let (name, _) = one.split_once("://")?;
        Some(name.trim().to_owned())
    });
    names.filter(|name| !controllers.iter().any(|it| it.eq_ignore_ascii_case(name))).collect()
}

fn check(name: &str, is: i64, next: i64) -> Result<(), ConfigError> {
    let why = if is == next {
        return Ok(());
    } else if next < 1 {
        "value should be at least 1".to_owned()
    } else if next < is / 2 {
        format!("value should be at least half the current value {is}")
    } else if next > is.saturating_mul(2) {
        format!("value should not be greater than double the current value {is}")
    } else {
        return Ok(());
    };
    Err(ConfigError::new(format!(
        "Dynamic thread count update validation failed for {name}={next}, {why}"
    )))
}
