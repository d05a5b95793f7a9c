//! `ControlRecordTypeSchema`: made from `schema/data/ControlRecordTypeSchema.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlRecordTypeSchema {
    pub r#type: i16,
}

impl ControlRecordTypeSchema {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { r#type: from.int16("type")? })
    }
}

impl Put for ControlRecordTypeSchema {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("type", self.r#type);
        sink.close();
    }
}

message!(ControlRecordTypeSchema, 0 ..= 0, flexible from i16::MAX);
