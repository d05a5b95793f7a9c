//! `DeleteGroupsRequest`: made from `schema/api/DeleteGroupsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 42, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl DeleteGroupsRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            groups_names: from.array("groupsNames", |from| from.text("groupsNames"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteGroupsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("groupsNames", &self.groups_names, |sink, element| sink.text("", element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteGroupsRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for DeleteGroupsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteGroups;
    type Response = super::delete_groups_response::DeleteGroupsResponse;
}
