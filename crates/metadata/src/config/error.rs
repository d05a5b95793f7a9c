//! Why a config is refused.

use std::fmt;

/// A refused config: a sentence with the key, the value and what is allowed, as Kafka words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What the user reads.
    pub message: String,
    /// True if Kafka blames the request (INVALID_REQUEST), not the config (INVALID_CONFIG).
    pub is_bad_request: bool,
}

impl ConfigError {
    /// A refusal in these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_bad_request: false }
    }

    /// A refusal of the request that brought the config.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_bad_request: true }
    }

    /// A refusal of a key's value; `why` may be empty.
    pub fn value(key: &str, value: impl fmt::Display, why: impl fmt::Display) -> Self {
        let why = why.to_string();
        let colon = if why.is_empty() { "" } else { ": " };
        Self::new(format!("Invalid value {value} for configuration {key}{colon}{why}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
