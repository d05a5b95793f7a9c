//! `RequestHeader`: made from `schema/header/RequestHeader.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// header, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestHeader {
    pub request_api_key: i16,
    pub request_api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for RequestHeader {
    fn default() -> Self {
        Self {
            request_api_key: 0,
            request_api_version: 0,
            correlation_id: 0,
            client_id: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl RequestHeader {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            request_api_key: from.int16("requestApiKey")?,
            request_api_version: from.int16("requestApiVersion")?,
            correlation_id: from.int32("correlationId")?,
            client_id: if version >= 1 {
                from.text_inflexible_nullable("clientId")?
            } else {
                Some(Text::default())
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RequestHeader {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int16("requestApiKey", self.request_api_key);
        sink.int16("requestApiVersion", self.request_api_version);
        sink.int32("correlationId", self.correlation_id);
        if version >= 1 {
            sink.text_inflexible_nullable("clientId", self.client_id.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RequestHeader, 0 ..= 2, flexible from 2);
