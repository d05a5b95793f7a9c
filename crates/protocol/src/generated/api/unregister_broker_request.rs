//! `UnregisterBrokerRequest`: made from `schema/api/UnregisterBrokerRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 64, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
    pub unknown_tags: UnknownTags,
}

impl UnregisterBrokerRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { broker_id: from.int32("brokerId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for UnregisterBrokerRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UnregisterBrokerRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for UnregisterBrokerRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UnregisterBroker;
    type Response = super::unregister_broker_response::UnregisterBrokerResponse;
}
