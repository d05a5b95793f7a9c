//! The node's loggers as config resources. There is one: how much is logged is set at the start.

use dohle_metadata::config::describe::{Described, Source};
use dohle_metadata::controller::Refusal;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use tracing::level_filters::LevelFilter;

/// Kafka's name of the logger that is above all.
const ROOT: &str = "root";
/// Kafka's levels; ours are among them.
const LEVELS: [&str; 6] = ["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];

// Operations on a key, as the wire numbers them.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// The loggers with their levels.
pub(super) fn rows() -> Vec<Described> {
    vec![Described {
        name: ROOT.to_owned(),
        value: Some(level().to_owned()),
        source: Source::BrokerLogger,
        is_sensitive: false,
        is_read_only: false,
        synonyms: Vec::new(),
        kind: 0,
        doc: "",
    }]
}

fn level() -> &'static str {
    match LevelFilter::current() {
        LevelFilter::TRACE => "TRACE",
        LevelFilter::DEBUG => "DEBUG",
        LevelFilter::INFO => "INFO",
        LevelFilter::WARN => "WARN",
        LevelFilter::ERROR => "ERROR",
        _ => "OFF",
    }
}

/// Checks changes of loggers as Kafka does. What is good is refused all the same unless it was only
/// to be checked: levels do not change at run time.
pub(super) fn alter(
    resource_name: &str,
    own_id: i32,
    configs: &[AlterableConfig],
    validate_only: bool,
) -> Result<(), Refusal> {
    let Ok(id) = resource_name.parse::<i32>() else {
        let message = format!("Node id must be an integer, but it is: {resource_name}");
        return Err(Refusal::request(message));
    };
    if id != own_id {
        let message = format!("Unexpected node id. Expected {own_id}, but received {id}");
        return Err(Refusal::request(message));
    }
    configs.iter().try_for_each(check)?;
    let changes = |config: &AlterableConfig| config.value.as_deref() != Some(level());
    if validate_only || !configs.iter().any(changes) {
        return Ok(());
    }
    let message = "The levels of loggers cannot be changed at run time; they are set when the \
                   node is started.";
    Err(Refusal::request(message))
}

fn check(config: &AlterableConfig) -> Result<(), Refusal> {
    let name = config.name.as_str();
    let exists = || {
        let message = format!("Logger {name} does not exist!");
        if name == ROOT { Ok(()) } else { Err(Refusal::new(ErrorCode::INVALID_CONFIG, message)) }
    };
    match config.config_operation {
        SET => {
            exists()?;
            let level = config.value.as_deref().unwrap_or_default();
            if LEVELS.contains(&level) {
                return Ok(());
            }
            let message = format!(
                "Cannot set the log level of {name} to {level} as it is not a supported log \
                 level. Valid log levels are {}",
                LEVELS.join(", ")
            );
            Err(Refusal::new(ErrorCode::INVALID_CONFIG, message))
        }
        DELETE => {
            exists()?;
            let message = format!("Removing the log level of the {ROOT} logger is not allowed");
            Err(Refusal::request(message))
        }
        APPEND | SUBTRACT => {
            let verb = if config.config_operation == APPEND { "APPEND" } else { "SUBTRACT" };
            let message = format!("{verb} operation is not allowed for the BROKER_LOGGER resource");
            Err(Refusal::request(message))
        }
        unknown => Err(Refusal::request(format!(
            "Unknown operation type {unknown} is not allowed for the BROKER_LOGGER resource"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_checked_in_kafkas_words() {
        let message = |name: &str, config_operation, value: &str| {
            let config = AlterableConfig {
                name: name.into(),
                config_operation,
                value: Some(value.into()),
                ..AlterableConfig::default()
            };
            let refusal = alter("7", 7, &[config], true).err();
            refusal.and_then(|refusal| refusal.message).map(String::from)
        };
        assert_eq!(message("root", SET, "INFO"), None);
        assert_eq!(message("x", SET, "INFO").as_deref(), Some("Logger x does not exist!"));
        let text = "APPEND operation is not allowed for the BROKER_LOGGER resource";
        assert_eq!(message("root", APPEND, "INFO").as_deref(), Some(text));
        let text = "Removing the log level of the root logger is not allowed";
        assert_eq!(message("root", DELETE, "").as_deref(), Some(text));
        let refusal = alter("8", 7, &[], true).err().and_then(|refusal| refusal.message);
        assert_eq!(refusal.as_deref(), Some("Unexpected node id. Expected 7, but received 8"));
    }
}
