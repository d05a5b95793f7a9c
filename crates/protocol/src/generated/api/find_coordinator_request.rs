//! `FindCoordinatorRequest`: made from `schema/api/FindCoordinatorRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 10, versions 0-6.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindCoordinatorRequest {
    pub key: Text,
    pub key_type: i8,
    pub coordinator_keys: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl FindCoordinatorRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: if version <= 3 { from.text("key")? } else { Text::default() },
            key_type: if version >= 1 { from.int8("keyType")? } else { 0 },
            coordinator_keys: if version >= 4 {
                from.array("coordinatorKeys", |from| from.text("coordinatorKeys"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for FindCoordinatorRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version <= 3 {
            sink.text("key", &self.key);
        }
        if version >= 1 {
            sink.int8("keyType", self.key_type);
        }
        if version >= 4 {
            sink.array("coordinatorKeys", &self.coordinator_keys, |sink, element| {
                sink.text("", element)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(FindCoordinatorRequest, 0 ..= 6, flexible from 3);
impl crate::wire::Request for FindCoordinatorRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::FindCoordinator;
    type Response = super::find_coordinator_response::FindCoordinatorResponse;
}
