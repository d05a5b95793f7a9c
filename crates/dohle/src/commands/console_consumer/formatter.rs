//! How a record is printed.

use super::coordinated::Coordinated;
use super::deserializer::Deserializer;
use crate::console::{Console, Failure};
use dohle_client::Properties;
use dohle_client::consumer::Record;
use dohle_protocol::record::TimestampType;
use std::io::Write;

/// Prints records.
pub(in crate::commands) enum Formatter {
    /// Columns, as asked for.
    Columns(Box<Columns>),
    /// Records of a coordinator, decoded.
    Coordinated(Coordinated),
    /// Nothing.
    Nothing,
}

/// The columns of [`Formatter::Columns`].
pub(in crate::commands) struct Columns {
    timestamp: bool,
    key: bool,
    value: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    key_deserializer: Deserializer,
    value_deserializer: Deserializer,
    headers_deserializer: Deserializer,
}

impl Formatter {
    /// The formatter of a Java class, with its settings. Before Kafka 4.0 some were classes within
    /// others (`kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter`).
    pub(in crate::commands) fn new(
        class: &str,
        properties: &Properties,
        console: &mut Console<'_>,
    ) -> Result<Self, Failure> {
        let name = class.rsplit(['.', '$']).next().unwrap_or(class);
        match name {
            "DefaultMessageFormatter" | "LoggingMessageFormatter" => {
                Ok(Self::Columns(Box::new(Columns::new(properties, console)?)))
            }
            "NoOpMessageFormatter" => Ok(Self::Nothing),
            _ => match Coordinated::named(name) {
                Some(formatter) => Ok(Self::Coordinated(formatter)),
                None => Err(Failure::new(format!("{class}: there is no such formatter here"))),
            },
        }
    }

    /// Prints one record, and how often it was delivered where that is known.
    pub(in crate::commands) fn write(
        &self,
        record: &Record,
        delivery: Option<i16>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        match self {
            Self::Columns(columns) => columns.write(record, delivery, out),
            Self::Coordinated(formatter) => formatter.write(record, out),
            Self::Nothing => Ok(()),
        }
    }
}

impl Columns {
    fn new(properties: &Properties, console: &mut Console<'_>) -> Result<Self, Failure> {
        let is_set = |name, default| {
            properties.get(name).map_or(default, |text| text.trim().eq_ignore_ascii_case("true"))
        };
        let text = |name, default: &str| properties.get(name).unwrap_or(default).to_owned();
        let mut deserializer = |name| match properties.get(name) {
            None => Ok(Deserializer::Bytes),
            Some(class) => deserializer(class, console),
        };
        Ok(Self {
            timestamp: is_set("print.timestamp", false),
            key: is_set("print.key", false),
            value: is_set("print.value", true),
            partition: is_set("print.partition", false),
            offset: is_set("print.offset", false),
            delivery: is_set("print.delivery", false),
            epoch: is_set("print.epoch", false),
            headers: is_set("print.headers", false),
            key_separator: text("key.separator", "\t"),
            line_separator: text("line.separator", "\n"),
            headers_separator: text("headers.separator", ","),
            null_literal: text("null.literal", "null"),
            key_deserializer: deserializer("key.deserializer")?,
            value_deserializer: deserializer("value.deserializer")?,
            headers_deserializer: deserializer("headers.deserializer")?,
        })
    }

