//! `SaslHandshakeRequest`: made from `schema/api/SaslHandshakeRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// request, key 17, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaslHandshakeRequest {
    pub mechanism: Text,
}

impl SaslHandshakeRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { mechanism: from.text("mechanism")? })
    }
}

impl Put for SaslHandshakeRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("mechanism", &self.mechanism);
        sink.close();
    }
}

message!(SaslHandshakeRequest, 0 ..= 1, flexible from i16::MAX);
impl crate::wire::Request for SaslHandshakeRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::SaslHandshake;
    type Response = super::sasl_handshake_response::SaslHandshakeResponse;
}
