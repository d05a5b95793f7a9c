//! `RenewDelegationTokenRequest`: made from `schema/api/RenewDelegationTokenRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};
use bytes::Bytes;

/// request, key 39, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RenewDelegationTokenRequest {
    pub hmac: Bytes,
    pub renew_period_ms: i64,
    pub unknown_tags: UnknownTags,
}

impl RenewDelegationTokenRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            hmac: from.bytes("hmac")?,
            renew_period_ms: from.int64("renewPeriodMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RenewDelegationTokenRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.bytes("hmac", &self.hmac);
        sink.int64("renewPeriodMs", self.renew_period_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RenewDelegationTokenRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for RenewDelegationTokenRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::RenewDelegationToken;
    type Response = super::renew_delegation_token_response::RenewDelegationTokenResponse;
}
