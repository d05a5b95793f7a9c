//! `EndTxnRequest`: made from `schema/api/EndTxnRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 26, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndTxnRequest {
    pub transactional_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub committed: bool,
    pub unknown_tags: UnknownTags,
}

impl EndTxnRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            committed: from.bool("committed")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EndTxnRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        sink.bool("committed", self.committed);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EndTxnRequest, 0 ..= 5, flexible from 3);
impl crate::wire::Request for EndTxnRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::EndTxn;
    type Response = super::end_txn_response::EndTxnResponse;
}
