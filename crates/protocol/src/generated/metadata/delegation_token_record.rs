//! `DelegationTokenRecord`: made from `schema/metadata/DelegationTokenRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// metadata, key 10, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DelegationTokenRecord {
    pub owner: Text,
    pub requester: Text,
    pub renewers: Vec<Text>,
    pub issue_timestamp: i64,
    pub max_timestamp: i64,
    pub expiration_timestamp: i64,
    pub token_id: Text,
    pub unknown_tags: UnknownTags,
}

impl DelegationTokenRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            owner: from.text("owner")?,
            requester: from.text("requester")?,
            renewers: from.array("renewers", |from| from.text("renewers"))?,
            issue_timestamp: from.int64("issueTimestamp")?,
            max_timestamp: from.int64("maxTimestamp")?,
            expiration_timestamp: from.int64("expirationTimestamp")?,
            token_id: from.text("tokenId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DelegationTokenRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("owner", &self.owner);
        sink.text("requester", &self.requester);
        sink.array("renewers", &self.renewers, |sink, element| sink.text("", element));
        sink.int64("issueTimestamp", self.issue_timestamp);
        sink.int64("maxTimestamp", self.max_timestamp);
        sink.int64("expirationTimestamp", self.expiration_timestamp);
        sink.text("tokenId", &self.token_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DelegationTokenRecord, 0 ..= 0, flexible from 0);
