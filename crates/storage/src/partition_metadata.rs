//! `partition.metadata`: the id of the topic that a partition's directory belongs to.
//!
//! Two lines of text, 43 bytes, no newline at the end: `version: 0` and `topic_id: <uuid>`. A
//! directory whose topic id the cluster does not know is a stray one.

use std::io::{self, IoSlice};
use std::path::Path;

use dohle_env::disk::{self, Disk, Open};
use dohle_protocol::ids::Uuid;

use crate::checkpoint::CheckpointError;

/// The file's name in a partition's directory.
pub const FILE_NAME: &str = "partition.metadata";

/// Reads the topic id; `None` if there is no file.
pub fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Uuid>, CheckpointError> {
    let path = directory.join(FILE_NAME);
    match disk::read_file(disk, &path) {
        Ok(bytes) => parse(&bytes).map(Some).map_err(|reason| {
            CheckpointError::Malformed(format!("{reason} in {}", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CheckpointError::Io(error)),
    }
}

/// Replaces the file. Once back, it survives a crash.
pub fn write(disk: &dyn Disk, directory: &Path, topic_id: Uuid) -> io::Result<()> {
    disk::replace_file(disk, &directory.join(FILE_NAME), text(topic_id).as_bytes())
}

/// Writes the file of a directory that is new. It survives a crash after [`sync`] and a sync of the
/// directory; until then a crash may leave a part of it.
pub fn put(disk: &dyn Disk, directory: &Path, topic_id: Uuid) -> io::Result<()> {
    let file = disk.open(&directory.join(FILE_NAME), Open::Truncate)?;
    file.write_at(0, &[IoSlice::new(text(topic_id).as_bytes())])
}

/// Syncs the file's content.
pub fn sync(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    disk.open(&directory.join(FILE_NAME), Open::Write)?.sync()
}

fn text(topic_id: Uuid) -> String {
    format!("version: 0\ntopic_id: {topic_id}")
}

/// The topic id in the file's text. Any version from 0 on is read, as Kafka does.
fn parse(bytes: &[u8]) -> Result<Uuid, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "Text that is not UTF-8".to_owned())?;
    let mut lines = text.lines();
    let mut second_word = || {
        let line = lines.next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(_), Some(word), None) => Ok(word),
            _ => Err(format!("Malformed line '{line}'")),
        }
    };
    let version = second_word()?;
    match version.parse::<i32>() {
        Ok(0..) => {}
        Ok(_) => return Err(format!("Unrecognized version {version}")),
        Err(_) => return Err(format!("Malformed version '{version}'")),
    }
    let id = second_word()?;
    match id.parse() {
        Ok(Uuid::ZERO) | Err(_) => Err(format!("Invalid topic ID '{id}'")),
        Ok(id) => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = b"version: 0\ntopic_id: 9HxwSSCuSaSh1Qzg2mGhsQ";
        assert_eq!(text.len(), 43);
        assert_eq!(parse(text).unwrap().to_string(), "9HxwSSCuSaSh1Qzg2mGhsQ");
        for text in [
            "",
            "version: 0",
            "version: -1\ntopic_id: 9HxwSSCuSaSh1Qzg2mGhsQ",
            "version: x\ntopic_id: 9HxwSSCuSaSh1Qzg2mGhsQ",
            "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA",
            "version: 0\ntopic_id: 9HxwSSCuSaSh1Qzg2mGhs",
            "version: 0\ntopic_id: 9HxwSSCuSaSh1Qzg2mGhsQ x",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
