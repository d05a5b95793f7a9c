//! `quorum-state`: what a member of the metadata quorum must not forget between two starts: the
//! epoch, whom it voted for, who leads.
//!
//! One JSON line without a newline. Version 1 goes with kraft.version 1 (voters in the log),
//! version 0 with static voters. It is flushed before a vote is answered.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use dohle_env::disk::{self, Disk};
use dohle_protocol::ids::Uuid;

use crate::checkpoint::CheckpointError;
use crate::json::Json;

/// The file's name in the metadata log's directory.
pub const FILE_NAME: &str = "quorum-state";

/// The election state of a quorum member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// The leader of the epoch; -1 if it is not known.
    pub leader_id: i32,
    /// The newest epoch seen.
    pub leader_epoch: i32,
    /// Whom this member voted for in the epoch; -1 if for nobody.
    pub voted_id: i32,
    /// The directory id of whom it voted for; `None` where that is not known.
    pub voted_directory_id: Option<Uuid>,
    /// The voters of a static quorum (version 0 only).
    pub current_voters: Vec<i32>,
}

impl QuorumState {
    /// The file's text as `data_version` 0 or 1, without what the version lacks.
    #[must_use]
    pub fn text(&self, data_version: i16) -> String {
        let Self { leader_id, leader_epoch, voted_id, voted_directory_id, current_voters } = self;
        if data_version == 0 {
            let mut voters = String::new();
            for voter in current_voters {
                let comma = if voters.is_empty() { "" } else { "," };
                write!(voters, "{comma}{{\"voterId\":{voter}}}").expect("a String takes all text");
            }
            return format!(
                "{{\"clusterId\":\"\",\"leaderId\":{leader_id},\"leaderEpoch\":{leader_epoch},\
                 \"votedId\":{voted_id},\"appliedOffset\":0,\"currentVoters\":[{voters}],\
                 \"data_version\":0}}"
            );
        }
        let directory = voted_directory_id.unwrap_or(Uuid::ZERO);
        format!(
            "{{\"leaderId\":{leader_id},\"leaderEpoch\":{leader_epoch},\"votedId\":{voted_id},\
             \"votedDirectoryId\":\"{directory}\",\"data_version\":{data_version}}}"
        )
    }

    /// Reads the file's text, of either version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let line = text.lines().next().ok_or("File ended prematurely.")?;
        let content = Json::parse(line).ok_or("it is not JSON")?;
        let number = |name: &str| {
            content
                .field(name)
                .and_then(Json::number::<i32>)
                .ok_or_else(|| format!("field {name} is missing or no 32-bit number"))
        };
        let version = number("data_version")?;
        if !(0..=1).contains(&version) {
            return Err(format!(
                "data_version ({version}) is not within the min (0) and max (1) supported version"
            ));
        }
        let mut state = Self {
            leader_id: number("leaderId")?,
            leader_epoch: number("leaderEpoch")?,
            voted_id: number("votedId")?,
            voted_directory_id: None,
            current_voters: Vec::new(),
        };
        if version == 0 {
            let voters = content.field("currentVoters").and_then(Json::array).unwrap_or_default();
            for voter in voters {
                let id = voter.field("voterId").and_then(Json::number);
                state.current_voters.push(id.ok_or("a voter has no voterId")?);
            }
        } else {
            let id = content.field("votedDirectoryId").and_then(Json::text);
            let id: Uuid = id
                .and_then(|id| id.parse().ok())
                .ok_or("field votedDirectoryId is missing or no uuid")?;
            state.voted_directory_id = (id != Uuid::ZERO).then_some(id);
        }
        Ok(state)
    }

    /// Reads the file in the metadata log's directory; `None` if there is none: nothing was ever
    /// voted or heard.
    pub fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Self>, CheckpointError> {
        let path = directory.join(FILE_NAME);
        let malformed = |reason: &str| {
            CheckpointError::Malformed(format!(
                "Error while reading the Quorum status from the file {}: {reason}",
                path.display()
            ))
        };
        let bytes = match disk::read_file(disk, &path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CheckpointError::Io(error)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed("it is not UTF-8"))?;
        Self::parse(text).map(Some).map_err(|reason| malformed(&reason))
    }

    /// Replaces the file, as `data_version` 0 or 1. Once back, it survives a crash.
    pub fn write(&self, disk: &dyn Disk, directory: &Path, data_version: i16) -> io::Result<()> {
        disk::replace_file(disk, &directory.join(FILE_NAME), self.text(data_version).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V0: &str = r#"{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0}"#;
    const V1: &str = r#"{"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}"#;

    #[test]
    fn both_versions() {
        for (text, version) in [(V0, 0), (V1, 1)] {
            assert_eq!(QuorumState::parse(text).unwrap().text(version), text);
        }
        let state = QuorumState::parse(V0).unwrap();
        assert_eq!((state.leader_id, state.voted_id), (1, -1));
        assert_eq!(state.current_voters, [1, 2]);
        assert!(QuorumState::parse(V1).unwrap().voted_directory_id.is_some());
    }

    #[test]
    fn malformed_texts() {
        for (text, expected) in [
            ("", "prematurely"),
            ("x", "not JSON"),
            ("[]", "data_version"),
            (&V1.replace("\"data_version\":1", "\"data_version\":2"), "not within"),
            (&V1.replace("\"votedId\":1", "\"votedId\":99999999999"), "votedId"),
            (&V1.replace("J8aA", "****"), "votedDirectoryId"),
            (&V0.replace("voterId", "id"), "voterId"),
        ] {
            let error = QuorumState::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
