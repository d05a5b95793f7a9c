//! `UpdateRaftVoterResponse`: made from `schema/api/UpdateRaftVoterResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// response, key 82, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UpdateRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub current_leader: CurrentLeader,
    pub unknown_tags: UnknownTags,
}

impl UpdateRaftVoterResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            current_leader: CurrentLeader::default(),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.current_leader = CurrentLeader::read(from, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for UpdateRaftVoterResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        let has_current_leader = self.current_leader != CurrentLeader::default();
        if S::NAMED && has_current_leader {
            self.current_leader.put(sink, "currentLeader", version);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_current_leader));
            if has_current_leader {
                tagged!(sink, 0, self.current_leader.put(sink, "currentLeader", version));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`UpdateRaftVoterResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentLeader {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub host: Text,
    pub port: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for CurrentLeader {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
            host: Text::default(),
            port: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CurrentLeader {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            leader_id: from.int32("leaderId")?,
            leader_epoch: from.int32("leaderEpoch")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CurrentLeader {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("leaderId", self.leader_id);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UpdateRaftVoterResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
