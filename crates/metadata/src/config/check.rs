//! What a value must satisfy beyond its type, and Kafka's sentence when it does not.

use super::error::ConfigError;
use super::value::Value;

/// A check of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// None.
    Any,
    /// A number not below this.
    AtLeast(i64),
    /// A number in this range, ends included.
    Between(i64, i64),
    /// A floating point number in this range, ends included.
    BetweenReals(f64, f64),
    /// -1 or 1 to 9.
    GzipLevel,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list without empty parts; what it has twice is read once.
    List {
        /// Whether it may have no parts.
        empty: bool,
        /// Whether it may be missing.
        null: bool,
        /// The allowed parts; if there are none, all are.
        of: &'static [&'static str],
    },
    /// Not null.
    NotNull,
    /// Not the empty text; null is fine.
    NotEmpty,
    /// `*`, or partition:broker each.
    ThrottledReplicas,
    /// id@host:port each.
    QuorumVoters,
    /// host:port each.
    BootstrapServers,
    /// `latest`, `earliest` or `by_duration:` and an ISO-8601 duration.
    ShareOffsetReset,
}

impl Check {
    /// Whether a list with this check has each part once.
    pub(super) fn is_distinct(&self) -> bool {
        matches!(self, Self::List { .. })
    }

    /// Checks a key's value.
    pub fn apply(&self, key: &str, value: &Value) -> Result<(), ConfigError> {
        match *self {
            Self::Any => Ok(()),
            Self::AtLeast(least) => in_range(key, value, Some(least as f64), None),
            Self::Between(least, most) => {
                in_range(key, value, Some(least as f64), Some(most as f64))
            }
            Self::BetweenReals(least, most) => in_range(key, value, Some(least), Some(most)),
            Self::GzipLevel => match value.integer() {
                -1 | 1..=9 => Ok(()),
                _ => Err(ConfigError::value(
                    key,
                    value,
                    "Value must be between 1 and 9 or equal to -1",
                )),
            },
            Self::OneOf(these) => one_of(key, value.text().unwrap_or("null"), these),
            Self::OneOfAnyCase(these) => {
                let text = value.text().unwrap_or("null");
                if these.iter().any(|this| this.eq_ignore_ascii_case(text)) {
                    return Ok(());
                }
                let why = format!("String must be one of (case insensitive): {}", these.join(", "));
                Err(ConfigError::value(key, text, why))
            }
            Self::List { empty, null, of } => list(key, value.list(), empty, null, of),
            Self::NotNull if *value == Value::Null => {
                Err(ConfigError::value(key, "null", "entry must be non null"))
            }
            Self::NotEmpty if value.text() == Some("") => {
                Err(ConfigError::value(key, "", "String must be non-empty"))
            }
            Self::NotNull | Self::NotEmpty => Ok(()),
            Self::ThrottledReplicas => throttled_replicas(key, value),
            Self::QuorumVoters => value
                .list()
                .unwrap_or_default()
                .iter()
                .try_for_each(|entry| super::endpoint::Voter::parse(entry).map(|_| ())),
            Self::BootstrapServers => value
                .list()
                .unwrap_or_default()
                .iter()
                .try_for_each(|entry| super::endpoint::bootstrap_server(entry).map(|_| ())),
            Self::ShareOffsetReset => share_offset_reset(key, value.text().unwrap_or("null")),
        }
    }
}

fn in_range(
    key: &str,
    value: &Value,
    least: Option<f64>,
    most: Option<f64>,
) -> Result<(), ConfigError> {
    let number = match value {
        Value::Integer(value) => *value as f64,
        Value::Real(value) => *value,
        Value::Null | Value::Boolean(_) | Value::Text(_) | Value::List(_) => {
            return Err(ConfigError::value(key, "null", "Value must be non-null"));
        }
    };
    if let Some(least) = least.filter(|least| number < *least) {
        return Err(ConfigError::value(key, value, format_args!("Value must be at least {least}")));
    }
    if let Some(most) = most.filter(|most| number > *most) {
        let why = format_args!("Value must be no more than {most}");
        return Err(ConfigError::value(key, value, why));
    }
    Ok(())
}

fn one_of(key: &str, text: &str, these: &[&str]) -> Result<(), ConfigError> {
    if these.contains(&text) {
        return Ok(());
    }
    let why = format!("String must be one of: {}", these.join(", "));
    Err(ConfigError::value(key, text, why))
}

fn list(
    key: &str,
    parts: Option<&[String]>,
    empty: bool,
    null: bool,
    of: &[&str],
) -> Result<(), ConfigError> {
    let Some(parts) = parts else {
        return if null {
            Ok(())
        } else {
            Err(ConfigError::new(format!("Configuration '{key}' values must not be null.")))
        };
    };
    if !empty && parts.is_empty() {
        let allowed = match of {
            [] => "any non-empty value".to_owned(),
            of => format!("[{}]", of.join(", ")),
        };
        let message =
            format!("Configuration '{key}' must not be empty. Valid values include: {allowed}");
        return Err(ConfigError::new(message));
    }
    for part in parts {
        if part.is_empty() {
            let message = format!("Configuration '{key}' values must not be empty.");
            return Err(ConfigError::new(message));
        }
        if !of.is_empty() {
            one_of(key, part, of)?;
        }
    }
    Ok(())
}

fn throttled_replicas(key: &str, value: &Value) -> Result<(), ConfigError> {
    let parts = value.list().unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_replica = |part: &String| match part.trim().split_once(':') {
        Some((partition, broker)) => is_number(partition) && is_number(broker),
        None => part.trim().is_empty(),
    };
    if parts.iter().all(is_replica) || parts.concat().trim() == "*" {
        return Ok(());
    }
    let why = format!(
        "{key} must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    );
    Err(ConfigError::value(key, value, why))
}

fn share_offset_reset(key: &str, text: &str) -> Result<(), ConfigError> {
    let is_good = match text.split_once(':') {
        None => matches!(text, "latest" | "earliest"),
        Some(("by_duration", duration)) => is_duration(duration),
        Some(_) => false,
    };
    if is_good {
        return Ok(());
    }
    let why = format!(
        "Invalid value `{text}` for configuration {key}. The value must be either 'earliest', \
         'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    );
    Err(ConfigError::value(key, text, why))
}

/// `PnDTnHnMnS` with at least one part, none negative, the seconds perhaps with a fraction.
fn is_duration(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return false,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    let mut parts = 0;
    for (text, units) in [(days, "D"), (time, "HMS")] {
        let (mut units, mut number) = (units, String::new());
        for c in text.chars() {
            if c.is_ascii_digit() || (c == '.' && !number.is_empty() && !number.contains('.')) {
                number.push(c);
                continue;
            }
            let Some(at) = units.find(c) else { return false };
            if number.is_empty() || (number.contains('.') && c != 'S') {
                return false;
            }
            units = &units[at + 1..];
            number.clear();
            parts += 1;
        }
        if !number.is_empty() {
            return false;
        }
    }
    parts > 0
}
