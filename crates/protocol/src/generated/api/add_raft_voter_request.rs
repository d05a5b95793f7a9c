//! `AddRaftVoterRequest`: made from `schema/api/AddRaftVoterRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 80, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct AddRaftVoterRequest {
    pub cluster_id: Option<Text>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    pub ack_when_committed: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for AddRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: Some(Text::default()),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            listeners: Vec::new(),
            ack_when_committed: true,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl AddRaftVoterRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: from.text_nullable("clusterId")?,
            timeout_ms: from.int32("timeoutMs")?,
            voter_id: from.int32("voterId")?,
            voter_directory_id: from.uuid("voterDirectoryId")?,
            listeners: from.array("listeners", |from| Listener::read(from, version))?,
            ack_when_committed: if version == 1 { from.bool("ackWhenCommitted")? } else { true },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddRaftVoterRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("clusterId", self.cluster_id.as_ref());
        sink.int32("timeoutMs", self.timeout_ms);
        sink.int32("voterId", self.voter_id);
        sink.uuid("voterDirectoryId", &self.voter_directory_id);
        sink.array("listeners", &self.listeners, |sink, element| element.put(sink, "", version));
        if version == 1 {
            sink.bool("ackWhenCommitted", self.ack_when_committed);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddRaftVoterRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listener {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl Listener {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Listener {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AddRaftVoterRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for AddRaftVoterRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddRaftVoter;
    type Response = super::add_raft_voter_response::AddRaftVoterResponse;
}
