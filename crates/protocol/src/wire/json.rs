//! Messages as the JSON that Kafka's own converters give: compact, fields in schema order.

use std::fmt::Write;

use bytes::Bytes;

use super::{Records, Sink, Text, java_double};
use crate::ids::{Uuid, write_base64};

/// Collects the JSON of one message.
///
/// Tagged fields stand in their schema's place, and only when they are not their default; unknown
/// tagged fields are not shown; records are base64.
#[derive(Debug, Default)]
pub struct JsonWriter {
    text: String,
    flexible: bool,
    follows: bool,
}

impl JsonWriter {
    /// Nothing written yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The JSON.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    pub(crate) const fn begin(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    fn name(&mut self, name: &'static str) {
        if self.follows {
            self.text.push(',');
        }
        self.follows = true;
        if !name.is_empty() {
            self.string(name);
            self.text.push(':');
        }
    }

    fn display(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.name(name);
        let _ = write!(self.text, "{value}");
    }

    fn null(&mut self, name: &'static str) {
        self.name(name);
        self.text.push_str("null");
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                control if control < ' ' => {
                    let _ = write!(self.text, "\\u{:04X}", u32::from(control));
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    fn base64(&mut self, name: &'static str, bytes: Option<&Bytes>) {
        let Some(bytes) = bytes else { return self.null(name) };
        self.name(name);
        self.text.push('"');
        write_base64(bytes, &mut self.text);
        self.text.push('"');
    }
}

impl Sink for JsonWriter {
    const NAMED: bool = true;

    fn is_flexible(&self) -> bool {
        self.flexible
    }

    fn bool(&mut self, name: &'static str, value: bool) {
        self.display(name, value);
    }

    fn int8(&mut self, name: &'static str, value: i8) {
        self.int64(name, i64::from(value));
    }

    fn int16(&mut self, name: &'static str, value: i16) {
        self.int64(name, i64::from(value));
    }

    fn uint16(&mut self, name: &'static str, value: u16) {
        self.int64(name, i64::from(value));
    }

    fn int32(&mut self, name: &'static str, value: i32) {
        self.int64(name, i64::from(value));
    }

    fn uint32(&mut self, name: &'static str, value: u32) {
        self.int64(name, i64::from(value));
    }

    fn int64(&mut self, name: &'static str, value: i64) {
        self.display(name, value);
    }

    fn float64(&mut self, name: &'static str, value: f64) {
        let text = java_double(value);
        // Of JSON's numbers these are none.
        if value.is_finite() {
            self.display(name, text);
        } else {
            self.display(name, format_args!("\"{text}\""));
        }
    }

    fn uuid(&mut self, name: &'static str, value: &Uuid) {
        self.display(name, format_args!("\"{value}\""));
    }

    fn text_nullable(&mut self, name: &'static str, value: Option<&Text>) {
        let Some(text) = value else { return self.null(name) };
        self.name(name);
        self.string(text);
    }

    fn text_inflexible_nullable(&mut self, name: &'static str, value: Option<&Text>) {
        self.text_nullable(name, value);
    }

    fn bytes_nullable(&mut self, name: &'static str, value: Option<&Bytes>) {
        self.base64(name, value);
    }

    fn records_nullable(&mut self, name: &'static str, value: Option<&Records>) {
        match value {
            None => self.null(name),
            Some(Records::Bytes(bytes)) => self.base64(name, Some(bytes)),
            Some(Records::Elsewhere { size_bytes, .. }) => {
                self.display(name, format_args!("\"{size_bytes} bytes elsewhere\""));
            }
        }
    }

    fn open_array(&mut self, name: &'static str, count: Option<usize>) {
        if count.is_none() {
            return self.null(name);
        }
        self.name(name);
        self.text.push('[');
        self.follows = false;
    }

    fn close_array(&mut self) {
        self.text.push(']');
        self.follows = true;
    }

    fn open(&mut self, name: &'static str) {
        self.name(name);
        self.text.push('{');
        self.follows = false;
    }

    fn close(&mut self) {
        self.text.push('}');
        self.follows = true;
    }

    fn presence(&mut self, name: &'static str, present: bool) {
        if !present {
            self.null(name);
        }
    }

    fn presence_tagged(&mut self, name: &'static str, present: bool) {
        self.presence(name, present);
    }

    fn tag_count(&mut self, _: usize) {}

    fn tag(&mut self, _: u32, _: usize) {}

    fn raw(&mut self, _: &Bytes) {}
}

#[cfg(test)]
mod tests {
    use super::JsonWriter;
    use crate::wire::Sink;

    #[test]
    fn what_is_no_number_of_json_is_a_string() {
        for (value, expected) in [
            (1e7, "{\"n\":1.0E7}"),
            (f64::NAN, "{\"n\":\"NaN\"}"),
            (f64::NEG_INFINITY, "{\"n\":\"-Infinity\"}"),
        ] {
            let mut json = JsonWriter::new();
            json.open("");
            json.float64("n", value);
            json.close();
            assert!(json.finish().ends_with(expected), "{expected}");
        }
    }
}
