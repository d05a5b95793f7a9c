//! Snapshots of the metadata log: `<20 digits>-<10 digits>.checkpoint`, named by the end offset
//! (exclusive) and the epoch of what they replace.
//!
//! A snapshot is a file of record batches whose offsets count from 0 and whose leader epoch is the
//! snapshot's. First a control batch (SNAPSHOT_HEADER, and with kraft.version 1 KRAFT_VERSION and
//! KRAFT_VOTERS), then the metadata records, last a control batch with SNAPSHOT_FOOTER. It is
//! written under a name that ends in `.part`, flushed, made read-only, and renamed.
//!
//! `bootstrap.checkpoint` has the same form and lies in every log directory that
//! `kafka-storage format` made; from Kafka 4.4 on the snapshot 0-0 takes its place.

mod reader;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use dohle_env::disk::Disk;

use crate::partition_directory::METADATA_DIRECTORY;

pub use reader::{
    Quorum, SnapshotError, SnapshotHead, SnapshotRecord, SnapshotSummary, read, read_file,
    read_summary,
};
pub use writer::{SnapshotStart, SnapshotWriter};

/// The name of the records that a cluster begins with, in each log directory.
pub const BOOTSTRAP_FILE_NAME: &str = "bootstrap.checkpoint";
/// The largest batch that a snapshot is written in, as in Kafka.
pub const BATCH_SIZE_MAX: usize = 8 * 1024 * 1024;

const COMPLETE: &str = ".checkpoint";
const PARTIAL: &str = ".checkpoint.part";
const DELETED: &str = ".checkpoint.deleted";

/// What a snapshot replaces: the log before `end_offset`. Ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// The epoch of the last record that it contains.
    pub epoch: i32,
    /// The offset behind the last record that it contains.
    pub end_offset: i64,
}

impl SnapshotId {
    /// The snapshot that formatting makes, before anything was logged.
    pub const BOOTSTRAP: Self = Self { epoch: 0, end_offset: 0 };

    /// The name of the finished file.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{self}{COMPLETE}")
    }

    /// Reads a file's name; `None` if it is no snapshot's.
    #[must_use]
    pub fn parse(name: &str) -> Option<(Self, SnapshotState)> {
        let (stem, state) = [
            (PARTIAL, SnapshotState::Partial),
            (DELETED, SnapshotState::Deleted),
            (COMPLETE, SnapshotState::Complete),
        ]
        .into_iter()
        .find_map(|(suffix, state)| Some((name.strip_suffix(suffix)?, state)))?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (offset, rest) = (stem.get(..20)?, stem.get(20..)?);
        let epoch = rest.strip_prefix('-')?.get(..10)?;
        // Behind the epoch of an unfinished one stands `-` and a random number.
        let is_whole = stem.len() == 31 || state == SnapshotState::Partial;
        if !(is_whole && digits(offset) && digits(epoch)) {
            return None;
        }
        let id = Self { epoch: epoch.parse().ok()?, end_offset: offset.parse().ok()? };
        Some((id, state))
    }
}

/// `<20 digits>-<10 digits>`.
impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}-{:010}", self.end_offset, self.epoch)
    }
}

/// Which step of its life a snapshot's file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnapshotState {
    /// Being written; after a crash it is rubbish.
    Partial,
    /// Finished.
    Complete,
    /// No longer needed; goes a little later, as readers may have it open.
    Deleted,
}

