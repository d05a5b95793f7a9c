//! `RemoveDelegationTokenRecord`: made from `schema/metadata/RemoveDelegationTokenRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 26, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoveDelegationTokenRecord {
    pub token_id: Text,
    pub unknown_tags: UnknownTags,
}

impl RemoveDelegationTokenRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { token_id: from.text("tokenId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for RemoveDelegationTokenRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("tokenId", &self.token_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoveDelegationTokenRecord, 0 ..= 0, flexible from 0);