    fn write(
        &self,
        record: &Record,
        delivery: Option<i16>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut has_begun = false;
        let mut next = |out: &mut dyn Write| match std::mem::replace(&mut has_begun, true) {
            true => out.write_all(self.key_separator.as_bytes()),
            false => Ok(()),
        };
        if self.timestamp {
            next(out)?;
            match record.timestamp_type {
                Some(TimestampType::CreateTime) => write!(out, "CreateTime:{}", record.timestamp)?,
                Some(TimestampType::LogAppendTime) => {
                    write!(out, "LogAppendTime:{}", record.timestamp)?;
                }
                None => out.write_all(b"NO_TIMESTAMP")?,
            }
        }
        if self.partition {
            next(out)?;
            write!(out, "Partition:{}", record.partition)?;
        }
        if self.offset {
            next(out)?;
            write!(out, "Offset:{}", record.offset)?;
        }
        if self.delivery {
            next(out)?;
            write_known(out, "Delivery", delivery)?;
        }
        if self.epoch {
            next(out)?;
            write_known(out, "Epoch", Some(record.leader_epoch).filter(|epoch| *epoch >= 0))?;
        }
        if self.headers {
            next(out)?;
            self.write_headers(record, out)?;
        }
        if self.key {
            next(out)?;
            self.write_bytes(self.key_deserializer, record.key.as_deref(), out)?;
        }
        if self.value {
            next(out)?;
            self.write_bytes(self.value_deserializer, record.value.as_deref(), out)?;
        }
        if has_begun {
            out.write_all(self.line_separator.as_bytes())?;
        }
        Ok(())
    }

    fn write_headers(&self, record: &Record, out: &mut dyn Write) -> Result<(), Failure> {
        if record.headers.is_empty() {
            out.write_all(b"NO_HEADERS")?;
        }
        for (index, (key, value)) in record.headers.iter().enumerate() {
            if index > 0 {
                out.write_all(self.headers_separator.as_bytes())?;
            }
            out.write_all(key)?;
            out.write_all(b":")?;
            self.write_bytes(self.headers_deserializer, value.as_deref(), out)?;
        }
        Ok(())
    }

    fn write_bytes(
        &self,
        deserializer: Deserializer,
        bytes: Option<&[u8]>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let read = deserializer.read(bytes.unwrap_or(self.null_literal.as_bytes()));
        out.write_all(&read.map_err(Failure::new)?)?;
        Ok(())
    }
}

/// A number that only some records have.
fn write_known(
    out: &mut dyn Write,
    name: &str,
    number: Option<impl std::fmt::Display>,
) -> std::io::Result<()> {
    match number {
        Some(number) => write!(out, "{name}:{number}"),
        None => write!(out, "{name}:NOT_PRESENT"),
    }
}

/// The deserializer of this class. As in Kafka, one that is not there is told of, and bytes are printed as they are.
fn deserializer(class: &str, console: &mut Console<'_>) -> std::io::Result<Deserializer> {
    if let Some(deserializer) = Deserializer::of_class(class) {
        return Ok(deserializer);
    }
    writeln!(
        console.err,
        "ERROR Unable to instantiate a deserializer from {class}: there is no such deserializer here"
    )?;
    Ok(Deserializer::Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatter(class: &str, settings: &[(&str, &str)]) -> (Option<Formatter>, String) {
        let mut properties = Properties::default();
        for (name, value) in settings {
            properties.set(*name, *value);
        }
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let formatter = Formatter::new(class, &properties, &mut Console::new(&mut out, &mut err));
        (formatter.ok(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn classes_of_old_are_known() {
        for (class, is_known) in [
            ("kafka.tools.DefaultMessageFormatter", true),
            ("kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter", true),
            ("kafka.coordinator.transaction.TransactionLog$TransactionLogMessageFormatter", true),
            ("org.apache.kafka.tools.consumer.group.share.ShareGroupStateMessageFormatter", true),
            ("a.Nope", false),
        ] {
            assert_eq!(formatter(class, &[]).0.is_some(), is_known, "{class}");
        }
    }

    #[test]
    fn a_deserializer_that_is_not_there_is_told_of() {
        let (formatter, told) =
            formatter("DefaultMessageFormatter", &[("key.deserializer", "a.Nope")]);
        assert!(formatter.is_some());
        assert!(
            told.starts_with("ERROR Unable to instantiate a deserializer from a.Nope"),
            "{told}"
        );
    }
}
