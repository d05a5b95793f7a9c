//! `FindCoordinatorResponse`: made from `schema/api/FindCoordinatorResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 10, versions 0-6.
#[derive(Debug, Clone, PartialEq)]
pub struct FindCoordinatorResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub coordinators: Vec<Coordinator>,
    pub unknown_tags: UnknownTags,
}

impl Default for FindCoordinatorResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            node_id: 0,
            host: Text::default(),
            port: 0,
            coordinators: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl FindCoordinatorResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: if version >= 1 { from.int32("throttleTimeMs")? } else { 0 },
            error_code: if version <= 3 {
                ErrorCode(from.int16("errorCode")?)
            } else {
                ErrorCode::NONE
            },
            error_message: if (1..=3).contains(&version) {
                from.text_nullable("errorMessage")?
            } else {
                Some(Text::default())
            },
            node_id: if version <= 3 { from.int32("nodeId")? } else { 0 },
            host: if version <= 3 { from.text("host")? } else { Text::default() },
            port: if version <= 3 { from.int32("port")? } else { 0 },
            coordinators: if version >= 4 {
                from.array("coordinators", |from| Coordinator::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FindCoordinatorResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 1 {
            sink.int32("throttleTimeMs", self.throttle_time_ms);
        }
        if version <= 3 {
            sink.error_code("errorCode", self.error_code);
        }
        if (1..=3).contains(&version) {
            sink.text_nullable("errorMessage", self.error_message.as_ref());
        }
        if version <= 3 {
            sink.int32("nodeId", self.node_id);
        }
        if version <= 3 {
            sink.text("host", &self.host);
        }
        if version <= 3 {
            sink.int32("port", self.port);
        }
        if version >= 4 {
            sink.array("coordinators", &self.coordinators, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`FindCoordinatorResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinator {
    pub key: Text,
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            key: Text::default(),
            node_id: 0,
            host: Text::default(),
            port: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl Coordinator {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            node_id: from.int32("nodeId")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Coordinator {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.int32("nodeId", self.node_id);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FindCoordinatorResponse, 0 ..= 6, flexible from 3, throttled by throttle_time_ms);
