//! `AddOffsetsToTxnRequest`: made from `schema/api/AddOffsetsToTxnRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 25, versions 0-4.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddOffsetsToTxnRequest {
    pub transactional_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: Text,
    pub unknown_tags: UnknownTags,
}

impl AddOffsetsToTxnRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            group_id: from.text("groupId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddOffsetsToTxnRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        sink.text("groupId", &self.group_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AddOffsetsToTxnRequest, 0 ..= 4, flexible from 3);
impl crate::wire::Request for AddOffsetsToTxnRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddOffsetsToTxn;
    type Response = super::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
}
