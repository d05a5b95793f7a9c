//! `UserScramCredentialRecord`: made from `schema/metadata/UserScramCredentialRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// metadata, key 11, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserScramCredentialRecord {
    pub name: Text,
    pub mechanism: i8,
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
    pub unknown_tags: UnknownTags,
}

impl UserScramCredentialRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            mechanism: from.int8("mechanism")?,
            salt: from.bytes("salt")?,
            stored_key: from.bytes("storedKey")?,
            server_key: from.bytes("serverKey")?,
            iterations: from.int32("iterations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UserScramCredentialRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int8("mechanism", self.mechanism);
        sink.bytes("salt", &self.salt);
        sink.bytes("storedKey", &self.stored_key);
        sink.bytes("serverKey", &self.server_key);
        sink.int32("iterations", self.iterations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UserScramCredentialRecord, 0 ..= 0, flexible from 0);
