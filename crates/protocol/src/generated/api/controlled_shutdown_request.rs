//! `ControlledShutdownRequest`: made from `schema/api/ControlledShutdownRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 7, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlledShutdownRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for ControlledShutdownRequest {
    fn default() -> Self {
        Self { broker_id: 0, broker_epoch: -1, unknown_tags: UnknownTags::default() }
    }
}

impl ControlledShutdownRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: if version >= 2 { from.int64("brokerEpoch")? } else { -1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ControlledShutdownRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        if version >= 2 {
            sink.int64("brokerEpoch", self.broker_epoch);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ControlledShutdownRequest, 0 ..= 3, flexible from 3);
impl crate::wire::Request for ControlledShutdownRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ControlledShutdown;
    type Response = super::controlled_shutdown_response::ControlledShutdownResponse;
}
