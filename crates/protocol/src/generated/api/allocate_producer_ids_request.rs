//! `AllocateProducerIdsRequest`: made from `schema/api/AllocateProducerIdsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 67, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocateProducerIdsRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for AllocateProducerIdsRequest {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, unknown_tags: UnknownTags::default() }
    }
}

impl AllocateProducerIdsRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AllocateProducerIdsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AllocateProducerIdsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for AllocateProducerIdsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AllocateProducerIds;
    type Response = super::allocate_producer_ids_response::AllocateProducerIdsResponse;
}
