//! The node's loggers as config resources: their levels are told, and changed while it runs.

use crate::loggers::{Loggers, Name};
use dohle_env::logs::Level;
use dohle_metadata::config::describe::{Described, Source};
use dohle_metadata::controller::Refusal;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::incremental_alter_configs_request::AlterableConfig;

/// The levels that a logger can be given, in Kafka's order.
const LEVELS: [(&str, Level); 6] = [
    ("DEBUG", Level::Debug),
    ("ERROR", Level::Error),
    ("FATAL", Level::Fatal),
    ("INFO", Level::Info),
    ("TRACE", Level::Trace),
    ("WARN", Level::Warn),
];
/// A level that a logger can only be started with.
const OFF: &str = "OFF";

// Operations on a key, as the wire numbers them.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// The loggers with their levels.
pub(super) fn rows(loggers: &Loggers) -> Vec<Described> {
    let row = |(name, level): (&str, Level)| Described {
        name: name.to_owned(),
        value: Some(word(level).to_owned()),
        source: Source::BrokerLogger,
        is_sensitive: false,
        is_read_only: false,
        synonyms: Vec::new(),
        kind: 0,
        doc: "",
    };
    loggers.levels().into_iter().map(row).collect()
}

fn word(level: Level) -> &'static str {
    LEVELS.iter().find(|(_, of)| *of == level).map_or(OFF, |(word, _)| word)
}

/// What becomes of a logger: a level of its own, or none.
pub(super) type Change = (Name, Option<Level>);

/// Makes changes that were found good.
pub(super) fn alter(loggers: &Loggers, changes: &[Change]) {
    // A line as grave as Kafka's, and before the change, which may be that no such lines come.
    for (name, level) in changes {
        let level = level.map_or("that of the logger above", word);
        tracing::warn!(logger = name.as_str(), level, "a logger gets another level");
    }
    loggers.change(changes);
}

/// Checks changes of loggers as Kafka does: all are good, or none is made.
pub(super) fn check(
    own_id: i32,
    resource_name: &str,
    configs: &[AlterableConfig],
) -> Result<Vec<Change>, Refusal> {
    let Ok(id) = resource_name.parse::<i32>() else {
        let message = format!("Node id must be an integer, but it is: {resource_name}");
        return Err(Refusal::request(message));
    };
    if id != own_id {
        let message = format!("Unexpected node id. Expected {own_id}, but received {id}");
        return Err(Refusal::request(message));
    }
    configs.iter().map(check_one).collect()
}

fn check_one(config: &AlterableConfig) -> Result<Change, Refusal> {
    let name = config.name.as_str();
    let known = || {
        let message = format!("Logger {name} does not exist!");
        Name::of(name).ok_or_else(|| Refusal::new(ErrorCode::INVALID_CONFIG, message))
    };
    match config.config_operation {
        SET => {
            let known = known()?;
            let word = config.value.as_deref().unwrap_or_default();
            if let Some((_, level)) = LEVELS.iter().find(|(known, _)| *known == word) {
                return Ok((known, Some(*level)));
            }
            let levels = LEVELS.map(|(word, _)| word).join(", ");
            let message = format!(
                "Cannot set the log level of {name} to {word} as it is not a supported log \
                 level. Valid log levels are {levels}"
            );
            Err(Refusal::new(ErrorCode::INVALID_CONFIG, message))
        }
        DELETE => {
            let known = known()?;
            if known.is_root() {
                let message = format!("Removing the log level of the {name} logger is not allowed");
                return Err(Refusal::request(message));
            }
            Ok((known, None))
        }
        APPEND | SUBTRACT => {
            let verb = if config.config_operation == APPEND { "APPEND" } else { "SUBTRACT" };
            let message = format!("{verb} operation is not allowed for the BROKER_LOGGER resource");
            Err(Refusal::request(message))
        }
        // There Kafka fails, and has no words.
        _ => Err(Refusal::bare(ErrorCode::UNKNOWN_SERVER_ERROR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(id: &str, name: &str, operation: i8, value: &str) -> Result<Vec<Change>, String> {
        let config = AlterableConfig {
            name: name.into(),
            config_operation: operation,
            value: Some(value.into()),
            ..AlterableConfig::default()
        };
        let text = |refusal: Refusal| refusal.message.map_or_else(String::new, String::from);
        check(7, id, &[config]).map_err(text)
    }

    #[test]
    fn changes_are_checked_in_kafkas_words() {
        let refused = |id, name, operation, value| checked(id, name, operation, value).unwrap_err();
        assert_eq!(refused("7", "x", SET, "INFO"), "Logger x does not exist!");
        assert_eq!(refused("7", "x", SET, "LOUD"), "Logger x does not exist!");
        assert_eq!(refused("7", "x", DELETE, ""), "Logger x does not exist!");
        let text = "Cannot set the log level of kafka to info as it is not a supported log level. \
                    Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN";
        assert_eq!(refused("7", "kafka", SET, "info"), text);
        assert!(refused("7", "root", SET, "OFF").contains("not a supported log level"));
        let text = "APPEND operation is not allowed for the BROKER_LOGGER resource";
        assert_eq!(refused("7", "x", APPEND, "INFO"), text);
        let text = "Removing the log level of the root logger is not allowed";
        assert_eq!(refused("7", "root", DELETE, ""), text);
        let text = "Unexpected node id. Expected 7, but received 8";
        assert_eq!(refused("8", "root", SET, "INFO"), text);
        assert_eq!(refused("7", "root", 9, "INFO"), "");
    }

    #[test]
    fn levels_are_those_of_their_words() {
        for (word, level) in LEVELS {
            let name = Name::of("kafka.server.KafkaApis").unwrap();
            let changes = checked("7", name.as_str(), SET, word);
            assert_eq!((changes, super::word(level)), (Ok(vec![(name, Some(level))]), word));
            assert_eq!(checked("7", name.as_str(), DELETE, word), Ok(vec![(name, None)]));
        }
        assert_eq!(word(Level::Off), "OFF");
    }
}
