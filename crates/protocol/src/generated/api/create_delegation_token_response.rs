//! `CreateDelegationTokenResponse`: made from `schema/api/CreateDelegationTokenResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 38, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreateDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub principal_type: Text,
    pub principal_name: Text,
    pub token_requester_principal_type: Text,
    pub token_requester_principal_name: Text,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: Text,
    pub hmac: Bytes,
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl CreateDelegationTokenResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
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
            issue_timestamp_ms: from.int64("issueTimestampMs")?,
            expiry_timestamp_ms: from.int64("expiryTimestampMs")?,
            max_timestamp_ms: from.int64("maxTimestampMs")?,
            token_id: from.text("tokenId")?,
            hmac: from.bytes("hmac")?,
            throttle_time_ms: from.int32("throttleTimeMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreateDelegationTokenResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text("principalType", &self.principal_type);
        sink.text("principalName", &self.principal_name);
        if version == 3 {
            sink.text("tokenRequesterPrincipalType", &self.token_requester_principal_type);
        }
        if version == 3 {
            sink.text("tokenRequesterPrincipalName", &self.token_requester_principal_name);
        }
        sink.int64("issueTimestampMs", self.issue_timestamp_ms);
        sink.int64("expiryTimestampMs", self.expiry_timestamp_ms);
        sink.int64("maxTimestampMs", self.max_timestamp_ms);
        sink.text("tokenId", &self.token_id);
        sink.bytes("hmac", &self.hmac);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreateDelegationTokenResponse, 0 ..= 3, flexible from 2, throttled by throttle_time_ms);
