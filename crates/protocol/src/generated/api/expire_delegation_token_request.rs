//! `ExpireDelegationTokenRequest`: made from `schema/api/ExpireDelegationTokenRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// request, key 40, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpireDelegationTokenRequest {
    pub hmac: Bytes,
    pub expiry_time_period_ms: i64,
    pub unknown_tags: UnknownTags,
}

impl ExpireDelegationTokenRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            hmac: from.bytes("hmac")?,
            expiry_time_period_ms: from.int64("expiryTimePeriodMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ExpireDelegationTokenRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.bytes("hmac", &self.hmac);
        sink.int64("expiryTimePeriodMs", self.expiry_time_period_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ExpireDelegationTokenRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for ExpireDelegationTokenRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ExpireDelegationToken;
    type Response = super::expire_delegation_token_response::ExpireDelegationTokenResponse;
}
