//! How far a number of threads may change at run time: to its half or its double, not further at once.

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

/// Checks what the numbers of a broker would be against what they are.
pub fn check_threads(before: Layers<'_>, after: Layers<'_>) -> Result<(), ConfigError> {
    for name in KEYS {
        let (is, next) = (before.value(name).integer(), after.value(name).integer());
        if is == next {
            continue;
        }
        let why = if next < 1 {
            "value should be at least 1".to_owned()
        } else if next < is / 2 {
            format!("value should be at least half the current value {is}")
        } else if next > is.saturating_mul(2) {
            format!("value should not be greater than double the current value {is}")
        } else {
            continue;
        };
        return Err(ConfigError::bad_request(format!(
            "Dynamic thread count update validation failed for {name}={next}, {why}"
        )));
    }
    Ok(())
}
