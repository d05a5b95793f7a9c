//! `SaslHandshakeResponse`: made from `schema/api/SaslHandshakeResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// response, key 17, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaslHandshakeResponse {
    pub error_code: ErrorCode,
    pub mechanisms: Vec<Text>,
}

impl SaslHandshakeResponse {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode(from.int16("errorCode")?),
            mechanisms: from.array("mechanisms", |from| from.text("mechanisms"))?,
        })
    }
}

impl Put for SaslHandshakeResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.error_code("errorCode", self.error_code);
        sink.array("mechanisms", &self.mechanisms, |sink, element| sink.text("", element));
        sink.close();
    }
}

message!(SaslHandshakeResponse, 0 ..= 1, flexible from i16::MAX);
