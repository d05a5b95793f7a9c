//! Clients that print everything they do as JSON, one event a line, so that tests can verify it.

pub(crate) mod consumer;
pub(crate) mod producer;
pub(crate) mod share_consumer;

use crate::arguments::flags::{Flags, Given};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::consumer::Record;
use serde_json::Value;

/// Reads the words; without any, or if they ask for help, that is what is printed.
fn parse(
    flags: &Flags,
    words: &[String],
    console: &mut Console<'_>,
) -> Result<Option<Given>, Failure> {
    let asks = |word: &String| matches!(word.as_str(), "-h" | "--help");
    if words.is_empty() || words.iter().any(asks) {
        flags.show(console)?;
        return Ok(None);
    }
    flags.parse_short_names(words, console)
}

/// Refuses a line without one of these flags.
fn require(
    flags: &Flags,
    given: &Given,
    names: &[&str],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    match names.iter().find(|name| !given.has(name)) {
        Some(name) => Err(flags.wrong(&format!("argument --{name} is required"), console)),
        None => Ok(()),
    }
}

/// A JSON object with its fields in this order; values are JSON already.
fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// A JSON array of JSON.
fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// A JSON string.
fn text(text: impl AsRef<str>) -> String {
    Value::from(text.as_ref()).to_string()
}

/// A JSON string, or null.
fn text_or_null(option: Option<impl AsRef<str>>) -> String {
    option.map_or_else(|| "null".to_owned(), text)
}

/// The line of an event at `timestamp` (milliseconds since 1970).
fn event(timestamp: i64, name: &str, fields: &[(&str, String)]) -> String {
    let head = [("timestamp", timestamp.to_string()), ("name", text(name))];
    object(&[&head[..], fields].concat())
}

/// A record as both kinds of consumers tell of it.
fn data(record: &Record) -> [(&'static str, String); 5] {
    let shown = |part: &Option<bytes::Bytes>| {
        text_or_null(part.as_ref().map(|part| String::from_utf8_lossy(part)))
    };
    [
        ("key", shown(&record.key)),
        ("value", shown(&record.value)),
        ("topic", text(record.topic.as_str())),
        ("partition", record.partition.to_string()),
        ("offset", record.offset.to_string()),
    ]
}

/// Prints the event at once: who reads this waits for it.
fn print(
    session: &Session,
    name: &str,
    fields: &[(&str, String)],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let now = session.client().env().clock.timestamp();
    writeln!(console.out, "{}", event(now, name, fields))?;
    console.out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events() {
        let fields = [
            ("key", text_or_null(None::<&str>)),
            ("value", text("a\"b")),
            ("partitions", array(&[object(&[("topic", text("t")), ("partition", 1.to_string())])])),
        ];
        assert_eq!(
            event(5, "e", &fields),
            "{\"timestamp\":5,\"name\":\"e\",\"key\":null,\"value\":\"a\\\"b\",\
             \"partitions\":[{\"topic\":\"t\",\"partition\":1}]}"
        );
    }
}
