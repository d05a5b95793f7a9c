//! `DescribeDelegationTokenResponse`: made from `schema/api/DescribeDelegationTokenResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 41, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken>,
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl DescribeDelegationTokenResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            tokens: from.array("tokens", |from| DescribedDelegationToken::read(from, version))?,
            throttle_time_ms: from.int32("throttleTimeMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeDelegationTokenResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("tokens", &self.tokens, |sink, element| element.put(sink, "", version));
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribedDelegationToken {
    pub principal_type: Text,
    pub principal_name: Text,
    pub token_requester_principal_type: Text,
    pub token_requester_principal_name: Text,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Text,
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
    pub unknown_tags: UnknownTags,
}

impl DescribedDelegationToken {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            principal_type: from.text("principalType")?,
            principal_name: from.text("principalName")?,
            token_requester_principal_type: if version == 3 {
                from.text("tokenRequesterPrincipalType")?
            } else {
                Text::default()
            },
            token_requester_principal_name: if version == 3 {
                from.text("tokenRequesterPrincipalName")?
            } else {
                Text::default()
            },
            issue_timestamp: from.int64("issueTimestamp")?,
            expiry_timestamp: from.int64("expiryTimestamp")?,
            max_timestamp: from.int64("maxTimestamp")?,
            token_id: from.text("tokenId")?,
            hmac: from.bytes("hmac")?,
            renewers: from
                .array("renewers", |from| DescribedDelegationTokenRenewer::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribedDelegationToken {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("principalType", &self.principal_type);
        sink.text("principalName", &self.principal_name);
        if version == 3 {
            sink.text("tokenRequesterPrincipalType", &self.token_requester_principal_type);
        }
        if version == 3 {
            sink.text("tokenRequesterPrincipalName", &self.token_requester_principal_name);
        }
        sink.int64("issueTimestamp", self.issue_timestamp);
        sink.int64("expiryTimestamp", self.expiry_timestamp);
        sink.int64("maxTimestamp", self.max_timestamp);
        sink.text("tokenId", &self.token_id);
        sink.bytes("hmac", &self.hmac);
        sink.array("renewers", &self.renewers, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: Text,
    pub principal_name: Text,
    pub unknown_tags: UnknownTags,
}

impl DescribedDelegationTokenRenewer {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            principal_type: from.text("principalType")?,
            principal_name: from.text("principalName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribedDelegationTokenRenewer {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("principalType", &self.principal_type);
        sink.text("principalName", &self.principal_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeDelegationTokenResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
