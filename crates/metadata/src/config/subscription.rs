//! A client metrics subscription's configs: what may be set.

use super::error::ConfigError;
use super::keys::Scope;
use super::resource::Configs;

/// What a subscription may match clients by.
const ATTRIBUTES: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Checks all configs that the subscription would have.
///
/// Patterns are looked at by form only: whether one is a regular expression shows when it is used.
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
        let Some(text) = configs.get(key.name) else { continue };
        let value = key.parse(text)?;
        match key.name {
            "interval.ms" if !(100..=3_600_000).contains(&value.integer()) => {
                return Err(ConfigError::bad_request(format!(
                    "Invalid value {value} for interval.ms, interval must be between 100 and \
                     3600000 (1 hour)"
                )));
            }
            "match" => {
                for pattern in value.list().unwrap_or_default() {
                    check_pattern(pattern)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_pattern(pattern: &str) -> Result<(), ConfigError> {
    let trimmed = pattern.trim_end_matches('=');
    match trimmed.split_once('=') {
        Some((attribute, value))
            if !value.contains('=') && ATTRIBUTES.contains(&attribute.trim()) =>
        {
            Ok(())
        }
        _ => Err(ConfigError::new(format!("Illegal client matching pattern: {pattern}"))),
    }
}
