//! `ListConfigResourcesResponse`: made from `schema/api/ListConfigResourcesResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 74, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListConfigResourcesResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource>,
    pub unknown_tags: UnknownTags,
}

impl ListConfigResourcesResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            config_resources: from
                .array("configResources", |from| ConfigResource::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListConfigResourcesResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.array("configResources", &self.config_resources, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ListConfigResourcesResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigResource {
    pub resource_name: Text,
    pub resource_type: i8,
    pub unknown_tags: UnknownTags,
}

impl Default for ConfigResource {
    fn default() -> Self {
        Self {
            resource_name: Text::default(),
            resource_type: 16,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ConfigResource {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_name: from.text("resourceName")?,
            resource_type: if version == 1 { from.int8("resourceType")? } else { 16 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConfigResource {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("resourceName", &self.resource_name);
        if version == 1 {
            sink.int8("resourceType", self.resource_type);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListConfigResourcesResponse, 0 ..= 1, flexible from 0, throttled by throttle_time_ms);
