//! `SaslAuthenticateResponse`: made from `schema/api/SaslAuthenticateResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// response, key 36, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct SaslAuthenticateResponse {
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub auth_bytes: Bytes,
    pub session_lifetime_ms: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for SaslAuthenticateResponse {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            auth_bytes: Bytes::new(),
            session_lifetime_ms: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl SaslAuthenticateResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            auth_bytes: from.bytes("authBytes")?,
            session_lifetime_ms: if version >= 1 { from.int64("sessionLifetimeMs")? } else { 0 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for SaslAuthenticateResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.bytes("authBytes", &self.auth_bytes);
        if version >= 1 {
            sink.int64("sessionLifetimeMs", self.session_lifetime_ms);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(SaslAuthenticateResponse, 0 ..= 2, flexible from 2);
