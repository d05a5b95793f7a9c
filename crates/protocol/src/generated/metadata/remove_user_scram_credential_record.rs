//! `RemoveUserScramCredentialRecord`: made from `schema/metadata/RemoveUserScramCredentialRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 22, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoveUserScramCredentialRecord {
    pub name: Text,
    pub mechanism: i8,
    pub unknown_tags: UnknownTags,
}

impl RemoveUserScramCredentialRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            mechanism: from.int8("mechanism")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemoveUserScramCredentialRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int8("mechanism", self.mechanism);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoveUserScramCredentialRecord, 0 ..= 0, flexible from 0);
