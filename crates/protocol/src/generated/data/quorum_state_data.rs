//! `QuorumStateData`: made from `schema/data/QuorumStateData.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// data, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct QuorumStateData {
    pub cluster_id: Text,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub voted_id: i32,
    pub voted_directory_id: Uuid,
    pub applied_offset: i64,
    pub current_voters: Option<Vec<Voter>>,
    pub unknown_tags: UnknownTags,
}

impl Default for QuorumStateData {
    fn default() -> Self {
        Self {
            cluster_id: Text::default(),
            leader_id: -1,
            leader_epoch: -1,
            voted_id: -1,
            voted_directory_id: Uuid::ZERO,
            applied_offset: 0,
            current_voters: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl QuorumStateData {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster_id: if version == 0 { from.text("clusterId")? } else { Text::default() },
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            voted_id: from.int32("votedId")?,
            voted_directory_id: if version == 1 {
                from.uuid("votedDirectoryId")?
            } else {
                Uuid::ZERO
            },
            applied_offset: if version == 0 { from.int64("appliedOffset")? } else { 0 },
            current_voters: if version == 0 {
                from.array_nullable("currentVoters", |from| Voter::read(from, version))?
            } else {
                Some(Vec::new())
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for QuorumStateData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 0 {
            sink.text("clusterId", &self.cluster_id);
        }
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int32("votedId", self.voted_id);
        if version == 1 {
            sink.uuid("votedDirectoryId", &self.voted_directory_id);
        }
        if version == 0 {
            sink.int64("appliedOffset", self.applied_offset);
        }
        if version == 0 {
            sink.array_nullable("currentVoters", self.current_voters.as_ref(), |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`QuorumStateData`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Voter {
    pub voter_id: i32,
    pub unknown_tags: UnknownTags,
}

impl Voter {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { voter_id: from.int32("voterId")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for Voter {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("voterId", self.voter_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(QuorumStateData, 0 ..= 1, flexible from 0);
