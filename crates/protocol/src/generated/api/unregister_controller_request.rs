//! `UnregisterControllerRequest`: made from `schema/api/UnregisterControllerRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 94, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnregisterControllerRequest {
    pub controller_id: i32,
    pub unknown_tags: UnknownTags,
}

impl UnregisterControllerRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { controller_id: from.int32("controllerId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for UnregisterControllerRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UnregisterControllerRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for UnregisterControllerRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UnregisterController;
    type Response = super::unregister_controller_response::UnregisterControllerResponse;
}
