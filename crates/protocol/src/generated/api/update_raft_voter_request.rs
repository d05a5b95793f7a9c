//! `UpdateRaftVoterRequest`: made from `schema/api/UpdateRaftVoterRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 82, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateRaftVoterRequest {
    pub cluster_id: Option<Text>,
    pub current_leader_epoch: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    pub kraft_version_feature: KRaftVersionFeature,
    pub unknown_tags: UnknownTags,
}

impl Default for UpdateRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: Some(Text::default()),
            current_leader_epoch: 0,
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            listeners: Vec::new(),
            kraft_version_feature: KRaftVersionFeature::default(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl UpdateRaftVoterRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: from.text_nullable("clusterId")?,
            current_leader_epoch: from.int32("currentLeaderEpoch")?,
            voter_id: from.int32("voterId")?,
            voter_directory_id: from.uuid("voterDirectoryId")?,
            listeners: from.array("listeners", |from| Listener::read(from, version))?,
            kraft_version_feature: KRaftVersionFeature::read(from, version)?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UpdateRaftVoterRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("clusterId", self.cluster_id.as_ref());
        sink.int32("currentLeaderEpoch", self.current_leader_epoch);
        sink.int32("voterId", self.voter_id);
        sink.uuid("voterDirectoryId", &self.voter_directory_id);
        sink.array("listeners", &self.listeners, |sink, element| element.put(sink, "", version));
        self.kraft_version_feature.put(sink, "kRaftVersionFeature", version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`UpdateRaftVoterRequest`].
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

/// Part of [`UpdateRaftVoterRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tags: UnknownTags,
}

impl KRaftVersionFeature {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            min_supported_version: from.int16("minSupportedVersion")?,
            max_supported_version: from.int16("maxSupportedVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for KRaftVersionFeature {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("minSupportedVersion", self.min_supported_version);
        sink.int16("maxSupportedVersion", self.max_supported_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateRaftVoterRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for UpdateRaftVoterRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::UpdateRaftVoter;
    type Response = super::update_raft_voter_response::UpdateRaftVoterResponse;
}
