//! What to load from a log directory at start, and how.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use dohle_env::disk::Disk;
use dohle_protocol::ids::Uuid;

use crate::checkpoint::{CheckpointError, OffsetCheckpoint};
use crate::clean_shutdown;
use crate::log_dir::{LogDir, Offline, OffsetsRead};
use crate::partition_directory::{METADATA_TOPIC, Purpose, Removal, TopicPartition};
use crate::partition_metadata;

/// The work of loading one directory. Each replica is opened on its own, so
/// `num.recovery.threads.per.data.dir` of them may be at work at once.
#[derive(Debug)]
pub struct LoadPlan {
    /// Whether the last stop was clean: then no log is scanned.
    pub clean: bool,
    /// The epoch of the broker that stopped cleanly.
    pub broker_epoch: Option<i64>,
    /// The replicas and future copies, by directory name. The metadata log is not among them.
    pub replicas: Vec<ReplicaToLoad>,
    /// Directories that were being deleted: to be removed after `file.delete.delay.ms`.
    pub removals: Vec<Removal>,
    /// Directories of partitions that the cluster did not know at an earlier start. They stay.
    pub strays: Vec<PathBuf>,
    /// What was odd but no reason to stop; for the log.
    pub warnings: Vec<String>,
}

/// One replica to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaToLoad {
    /// Its directory.
    pub directory: PathBuf,
    /// Its partition.
    pub partition: TopicPartition,
    /// Whether it is a copy that was on its way to this log directory.
    pub is_future: bool,
    /// Up to where it was flushed; 0 if that is not known.
    pub recovery_point: i64,
    /// Its log start offset as far as it was noted; 0 if not.
    pub log_start_offset: i64,
    /// Its high watermark as it was noted.
    pub high_watermark: Option<i64>,
    /// Up to where it was compacted.
    pub first_dirty_offset: Option<i64>,
}

impl ReplicaToLoad {
    /// The topic id in its directory; `None` if there is none: then the directory is a stray.
    pub fn topic_id(&self, disk: &dyn Disk) -> Result<Option<Uuid>, CheckpointError> {
        partition_metadata::read(disk, &self.directory)
    }
}

/// Why a directory cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The directory is offline; the node goes on without it.
    Offline(Offline),
    /// What lies there must not be touched; the node must not start. The sentence says why.
    Refused(String),
}

impl From<Offline> for LoadError {
    fn from(offline: Offline) -> Self {
        Self::Offline(offline)
    }
}

impl LogDir {
    /// Begins loading: reads what the last stop left, then takes the clean-shutdown marker away, so
    /// that a crash from here on is one.
    pub fn begin_load(&self) -> Result<LoadPlan, LoadError> {
        self.online()?;
        let partitions = self.partitions()?.map_err(LoadError::Refused)?;
        let marker = clean_shutdown::read(&*self.disk, self.path());
        let marker = self.check("Reading the clean shutdown file", marker)?;
        let removed: io::Result<()> = clean_shutdown::remove(&*self.disk, self.path());
        self.check("Removing the clean shutdown file", removed)?;

        let mut warnings = Vec::new();
        let mut table = |checkpoint| -> Result<BTreeMap<TopicPartition, i64>, Offline> {
            let OffsetsRead { entries, warning } = self.read_offsets(checkpoint)?;
            warnings.extend(warning);
            Ok(entries.into_iter().collect())
        };
        let recovery_points = table(OffsetCheckpoint::RecoveryPoint)?;
        let start_offsets = table(OffsetCheckpoint::LogStart)?;
        let high_watermarks = table(OffsetCheckpoint::Replication)?;
        let first_dirty_offsets = table(OffsetCheckpoint::Cleaner)?;

        let mut plan = LoadPlan {
            clean: marker.is_some(),
            broker_epoch: marker.and_then(|marker| marker.broker_epoch),
            replicas: Vec::new(),
            removals: Vec::new(),
            strays: Vec::new(),
            warnings,
        };
        for (name, parsed) in partitions {
            let directory = self.path().join(name);
            let partition = parsed.partition;
            match parsed.purpose {
                Purpose::Delete => plan.removals.push(Removal { directory }),
                Purpose::Stray => plan.strays.push(directory),
                Purpose::Current | Purpose::Future if &*partition.topic == METADATA_TOPIC => {}
                Purpose::Current | Purpose::Future => plan.replicas.push(ReplicaToLoad {
                    directory,
                    is_future: parsed.purpose == Purpose::Future,
                    recovery_point: recovery_points.get(&partition).copied().unwrap_or(0),
                    log_start_offset: start_offsets.get(&partition).copied().unwrap_or(0),
                    high_watermark: high_watermarks.get(&partition).copied(),
                    first_dirty_offset: first_dirty_offsets.get(&partition).copied(),
                    partition,
                }),
            }
        }
        Ok(plan)
    }
}

/// Checks that no replica lies in two directories. The text is Kafka's.
pub fn check_duplicates<'a>(plans: impl IntoIterator<Item = &'a LoadPlan>) -> Result<(), String> {
    let mut seen: BTreeMap<(&TopicPartition, bool), &Path> = BTreeMap::new();
    for replica in plans.into_iter().flat_map(|plan| &plan.replicas) {
        let Some(other) = seen.insert((&replica.partition, replica.is_future), &replica.directory)
        else {
            continue;
        };
        let (this, other) = (replica.directory.display(), other.display());
        if replica.is_future {
            return Err(format!("Duplicate log directories found: {this}, {other}"));
        }
        return Err(format!(
            "Duplicate log directories for {} are found in both {this} and {other}. It is likely \
             because log directory failure happened while broker was replacing current replica with \
             future replica. Recover broker from this failure by manually deleting one of the two \
             directories for this partition. It is recommended to delete the partition in the log \
             directory that is known to have failed recently.",
            replica.partition
        ));
    }
    Ok(())
}
