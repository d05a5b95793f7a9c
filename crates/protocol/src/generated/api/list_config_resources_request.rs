//! `ListConfigResourcesRequest`: made from `schema/api/ListConfigResourcesRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// request, key 74, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListConfigResourcesRequest {
    pub resource_types: Vec<i8>,
    pub unknown_tags: UnknownTags,
}

impl ListConfigResourcesRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            resource_types: if version == 1 {
                from.array("resourceTypes", |from| from.int8("resourceTypes"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListConfigResourcesRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 1 {
            sink.array("resourceTypes", &self.resource_types, |sink, element| {
                sink.int8("", *element)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListConfigResourcesRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for ListConfigResourcesRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListConfigResources;
    type Response = super::list_config_resources_response::ListConfigResourcesResponse;
}
