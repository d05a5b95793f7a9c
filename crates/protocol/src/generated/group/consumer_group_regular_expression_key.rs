//! `ConsumerGroupRegularExpressionKey`: made from `schema/group/ConsumerGroupRegularExpressionKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 16, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupRegularExpressionKey {
    pub group_id: Text,
    pub regular_expression: Text,
}

impl ConsumerGroupRegularExpressionKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            regular_expression: from.text("regularExpression")?,
        })
    }
}

impl Put for ConsumerGroupRegularExpressionKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("regularExpression", &self.regular_expression);
        sink.close();
    }
}

message!(ConsumerGroupRegularExpressionKey, 0 ..= 0, flexible from i16::MAX);
