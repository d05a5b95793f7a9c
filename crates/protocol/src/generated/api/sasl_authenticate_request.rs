//! `SaslAuthenticateRequest`: made from `schema/api/SaslAuthenticateRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// request, key 36, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaslAuthenticateRequest {
    pub auth_bytes: Bytes,
    pub unknown_tags: UnknownTags,
}

impl SaslAuthenticateRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { auth_bytes: from.bytes("authBytes")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for SaslAuthenticateRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.bytes("authBytes", &self.auth_bytes);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SaslAuthenticateRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for SaslAuthenticateRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SaslAuthenticate;
    type Response = super::sasl_authenticate_response::SaslAuthenticateResponse;
}
