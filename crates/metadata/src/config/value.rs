//! Values of configs: from text to type and back, as Kafka reads and prints them.

use std::collections::BTreeSet;
use std::fmt;

use super::error::ConfigError;
use super::keys::row::{Default, Key, Kind};

/// A typed value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A BOOLEAN.
    Boolean(bool),
    /// An INT, SHORT or LONG; it lies in its type's range.
    Integer(i64),
    /// A DOUBLE.
    Real(f64),
    /// A STRING, CLASS or PASSWORD.
    Text(String),
    /// A LIST.
    List(Vec<String>),
}

impl Key {
    /// Reads and checks a value.
    pub fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let value = self.read(text)?;
        self.check.apply(self.name, &value)?;
        Ok(value)
    }

    /// Whether this is a list that has something twice, which is read once.
    pub fn repeats(&self, text: &str) -> bool {
        let parts = split_list(trimmed(text));
        let count = parts.len();
        self.kind == Kind::List && self.check.is_distinct() && distinct(parts).len() < count
    }

    /// The value where nothing is set; a required key has none.
    pub fn default_value(&self) -> Value {
        match self.default {
            Default::Required | Default::Null => Value::Null,
            // A test reads every default of every table.
            Default::Text(text) => self.read(text).unwrap_or(Value::Null),
        }
    }

    fn read(&self, text: &str) -> Result<Value, ConfigError> {
        let trimmed = trimmed(text);
        let wrong = || {
            ConfigError::value(
                self.name,
                text,
                format_args!("Not a number of type {}", self.kind.name()),
            )
        };
        let value = match self.kind {
            Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Kind::Boolean => {
                let why = "Expected value to be either true or false";
                return Err(ConfigError::value(self.name, text, why));
            }
            Kind::String | Kind::Class | Kind::Password => Value::Text(trimmed.to_owned()),
            Kind::Short => Value::Integer(trimmed.parse::<i16>().map_err(|_| wrong())?.into()),
            Kind::Int => Value::Integer(trimmed.parse::<i32>().map_err(|_| wrong())?.into()),
            Kind::Long => Value::Integer(trimmed.parse::<i64>().map_err(|_| wrong())?),
            Kind::Double => Value::Real(read_real(trimmed).ok_or_else(wrong)?),
            Kind::List if trimmed.is_empty() => Value::List(Vec::new()),
            Kind::List if self.check.is_distinct() => Value::List(distinct(split_list(trimmed))),
            Kind::List => Value::List(split_list(trimmed)),
        };
        Ok(value)
    }
}

/// Java's trim: everything up to the space goes.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// Each part once, where it was first: such a list loses what it has twice (KIP-1161).
fn distinct(parts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    parts.into_iter().filter(|part| seen.insert(part.clone())).collect()
}

/// Splits at commas; white space around them belongs to them.
fn split_list(text: &str) -> Vec<String> {
    let mut parts: Vec<&str> = text.split(',').collect();
    let last = parts.len() - 1;
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            *part = part.trim_start();
        }
        if index < last {
            *part = part.trim_end();
        }
    }
    parts.into_iter().map(str::to_owned).collect()
}

fn read_real(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    // Rust also takes "inf" and "nan" in any case; Java these two words only.
    if unsigned == "NaN" || unsigned == "Infinity" {
        return text.parse().ok();
    }
    let digits = unsigned.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(unsigned);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    is_number.then(|| text.trim_end_matches(['d', 'D', 'f', 'F']).parse().ok()).flatten()
}

impl Value {
    /// The text that DescribeConfigs shows; `None` for no value.
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::List(parts) => Some(parts.join(",")),
            Self::Boolean(_) | Self::Integer(_) | Self::Real(_) | Self::Text(_) => {
                Some(self.to_string())
            }
        }
    }

    /// True if it is a true BOOLEAN.
    pub fn is_true(&self) -> bool {
        *self == Self::Boolean(true)
    }

    /// The number, 0 for what is none.
    pub fn integer(&self) -> i64 {
        match self {
            Self::Integer(value) => *value,
            Self::Null | Self::Boolean(_) | Self::Real(_) | Self::Text(_) | Self::List(_) => 0,
        }
    }

    /// The number, 0 for what is none.
    pub fn real(&self) -> f64 {
        match self {
            Self::Real(value) => *value,
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Text(_) | Self::List(_) => 0.0,
        }
    }

    /// The text, `None` for what is none.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Real(_) | Self::List(_) => {
                None
            }
        }
    }

    /// The parts of a list, `None` for what is none.
    pub fn list(&self) -> Option<&[String]> {
        match self {
            Self::List(parts) => Some(parts),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Real(_) | Self::Text(_) => {
                None
            }
        }
    }
}

/// As Java prints the object, which is what Kafka's messages show.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Real(value) => f.write_str(&java_real(*value)),
            Self::Text(value) => f.write_str(value),
            Self::List(parts) => write!(f, "[{}]", parts.join(", ")),
        }
    }
}

/// A double as Java prints it: plain from a thousandth to ten million, else with an exponent.
fn java_real(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = value.abs();
    let (digits, exponent) = if size == 0.0 || (1e-3..1e7).contains(&size) {
        (format!("{value}"), None)
    } else {
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, exponent)) => (digits.to_owned(), Some(exponent.to_owned())),
            None => (text, None),
        }
    };
    let point = if digits.contains('.') { "" } else { ".0" };
    match exponent {
        Some(exponent) => format!("{digits}{point}E{exponent}"),
        None => format!("{digits}{point}"),
    }
}
