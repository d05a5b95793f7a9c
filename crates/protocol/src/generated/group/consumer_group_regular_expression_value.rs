//! `ConsumerGroupRegularExpressionValue`: made from `schema/group/ConsumerGroupRegularExpressionValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 16, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupRegularExpressionValue {
    pub topics: Vec<Text>,
    pub version: i64,
    pub timestamp: i64,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupRegularExpressionValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| from.text("topics"))?,
            version: from.int64("version")?,
            timestamp: from.int64("timestamp")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupRegularExpressionValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| sink.text("", element));
        sink.int64("version", self.version);
        sink.int64("timestamp", self.timestamp);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ConsumerGroupRegularExpressionValue, 0 ..= 0, flexible from 0);
