//! `EnvelopeRequest`: made from `schema/api/EnvelopeRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// request, key 58, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvelopeRequest {
    pub request_data: Bytes,
    pub request_principal: Option<Bytes>,
    pub client_host_address: Bytes,
    pub unknown_tags: UnknownTags,
}

impl Default for EnvelopeRequest {
    fn default() -> Self {
        Self {
            request_data: Bytes::new(),
            request_principal: Some(Bytes::new()),
            client_host_address: Bytes::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl EnvelopeRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            request_data: from.bytes("requestData")?,
            request_principal: from.bytes_nullable("requestPrincipal")?,
            client_host_address: from.bytes("clientHostAddress")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for EnvelopeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.bytes("requestData", &self.request_data);
        sink.bytes_nullable("requestPrincipal", self.request_principal.as_ref());
        sink.bytes("clientHostAddress", &self.client_host_address);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(EnvelopeRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for EnvelopeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::Envelope;
    type Response = super::envelope_response::EnvelopeResponse;
}
