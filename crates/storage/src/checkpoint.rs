//! Checkpoint files: small tables in text that are replaced as a whole.
//!
//! Line 1 is the version `0`, line 2 the count of entries, then one entry per line; every line
//! ends in a newline. An empty file has no entries. Offset checkpoints (`topic partition offset`)
//! exist once per log directory for all its partitions; `leader-epoch-checkpoint`
//! (`epoch start_offset`) once per partition.

use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;
use std::sync::Arc;

use dohle_env::disk::{self, Disk};

use crate::partition_directory::TopicPartition;

/// The file of a partition that holds its leader epochs.
pub const LEADER_EPOCH_FILE_NAME: &str = "leader-epoch-checkpoint";

/// The offset checkpoints of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OffsetCheckpoint {
    /// Up to where each log was flushed: after a crash, scanning begins there.
    RecoveryPoint,
    /// High watermarks.
    Replication,
    /// Log start offsets that lie above the first segment's base offset.
    LogStart,
    /// First offset not yet compacted.
    Cleaner,
}

impl OffsetCheckpoint {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::RecoveryPoint, Self::Replication, Self::LogStart, Self::Cleaner];

    /// The file's name in a log directory.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::Replication => "replication-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::Cleaner => "cleaner-offset-checkpoint",
        }
    }
}

/// What a table cannot be read for. Each caller decides what it means: Kafka takes all offsets
/// for 0 where recovery points or log start offsets are malformed.
#[derive(Debug)]
pub enum CheckpointError {
    /// The disk failed.
    Io(io::Error),
    /// The text is no checkpoint; the sentence says where and how.
    Malformed(String),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for CheckpointError {}

/// Reads an offset checkpoint. A missing or empty file has no entries. Of two entries for one
/// partition both are given; the later is the true one.
pub fn read_offsets(
    disk: &dyn Disk,
    path: &Path,
) -> Result<Vec<(TopicPartition, i64)>, CheckpointError> {
    parse_offsets(&read_text(disk, path)?)
}

/// Replaces an offset checkpoint. Once back, it survives a crash.
pub fn write_offsets(
    disk: &dyn Disk,
    path: &Path,
    entries: &[(TopicPartition, i64)],
) -> io::Result<()> {
    disk::replace_file(disk, path, offsets_text(entries).as_bytes())
}

/// Reads a leader epoch checkpoint: epochs with their start offsets, in the file's order.
pub fn read_epochs(disk: &dyn Disk, path: &Path) -> Result<Vec<(i32, i64)>, CheckpointError> {
    parse_epochs(&read_text(disk, path)?)
}

/// Replaces a leader epoch checkpoint. Once back, it survives a crash.
pub fn write_epochs(disk: &dyn Disk, path: &Path, entries: &[(i32, i64)]) -> io::Result<()> {
    disk::replace_file(disk, path, epochs_text(entries).as_bytes())
}

/// The text of an offset checkpoint.
#[must_use]
pub fn offsets_text(entries: &[(TopicPartition, i64)]) -> String {
    table(entries, |text, (name, offset)| {
        write!(text, "{} {} {offset}", name.topic, name.partition)
    })
}

/// The text of a leader epoch checkpoint.
#[must_use]
pub fn epochs_text(entries: &[(i32, i64)]) -> String {
    table(entries, |text, (epoch, offset)| write!(text, "{epoch} {offset}"))
}

/// The entries in the text of an offset checkpoint.
pub fn parse_offsets(text: &str) -> Result<Vec<(TopicPartition, i64)>, CheckpointError> {
    let mut topics = Topics::default();
    parse_table(text, |parts| match parts {
        [topic, partition, offset] => {
            let topic = topics.share(topic);
            Some((
                TopicPartition { topic, partition: partition.parse().ok()? },
                offset.parse().ok()?,
            ))
        }
        _ => None,
    })
}

/// The entries in the text of a leader epoch checkpoint.
pub fn parse_epochs(text: &str) -> Result<Vec<(i32, i64)>, CheckpointError> {
    parse_table(text, |parts| match parts {
        [epoch, offset] => Some((epoch.parse().ok()?, offset.parse().ok()?)),
        _ => None,
    })
}

/// Gives neighbours of one topic the same name allocation.
#[derive(Default)]
struct Topics(Option<Arc<str>>);

impl Topics {
    fn share(&mut self, topic: &str) -> Arc<str> {
        match &self.0 {
            Some(last) if **last == *topic => Arc::clone(last),
            _ => Arc::clone(self.0.insert(Arc::from(topic))),
        }
    }
}

fn read_text(disk: &dyn Disk, path: &Path) -> Result<String, CheckpointError> {
    match disk::read_file(disk, path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| malformed_at(path, "it is not UTF-8")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(CheckpointError::Io(error)),
    }
}

fn malformed_at(path: &Path, reason: &str) -> CheckpointError {
    CheckpointError::Malformed(format!("Malformed checkpoint file [{}]: {reason}", path.display()))
}

fn table<T>(entries: &[T], entry: impl Fn(&mut String, &T) -> fmt::Result) -> String {
    let mut text = format!("0\n{}\n", entries.len());
    for value in entries {
        entry(&mut text, value).expect("a String takes all text");
        text.push('\n');
    }
    text
}

fn parse_table<T>(
    text: &str,
    mut entry: impl FnMut(&[&str]) -> Option<T>,
) -> Result<Vec<T>, CheckpointError> {
    let malformed = |reason: String| Err(CheckpointError::Malformed(reason));
    let mut lines = text.lines();
    let Some(version) = lines.next() else { return Ok(Vec::new()) };
    match version.parse::<i32>() {
        Ok(0) => {}
        Ok(other) => {
            return malformed(format!("Unrecognised version:{other}, expected version: 0"));
        }
        Err(_) => return malformed(format!("Malformed line in checkpoint: {version}")),
    }
    let Some(count) = lines.next() else { return Ok(Vec::new()) };
    let Ok(count) = count.parse::<i32>() else {
        return malformed(format!("Malformed line in checkpoint: {count}"));
    };
    let mut entries = Vec::new();
    for line in lines {
        // As Java's split on blanks: an indented line has an empty first part, so it is refused.
        let mut parts: Vec<_> = line.split_ascii_whitespace().collect();
        if line.starts_with(|c: char| c.is_ascii_whitespace()) {
            parts.insert(0, "");
        }
        let Some(value) = entry(&parts) else {
            return malformed(format!("Malformed line in checkpoint: {line}"));
        };
        entries.push(value);
    }
    if usize::try_from(count) != Ok(entries.len()) {
        return malformed(format!(
            "Expected [{count}] entries, but found only [{}]",
            entries.len()
        ));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
