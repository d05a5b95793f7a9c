//! Where the fields of a message go: the one description of a message serves all its outputs.

use bytes::Bytes;

use super::{Records, Text, UnknownTags};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;

/// A struct of a message that can say its fields to a sink.
pub(crate) trait Put {
    /// Says the fields that `version` has, as the value of the field `name` (empty: an element
    /// of an array, or the message itself).
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16);
}

/// Takes the fields of a message in the order of its schema.
///
/// `name` is the field's name in Kafka's JSON; empty for elements of arrays.
pub(crate) trait Sink {
    /// Whether tagged fields come in their place, named (JSON), or in the tag section at the end.
    const NAMED: bool;

    fn is_flexible(&self) -> bool;

    fn bool(&mut self, name: &'static str, value: bool);
    fn int8(&mut self, name: &'static str, value: i8);
    fn int16(&mut self, name: &'static str, value: i16);
    fn uint16(&mut self, name: &'static str, value: u16);
    fn int32(&mut self, name: &'static str, value: i32);
    fn uint32(&mut self, name: &'static str, value: u32);
    fn int64(&mut self, name: &'static str, value: i64);
    fn float64(&mut self, name: &'static str, value: f64);
    fn uuid(&mut self, name: &'static str, value: &Uuid);
    fn text_nullable(&mut self, name: &'static str, value: Option<&Text>);
    /// A string whose length is an int16 in flexible versions too.
    fn text_inflexible_nullable(&mut self, name: &'static str, value: Option<&Text>);
    fn bytes_nullable(&mut self, name: &'static str, value: Option<&Bytes>);
    fn records_nullable(&mut self, name: &'static str, value: Option<&Records>);

    #[inline]
    fn error_code(&mut self, name: &'static str, value: ErrorCode) {
        self.int16(name, value.0);
    }

    fn text(&mut self, name: &'static str, value: &Text) {
        self.text_nullable(name, Some(value));
    }

    fn bytes(&mut self, name: &'static str, value: &Bytes) {
        self.bytes_nullable(name, Some(value));
    }

    fn records(&mut self, name: &'static str, value: &Records) {
        self.records_nullable(name, Some(value));
    }

    /// A string that the message has as null and the version cannot: the empty one.
    fn text_or_empty(&mut self, name: &'static str, value: Option<&Text>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.text(name, &Text::default()),
        }
    }

    /// The same for records.
    fn records_or_empty(&mut self, name: &'static str, value: Option<&Records>) {
        match value {
            Some(value) => self.records(name, value),
            None => self.records(name, &Records::default()),
        }
    }

    /// What comes before the elements of an array; `None` is null.
    fn open_array(&mut self, name: &'static str, count: Option<usize>);
    fn close_array(&mut self);

    fn array<T>(&mut self, name: &'static str, elements: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.open_array(name, Some(elements.len()));
        for element in elements {
            put(self, element);
        }
        self.close_array();
    }

    fn array_nullable<T>(
        &mut self,
        name: &'static str,
        elements: Option<&Vec<T>>,
        put: impl FnMut(&mut Self, &T),
    ) {
        match elements {
            Some(elements) => self.array(name, elements, put),
            None => self.open_array(name, None),
        }
    }

    /// What comes before and after the fields of a struct.
    fn open(&mut self, name: &'static str);
    fn close(&mut self);

    /// What comes before a struct that may be null, or stands for the null.
    fn presence(&mut self, name: &'static str, present: bool);
    /// The same where the struct is a tagged field.
    fn presence_tagged(&mut self, name: &'static str, present: bool);

    fn nullable<T: Put>(&mut self, name: &'static str, value: Option<&T>, version: i16)
    where
        Self: Sized,
    {
        self.presence(name, value.is_some());
        if let Some(value) = value {
            value.put(self, name, version);
        }
    }

    fn nullable_tagged<T: Put>(&mut self, name: &'static str, value: Option<&T>, version: i16)
    where
        Self: Sized,
    {
        self.presence_tagged(name, value.is_some());
        if let Some(value) = value {
            value.put(self, name, version);
        }
    }

    /// How many tagged fields the struct ends with.
    fn tag_count(&mut self, count: usize);
    /// What comes before the value of a tagged field.
    fn tag(&mut self, tag: u32, size_bytes: usize);
    /// Bytes as they are: the value of an unknown tagged field.
    fn raw(&mut self, bytes: &Bytes);

    /// The tag section of a struct that has no tagged fields of its own.
    fn unknown_tags(&mut self, tags: &UnknownTags) {
        if self.is_flexible() {
            let tags = tags.as_slice();
            self.tag_count(tags.len());
            self.unknown_tags_between(tags, 0, u32::MAX);
        }
    }

    /// The unknown tagged fields with numbers from `first` to `last`.
    fn unknown_tags_between(&mut self, tags: &[(u32, Bytes)], first: u32, last: u32) {
        for (tag, data) in tags.iter().filter(|(tag, _)| (first..=last).contains(tag)) {
            self.tag(*tag, data.len());
            self.raw(data);
        }
    }
}

/// A tagged field: measured first, since its size comes before it.
macro_rules! tagged {
    ($sink:ident, $tag:expr, $put:expr) => {{
        let size_bytes = {
            let mut size = $crate::wire::Size::flexible();
            let $sink = &mut size;
            $put;
            size.total()
        };
        $sink.tag($tag, size_bytes);
        $put;
    }};
}
pub(crate) use tagged;
