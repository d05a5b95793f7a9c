//! `LeaderChangeMessage`: made from `schema/data/LeaderChangeMessage.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// data, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeaderChangeMessage {
    pub version: i16,
    pub leader_id: i32,
    pub voters: Vec<Voter>,
    pub granting_voters: Vec<Voter>,
    pub unknown_tags: UnknownTags,
}

impl LeaderChangeMessage {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            version: from.int16("version")?,
            leader_id: from.int32("leaderId")?,
            voters: from.array("voters", |from| Voter::read(from, version))?,
            granting_voters: from.array("grantingVoters", |from| Voter::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for LeaderChangeMessage {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int16("version", self.version);
        sink.int32("leaderId", self.leader_id);
        sink.array("voters", &self.voters, |sink, element| element.put(sink, "", version));
        sink.array("grantingVoters", &self.granting_voters, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`LeaderChangeMessage`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Voter {
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub unknown_tags: UnknownTags,
}

impl Voter {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            voter_id: from.int32("voterId")?,
            voter_directory_id: if version == 1 {
                from.uuid("voterDirectoryId")?
            } else {
                Uuid::ZERO
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Voter {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("voterId", self.voter_id);
        if version == 1 {
            sink.uuid("voterDirectoryId", &self.voter_directory_id);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(LeaderChangeMessage, 0 ..= 1, flexible from 0);
