//! `meta.properties`: which cluster, node and directory a log directory belongs to.
//!
//! Java properties text. Version 1 (KRaft) always names cluster and node; version 0, which a
//! missing `version` means, says `broker.id` and may leave out everything. Written as version 1
//! only.

mod properties;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dohle_env::disk::{self, Disk};
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;

/// The file's name in a log directory.
pub const FILE_NAME: &str = "meta.properties";

/// What a `meta.properties` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// 0 or 1.
    pub version: i32,
    /// `cluster.id`; always there in version 1.
    pub cluster_id: Option<String>,
    /// `node.id`, in version 0 `broker.id`; always there in version 1.
    pub node_id: Option<i32>,
    /// `directory.id`; absent before Kafka 3.7.
    pub directory_id: Option<Uuid>,
}

/// Why a `meta.properties` cannot be used. The texts are Kafka's.
#[derive(Debug)]
pub enum MetaPropertiesError {
    /// The file could not be read: the directory's fault, not the text's.
    Io(io::Error),
    /// The text is not what it should be.
    Malformed(String),
}

impl fmt::Display for MetaPropertiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for MetaPropertiesError {}

impl MetaProperties {
    /// A version 1 file's content.
    #[must_use]
    pub fn new(cluster_id: String, node_id: i32, directory_id: Uuid) -> Self {
        Self {
            version: 1,
            cluster_id: Some(cluster_id),
            node_id: Some(node_id),
            directory_id: Some(directory_id),
        }
    }

    /// Reads the text of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaPropertiesError> {
        let entries = properties::parse(bytes)
            .map_err(|error| MetaPropertiesError::Malformed(error.to_string()))?;
        Self::from_entries(&entries).map_err(MetaPropertiesError::Malformed)
    }

    fn from_entries(entries: &BTreeMap<String, String>) -> Result<Self, String> {
        let version = match entries.get("version").map_or("0", String::as_str) {
            "0" => 0,
            "1" => 1,
            other => match other.parse::<i32>() {
                Ok(number) => {
                    return Err(format!("Unknown meta.properties version number {number}"));
                }
                Err(_) => return Err(format!("Invalid meta.properties version string '{other}'")),
            },
        };
        let number = |key: &str| {
            entries.get(key).map(|value| {
                value.parse().map_err(|_| format!("Unable to read {key} as a base-10 number."))
            })
        };
        let node_id = match version {
            0 => number("broker.id").transpose()?,
            _ => Some(number("node.id").ok_or("Failed to find node.id")??),
        };
        let cluster_id = entries.get("cluster.id").cloned();
        if version > 0 && cluster_id.is_none() {
            return Err("cluster.id was not found.".to_owned());
        }
        let directory_id = match entries.get("directory.id") {
            Some(text) => Some(
                text.parse()
                    .map_err(|error| format!("Unable to read directory.id as a Uuid: {error}"))?,
            ),
            None => None,
        };
        Ok(Self { version, cluster_id, node_id, directory_id })
    }

    /// The entries in Kafka's order of the file.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = Vec::with_capacity(4);
        if let Some(node_id) = self.node_id {
            let key = if self.version == 0 { "broker.id" } else { "node.id" };
            entries.push((key, node_id.to_string()));
        }
        if let Some(directory_id) = self.directory_id {
            entries.push(("directory.id", directory_id.to_string()));
        }
        entries.push(("version", self.version.to_string()));
        if let Some(cluster_id) = &self.cluster_id {
            entries.push(("cluster.id", cluster_id.clone()));
        }
        entries
    }

    /// The file's text, with `now` (milliseconds since 1970) in its header.
    #[must_use]
    pub fn text(&self, now: i64) -> String {
        let entries = self.entries();
        let entries: Vec<_> = entries.iter().map(|(key, value)| (*key, value.as_str())).collect();
        properties::text(&entries, now)
    }

    /// Reads the file of `directory`; `None` if there is none: the directory is not formatted.
    pub fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Self>, MetaPropertiesError> {
        match disk::read_file(disk, &directory.join(FILE_NAME)) {
            Ok(bytes) => Self::parse(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MetaPropertiesError::Io(error)),
        }
    }

    /// Replaces the file of `directory`. Once back, it survives a crash.
    pub fn write(&self, disk: &dyn Disk, directory: &Path, now: i64) -> io::Result<()> {
        disk::replace_file(disk, &directory.join(FILE_NAME), self.text(now).as_bytes())
    }
}

/// Checks that the files of one node's directories belong together, and to `cluster_id` and
/// `node_id` where those are known. The error's text is Kafka's and names the file.
pub fn verify(
    directories: &[(PathBuf, MetaProperties)],
    cluster_id: Option<&str>,
    node_id: Option<i32>,
) -> Result<(), String> {
    let mut expected_cluster_id = cluster_id;
    let mut expected_node_id = node_id;
    let mut seen: Vec<(Uuid, &Path)> = Vec::new();
    for (directory, properties) in directories {
        let path = directory.join(FILE_NAME);
        let path = path.display();
        match (&properties.cluster_id, expected_cluster_id) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(format!(
                    "Invalid cluster.id in: {path}. Expected {expected}, but read {found}"
                ));
            }
            (Some(found), None) => expected_cluster_id = Some(found),
            (Some(_), Some(_)) | (None, _) => {}
        }
        match (properties.node_id, expected_node_id) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(format!(
                    "Stored node id {found} doesn't match previous node id {expected} in {path}. \
                     If you moved your data, make sure your configured node id matches. If you \
                     intend to create a new node, you should remove all data in your data \
                     directories."
                ));
            }
            (Some(found), None) => expected_node_id = Some(found),
            (Some(_), Some(_)) | (None, _) => {}
        }
        let Some(id) = properties.directory_id else { continue };
        if is_reserved(id) {
            return Err(format!(
                "Invalid reserved directory ID {id} found in {}",
                directory.display()
            ));
        }
        if let Some((_, other)) = seen.iter().find(|(seen, _)| *seen == id) {
            return Err(format!(
                "Duplicate directory ID {id} found. It was the ID of {}, but also of {}",
                other.display(),
                directory.display()
            ));
        }
        seen.push((id, directory));
    }
    Ok(())
}

/// Whether no directory may have this id: MIGRATING (0,0), UNASSIGNED (0,1), LOST (0,2) and the
/// rest of the first hundred.
#[must_use]
pub fn is_reserved(id: Uuid) -> bool {
    u128::from_be_bytes(id.0) < 100
}

/// A fresh id that is not reserved, not in `taken`, and does not begin with `-` in its text, so
/// that it may stand on a command line.
#[must_use]
pub fn new_directory_id(random: &dyn Random, taken: &[Uuid]) -> Uuid {
    loop {
        let id = Uuid(random.uuid());
        if !is_reserved(id) && !taken.contains(&id) && !id.to_string().starts_with('-') {
            return id;
        }
    }
}

#[cfg(test)]
mod tests;
