//! The directories of partitions: their names, how they come and how they go.
//!
//! | name | meaning |
//! |---|---|
//! | `topic-partition` | the replica |
//! | `topic-partition.<32 hex>-future` | a copy that catches up in another log directory, to take its place |
//! | `topic-partition.<32 hex>-delete` | to be removed after `file.delete.delay.ms`; survives a stop |
//! | `topic-partition.<32 hex>-stray` | of a topic that the cluster does not know; kept |
//!
//! The last `-` before the `.` splits topic and partition. The names to delete and of strays
//! shorten the topic so that the whole stays within 255 bytes.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dohle_env::disk::Disk;
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;

use crate::limits::SYNCS_MAX;
use crate::partition_metadata;

/// The longest name of a directory, in bytes: what file systems allow.
pub const NAME_SIZE_MAX: usize = 255;
/// The topic of the metadata log.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// The directory of the metadata log, in the metadata log directory.
pub const METADATA_DIRECTORY: &str = "__cluster_metadata-0";

/// A partition by its names. Cloning shares the topic's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: i32,
}

impl TopicPartition {
    /// The partition `partition` of `topic`.
    #[must_use]
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: Arc::from(topic), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What a partition's directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The replica itself.
    Current,
    /// A copy on its way from another log directory.
    Future,
    /// Waits to be removed.
    Delete,
    /// The cluster does not know it.
    Stray,
}

impl Purpose {
    fn suffix(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Future => "-future",
            Self::Delete => "-delete",
            Self::Stray => "-stray",
        }
    }
}

/// The parsed name of a partition's directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionName {
    /// The partition; its topic may be a shortened name where the purpose is `Delete` or `Stray`.
    pub partition: TopicPartition,
    /// What it is for.
    pub purpose: Purpose,
}

impl PartitionName {
    /// Reads a directory's name; `None` if Kafka would refuse to start beside it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let marked = [Purpose::Delete, Purpose::Future, Purpose::Stray]
            .into_iter()
            .find(|purpose| name.ends_with(purpose.suffix()));
        let (name, purpose) = match marked {
            Some(purpose) => {
                let (name, id) = name.strip_suffix(purpose.suffix())?.rsplit_once('.')?;
                if id.is_empty() {
                    return None;
                }
                (name, purpose)
            }
            None => (name, Purpose::Current),
        };
        let (topic, partition) = name.rsplit_once('-')?;
        let partition: i32 = partition.parse().ok()?;
        if topic.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        Some(Self { partition: TopicPartition::new(topic, partition), purpose })
    }
}

/// The name of a partition's directory for `purpose`. A fresh one each time but for `Current`.
#[must_use]
pub fn name(partition: &TopicPartition, purpose: Purpose, random: &dyn Random) -> String {
    if purpose == Purpose::Current {
        return partition.to_string();
    }
    let id = u128::from_be_bytes(random.uuid());
    let tail = format!("-{}.{id:032x}{}", partition.partition, purpose.suffix());
    let topic = &*partition.topic;
    // Topic names are ASCII, so each byte is a place to cut at; a name from elsewhere is cut before.
    let mut end = topic.len();
    if purpose != Purpose::Future {
        end = end.min(NAME_SIZE_MAX - tail.len());
        while !topic.is_char_boundary(end) {
            end -= 1;
        }
    }
    format!("{}{tail}", &topic[..end])
}

/// Makes a directory and what is missing above it. Once back, all of it survives a crash.
pub fn create_durably(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let mut made_in = Vec::new();
    for directory in path.ancestors() {
        if directory.as_os_str().is_empty() || disk.entry(directory)?.is_some() {
            break;
        }
        made_in.push(match directory.parent() {
            // The working directory.
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => break,
        });
    }
    disk.create_directories(path)?;
    made_in.into_iter().rev().try_for_each(|parent| disk.sync_directory(parent))
}

/// Makes the directory of a partition in `log_directory`, with its topic id, and gives its path.
/// One that is there already gets the id only. It survives a crash once [`make_durable`] says so;
/// until then a crash may leave it without its id, or not at all.
pub fn create(
    disk: &dyn Disk,
    log_directory: &Path,
    name: &str,
    topic_id: Uuid,
) -> io::Result<PathBuf> {
    let path = log_directory.join(name);
    disk.create_directories(&path)?;
    partition_metadata::put(disk, &path, topic_id)?;
    Ok(path)
}

/// Makes what [`create`] has made survive a crash: `directories` of one log directory. Where one is
/// gone by now that may be an error.
pub fn make_durable(disk: &dyn Disk, directories: &[&Path]) -> io::Result<()> {
    let parent = directories.first().and_then(|first| first.parent());
    if let Some(parent) = parent.filter(|_| directories.len() > SYNCS_MAX) {
        return disk.sync_tree(parent);
    }
    for directory in directories {
        partition_metadata::sync(disk, directory)?;
        disk.sync_directory(directory)?;
    }
    parent.map_or(Ok(()), |parent| disk.sync_directory(parent))
}

/// Gives a partition's directory the name for `purpose` (`Delete` or `Stray`; `Current` for a
/// future copy that has caught up), and says where it now lies. Once back, it survives a crash.
pub fn rename(
    disk: &dyn Disk,
    directory: &Path,
    partition: &TopicPartition,
    purpose: Purpose,
    random: &dyn Random,
) -> io::Result<PathBuf> {
    let target = directory.with_file_name(name(partition, purpose, random));
    disk.rename(directory, &target)?;
    if let Some(parent) = directory.parent() {
        disk.sync_directory(parent)?;
    }
    Ok(target)
}

/// A directory to be removed later: the caller waits `file.delete.delay.ms`, so that readers with
/// open files finish.
#[must_use = "the directory stays until `run`"]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removal {
    /// What is removed.
    pub directory: PathBuf,
}

impl Removal {
    /// Removes the directory and all in it. One that is gone already is no error.
    pub fn run(&self, disk: &dyn Disk) -> io::Result<()> {
        match disk.remove_directory(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
