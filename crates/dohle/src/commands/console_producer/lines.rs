//! A record of a line: `headers<TAB>key<TAB>value`, as far as it is told to look for each.

use crate::console::Failure;
use bytes::Bytes;
use dohle_client::Properties;
use dohle_client::producer::Record;

/// Reads records of lines.
pub(super) struct LineReader {
    topic: String,
    parse_key: bool,
    key_separator: String,
    parse_headers: bool,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    ignore_error: bool,
    null_marker: Option<String>,
    line_number: u64,
}

impl LineReader {
    /// A reader of lines for `topic`, by Kafka's names of properties.
    pub(super) fn new(topic: String, properties: &Properties) -> Result<Self, Failure> {
        let is_set = |name| {
            properties.get(name).is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
        };
        let text = |name, default: &str| properties.get(name).unwrap_or(default).to_owned();
        let reader = Self {
            topic,
            parse_key: is_set("parse.key"),
            key_separator: text("key.separator", "\t"),
            parse_headers: is_set("parse.headers"),
            headers_delimiter: text("headers.delimiter", "\t"),
            headers_separator: text("headers.separator", ","),
            headers_key_separator: text("headers.key.separator", ":"),
            ignore_error: is_set("ignore.error"),
            null_marker: properties.get("null.marker").map(str::to_owned),
            line_number: 0,
        };
        let names = [
            ("headers.delimiter", &reader.headers_delimiter),
            ("headers.separator", &reader.headers_separator),
            ("headers.key.separator", &reader.headers_key_separator),
        ];
        for (index, (name, text)) in names.iter().enumerate() {
            for (other_name, other) in &names[index + 1..] {
                if text == other {
                    return Err(equal(name, other_name));
                }
            }
        }
        let names = [("key.separator", &reader.key_separator)].into_iter().chain(names);
        for (name, text) in names {
            if reader.null_marker.as_ref() == Some(text) {
                return Err(equal("null.marker", name));
            }
        }
        Ok(reader)
    }

    /// The record of the next line.
    pub(super) fn record(&mut self, line: &str) -> Result<Record, Failure> {
        self.line_number += 1;
        let headers = match self.parse_headers {
            true => self.part(line, line, &self.headers_delimiter, "headers delimiter")?,
            false => None,
        };
        let rest =
            headers.map_or(line, |headers| &line[headers.len() + self.headers_delimiter.len()..]);
        let key = match self.parse_key {
            true => self.part(line, rest, &self.key_separator, "key separator")?,
            false => None,
        };
        let value = key.map_or(rest, |key| &rest[key.len() + self.key_separator.len()..]);
        let mut record = Record {
            topic: self.topic.as_str().into(),
            key: key.and_then(|key| self.bytes(key)),
            value: self.bytes(value),
            ..Record::default()
        };
        if let Some(headers) =
            headers.filter(|headers| self.null_marker.as_deref() != Some(headers))
        {
            record.headers = self.headers(headers)?;
        }
        Ok(record)
    }

    /// What stands before `end` in `rest`; none where errors do not count.
    fn part<'l>(
        &self,
        line: &str,
        rest: &'l str,
        end: &str,
        name: &str,
    ) -> Result<Option<&'l str>, Failure> {
        match rest.find(end) {
            Some(index) => Ok(Some(&rest[..index])),
            None if self.ignore_error => Ok(None),
            None => Err(Failure::new(format!(
                "org.apache.kafka.common.KafkaException: No {name} found on line number {}: \
                 '{line}'",
                self.line_number
            ))),
        }
    }

    fn headers(&self, headers: &str) -> Result<Vec<(Bytes, Option<Bytes>)>, Failure> {
        let mut found = Vec::new();
        for pair in headers.split(self.headers_separator.as_str()) {
            let Some((key, value)) = pair.split_once(self.headers_key_separator.as_str()) else {
                if self.ignore_error {
                    found.push((Bytes::copy_from_slice(pair.as_bytes()), None));
                    continue;
                }
                return Err(Failure::new(format!(
                    "org.apache.kafka.common.KafkaException: No header key separator found in \
                     pair '{pair}' on line number {}",
                    self.line_number
                )));
            };
            if self.null_marker.as_deref() == Some(key) {
                return Err(Failure::new(format!(
                    "org.apache.kafka.common.KafkaException: Header keys should not be equal to \
                     the null marker '{key}' as they can't be null"
                )));
            }
            found.push((Bytes::copy_from_slice(key.as_bytes()), self.bytes(value)));
        }
        Ok(found)
    }

    fn bytes(&self, text: &str) -> Option<Bytes> {
        let is_null = self.null_marker.as_deref() == Some(text);
        (!is_null).then(|| Bytes::copy_from_slice(text.as_bytes()))
    }
}

fn equal(one: &str, other: &str) -> Failure {
    Failure::new(format!(
        "org.apache.kafka.common.KafkaException: {one} and {other} may not be equal"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(properties: &[(&str, &str)], line: &str) -> Result<String, String> {
        let mut found = Properties::default();
        for (name, value) in properties {
            found.set(*name, *value);
        }
        let told = |failure| match failure {
            Failure::Message(text) | Failure::Misuse(text) => text,
            Failure::Exit(_) | Failure::Output(_) => format!("{failure:?}"),
        };
        let mut reader = LineReader::new("t".into(), &found).map_err(told)?;
        let record = reader.record(line).map_err(told)?;
        Ok(format!("{:?} {:?} {:?}", record.headers, record.key, record.value))
    }

    #[test]
    fn lines() {
        let key = [("parse.key", "true"), ("key.separator", ":")];
        assert_eq!(read(&[], "a\tb").unwrap(), r#"[] None Some(b"a\tb")"#);
        assert_eq!(read(&key, "k:v:w").unwrap(), r#"[] Some(b"k") Some(b"v:w")"#);
        assert!(
            read(&key, "kv")
                .unwrap_err()
                .ends_with("No key separator found on line number 1: 'kv'")
        );
        let ignore = [("parse.key", "true"), ("ignore.error", "true")];
        assert_eq!(read(&ignore, "kv").unwrap(), r#"[] None Some(b"kv")"#);
        let all = [("parse.key", "true"), ("parse.headers", "true"), ("null.marker", "NULL")];
        assert_eq!(
            read(&all, "h:1,g:NULL\tk\tNULL").unwrap(),
            r#"[(b"h", Some(b"1")), (b"g", None)] Some(b"k") None"#
        );
        assert_eq!(read(&all, "NULL\tNULL\tv").unwrap(), r#"[] None Some(b"v")"#);
        assert!(read(&all, "h\tk\tv").unwrap_err().contains("No header key separator"));
        let same = [("headers.separator", ":")];
        assert!(read(&same, "x").unwrap_err().contains("may not be equal"));
    }
}
