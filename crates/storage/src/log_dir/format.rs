//! Formatting: what makes empty directories those of a node of a cluster.
//!
//! Each directory gets `bootstrap.checkpoint`, the metadata directory of a quorum with voters in
//! the log also the snapshot 0-0 that names them, and last `meta.properties`: a directory without
//! it is not formatted, whatever else lies there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::VotersRecord;

use crate::log_dirs::Layout;
use crate::meta_properties::{self, MetaProperties, MetaPropertiesError};
use crate::metadata_snapshot::{self, SnapshotId, SnapshotStart, SnapshotWriter};
use crate::partition_directory::{self, METADATA_DIRECTORY};

/// What to format, and as what.
#[derive(Clone, Debug)]
pub struct Format<'a> {
    /// The node's directories.
    pub layout: &'a Layout,
    /// The cluster they shall belong to.
    pub cluster_id: &'a str,
    /// The node they shall belong to.
    pub node_id: i32,
    /// The framed metadata records that the cluster begins with.
    pub bootstrap: &'a [Bytes],
    /// With voters in the log: kraft.version and the first voters. A voter that is this node names
    /// the metadata directory's id.
    pub voters: Option<&'a (i16, VotersRecord)>,
    /// Whether directories that are formatted already are left as they are, rather than refused.
    pub ignore_formatted: bool,
}

/// What a directory is formatted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// Holds partitions only.
    Data,
    /// Holds the metadata log of a quorum with static voters.
    StaticMetadata,
    /// Holds the metadata log of a node that is a voter in the log.
    DynamicMetadataVoter,
    /// Holds the metadata log of a node that is none of the voters in the log.
    DynamicMetadata,
}

/// Kafka's words for it.
impl fmt::Display for DirectoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data directory",
            Self::StaticMetadata => "metadata directory",
            Self::DynamicMetadataVoter => "dynamic metadata voter directory",
            Self::DynamicMetadata => "dynamic metadata directory",
        })
    }
}

/// Why nothing, or not all, was formatted. The texts are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError(pub String);

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormatError {}

/// The directories of a node by what there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatPlan {
    /// To be formatted, each with the id it gets; sorted by path.
    pub empty: Vec<(PathBuf, DirectoryKind, Uuid)>,
    /// Could not be read.
    pub failed: Vec<PathBuf>,
}

impl Format<'_> {
    /// Looks at the directories and changes nothing. Refused where they belong to another cluster or
    /// node, or where one is formatted already and that is not to be ignored.
    pub fn plan(&self, disk: &dyn Disk, random: &dyn Random) -> Result<FormatPlan, FormatError> {
        let mut paths: Vec<_> = self.layout.all().map(Path::to_path_buf).collect();
        paths.sort_unstable();
        let mut formatted = Vec::new();
        let mut empty = Vec::new();
        let mut failed = Vec::new();
        for path in paths {
            match MetaProperties::read(disk, &path) {
                Ok(Some(properties)) => formatted.push((path, properties)),
                Ok(None) => empty.push(path),
                Err(MetaPropertiesError::Io(_) | MetaPropertiesError::Malformed(_)) => {
                    failed.push(path);
                }
            }
        }
        meta_properties::verify(&formatted, Some(self.cluster_id), Some(self.node_id))
            .map_err(FormatError)?;
        if let (Some((path, _)), false) = (formatted.first(), self.ignore_formatted) {
            return Err(FormatError(format!(
                "Log directory {} is already formatted. Use --ignore-formatted to ignore this \
                 directory and format the others.",
                path.display()
            )));
        }
        if empty.is_empty() && formatted.is_empty() {
            return Err(FormatError("No available log directories to format.".to_owned()));
        }
        let mut ids: Vec<_> =
            formatted.iter().filter_map(|(_, properties)| properties.directory_id).collect();
        let mut plan = FormatPlan { empty: Vec::new(), failed };
        for path in empty {
            let (kind, id) = self.kind(&path);
            let id = id.unwrap_or_else(|| meta_properties::new_directory_id(random, &ids));
            ids.push(id);
            plan.empty.push((path, kind, id));
        }
        Ok(plan)
    }

    fn kind(&self, path: &Path) -> (DirectoryKind, Option<Uuid>) {
        if *path != *self.layout.metadata_directory {
            return (DirectoryKind::Data, None);
        }
        let Some((_, voters)) = self.voters else { return (DirectoryKind::StaticMetadata, None) };
        match voters.voters.iter().find(|voter| voter.voter_id == self.node_id) {
            Some(voter) => (DirectoryKind::DynamicMetadataVoter, Some(voter.voter_directory_id)),
            None => (DirectoryKind::DynamicMetadata, None),
        }
    }

    /// Formats one directory of the plan. `now` in milliseconds since 1970.
    pub fn run(
        &self,
        disk: &dyn Disk,
        (path, kind, id): &(PathBuf, DirectoryKind, Uuid),
        random: &dyn Random,
        now: i64,
    ) -> Result<(), FormatError> {
        self.write(disk, (path, *kind, *id), random, now).map_err(|error| {
            FormatError(format!("Error while formatting directory {}: {error}", path.display()))
        })
    }

    fn write(
        &self,
        disk: &dyn Disk,
        (path, kind, id): (&Path, DirectoryKind, Uuid),
        random: &dyn Random,
        now: i64,
    ) -> io::Result<()> {
        partition_directory::create_durably(disk, path)?;
        metadata_snapshot::write_bootstrap(disk, path, self.bootstrap, now)?;
        match (kind, self.voters) {
            (
                DirectoryKind::DynamicMetadataVoter | DirectoryKind::DynamicMetadata,
                Some((kraft_version, voters)),
            ) => {
                let start = SnapshotStart {
                    id: SnapshotId::BOOTSTRAP,
                    last_contained_log_timestamp: now,
                    quorum: Some((*kraft_version, Some(voters.clone()))),
                };
                let directory = path.join(METADATA_DIRECTORY);
                SnapshotWriter::create(disk, &directory, &start, now, random)?.freeze(now)?;
            }
            (DirectoryKind::Data | DirectoryKind::StaticMetadata, _) | (_, None) => {}
        }
        MetaProperties::new(self.cluster_id.to_owned(), self.node_id, id).write(disk, path, now)
    }
}
