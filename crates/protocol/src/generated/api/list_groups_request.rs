//! `ListGroupsRequest`: made from `schema/api/ListGroupsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 16, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListGroupsRequest {
    pub states_filter: Vec<Text>,
    pub types_filter: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl ListGroupsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            states_filter: if version >= 4 {
                from.array("statesFilter", |from| from.text("statesFilter"))?
            } else {
                Vec::new()
            },
            types_filter: if version == 5 {
                from.array("typesFilter", |from| from.text("typesFilter"))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListGroupsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 4 {
            sink.array("statesFilter", &self.states_filter, |sink, element| sink.text("", element));
        }
        if version == 5 {
            sink.array("typesFilter", &self.types_filter, |sink, element| sink.text("", element));
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListGroupsRequest, 0 ..= 5, flexible from 3);
impl crate::wire::Request for ListGroupsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListGroups;
    type Response = super::list_groups_response::ListGroupsResponse;
}