/// The finished snapshots in the metadata log's `directory`, oldest first. A missing directory has
/// none.
pub fn list(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<SnapshotId>> {
    let mut found = Vec::new();
    for (_, id, state) in files(disk, directory)? {
        if state == SnapshotState::Complete {
            found.push(id);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The newest finished snapshot in the metadata log's `directory`.
pub fn newest(disk: &dyn Disk, directory: &Path) -> io::Result<Option<SnapshotId>> {
    Ok(list(disk, directory)?.pop())
}

/// Removes what a stop left half written or half deleted. To be called once, before the first
/// snapshot is written.
pub fn remove_leftovers(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    for (name, _, state) in files(disk, directory)? {
        if state != SnapshotState::Complete {
            disk.remove_file(&directory.join(name))?;
        }
    }
    Ok(())
}

/// Takes the snapshot out of use by renaming it. The file itself goes when the caller runs the
/// answer, `file.delete.delay.ms` later.
pub fn retire(disk: &dyn Disk, directory: &Path, id: SnapshotId) -> io::Result<SnapshotRemoval> {
    let target = directory.join(format!("{id}{DELETED}"));
    disk.rename(&directory.join(id.file_name()), &target)?;
    Ok(SnapshotRemoval { path: target })
}

/// A snapshot's file to be removed later.
#[must_use = "the file stays until `run`"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRemoval {
    /// What is removed.
    pub path: PathBuf,
}

impl SnapshotRemoval {
    /// Removes the file. One that is gone already is no error.
    pub fn run(&self, disk: &dyn Disk) -> io::Result<()> {
        match disk.remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

fn files(
    disk: &dyn Disk,
    directory: &Path,
) -> io::Result<Vec<(String, SnapshotId, SnapshotState)>> {
    let entries = match disk.list(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_directory {
            continue;
        }
        if let Some((id, state)) = SnapshotId::parse(&entry.name) {
            found.push((entry.name, id, state));
        }
    }
    Ok(found)
}

/// Writes `bootstrap.checkpoint` into a log directory: `records` are framed metadata records.
pub fn write_bootstrap(
    disk: &dyn Disk,
    log_directory: &Path,
    records: &[Bytes],
    now: i64,
) -> io::Result<()> {
    let start =
        SnapshotStart { id: SnapshotId::BOOTSTRAP, last_contained_log_timestamp: 0, quorum: None };
    let target = log_directory.join(BOOTSTRAP_FILE_NAME);
    let paths = (target.with_added_extension("tmp"), target);
    let mut writer = SnapshotWriter::create_as(disk, paths, &start, now)?;
    for record in records {
        writer.append(record, now)?;
    }
    writer.finish(now, false).map(drop)
}

/// The framed metadata records that a new cluster begins with, and the file that held them: from
/// `bootstrap.checkpoint` in the metadata log directory, else from its snapshot 0-0. `None` if
/// neither holds any.
pub fn read_bootstrap(
    disk: &dyn Disk,
    log_directory: &Path,
) -> Result<Option<(Vec<Bytes>, PathBuf)>, SnapshotError> {
    let in_log = log_directory.join(METADATA_DIRECTORY).join(SnapshotId::BOOTSTRAP.file_name());
    for path in [log_directory.join(BOOTSTRAP_FILE_NAME), in_log] {
        let there = disk.entry(&path).map_err(|error| SnapshotError::io(&path, error))?;
        if there.is_none() {
            continue;
        }
        let mut records = Vec::new();
        read_file(disk, &path, |record| {
            records.push(Bytes::copy_from_slice(record.value.unwrap_or_default()));
            Ok(())
        })?;
        if !records.is_empty() {
            return Ok(Some((records, path)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let id = SnapshotId { epoch: 2, end_offset: 552 };
        assert_eq!(id.file_name(), "00000000000000000552-0000000002.checkpoint");
        for (name, expected) in [
            ("00000000000000000552-0000000002.checkpoint", Some((id, SnapshotState::Complete))),
            (
                "00000000000000000552-0000000002.checkpoint.deleted",
                Some((id, SnapshotState::Deleted)),
            ),
            (
                "00000000000000000552-0000000002-17273.checkpoint.part",
                Some((id, SnapshotState::Partial)),
            ),
            ("bootstrap.checkpoint", None),
            ("leader-epoch-checkpoint", None),
            ("00000000000000000552-000000000.checkpoint", None),
            ("0000000000000000055x-0000000002.checkpoint", None),
            ("00000000000000000552-0000000002x.checkpoint", None),
            ("00000000000000000552-9999999999.checkpoint", None),
        ] {
            assert_eq!(SnapshotId::parse(name), expected, "{name}");
        }
        assert!(SnapshotId { epoch: 1, end_offset: 900 } < id);
    }
}
