//! `RemoveRaftVoterRequest`: made from `schema/api/RemoveRaftVoterRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 81, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoveRaftVoterRequest {
    pub cluster_id: Option<Text>,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl Default for RemoveRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: Some(Text::default()),
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl RemoveRaftVoterRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: from.text_nullable("clusterId")?,
            voter_id: from.int32("voterId")?,
            voter_directory_id: from.uuid("voterDirectoryId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for RemoveRaftVoterRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text_nullable("clusterId", self.cluster_id.as_ref());
        sink.int32("voterId", self.voter_id);
        sink.uuid("voterDirectoryId", &self.voter_directory_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RemoveRaftVoterRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for RemoveRaftVoterRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::RemoveRaftVoter;
    type Response = super::remove_raft_voter_response::RemoveRaftVoterResponse;
}
