//! One log directory: its lock, identity, checkpoints, the partitions that lie in it, and whether
//! it still works.
//!
//! States: `Online`, then perhaps `Offline(reason)` for good: after a failed write or flush nothing
//! in the directory can be trusted until the next start, so there is no way back.

pub mod format;
pub mod load;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dohle_env::disk::{Disk, Entry, Lock, Open, Space};
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;

use crate::checkpoint::{self, CheckpointError, OffsetCheckpoint};
use crate::clean_shutdown;
use crate::partition_directory::{self, PartitionName, Purpose, Removal, TopicPartition};

/// The lock file's name. It is empty, and removed by a clean stop.
pub const LOCK_FILE_NAME: &str = ".lock";
/// The directory of tiered storage's local copies: the one that holds no partition.
pub const REMOTE_INDEX_DIRECTORY: &str = "remote-log-index-cache";

/// A directory failed, now or before. Its partitions are gone until the next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offline {
    /// What failed and how: the first failure's sentence.
    pub reason: String,
}

impl fmt::Display for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; its partitions are not served until the disk is mended and the node is started \
             again",
            self.reason
        )
    }
}

impl std::error::Error for Offline {}

/// What a checkpoint said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetsRead {
    /// Its entries; none if it was malformed.
    pub entries: Vec<(TopicPartition, i64)>,
    /// Why it counts as empty although it is not; for the log.
    pub warning: Option<String>,
}

/// A log directory of this process. All methods may block on the disk; all may be called from any
/// thread.
pub struct LogDir {
    disk: Arc<dyn Disk>,
    path: Arc<Path>,
    id: Uuid,
    offline: OnceLock<Offline>,
    /// Held while a checkpoint is replaced: two writers would share the temporary file.
    checkpoints: Mutex<()>,
    lock: Mutex<Option<Box<dyn Lock>>>,
}

impl fmt::Debug for LogDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogDir")
            .field("path", &self.path)
            .field("id", &self.id)
            .field("offline", &self.offline.get())
            .finish_non_exhaustive()
    }
}

impl LogDir {
    /// A directory that this process has locked and whose id is known.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        path: Arc<Path>,
        id: Uuid,
        lock: Option<Box<dyn Lock>>,
    ) -> Self {
        Self {
            disk,
            path,
            id,
            offline: OnceLock::new(),
            checkpoints: Mutex::new(()),
            lock: Mutex::new(lock),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The directory id of its `meta.properties`; zero where that could never be read.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The disk it lies on.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Why it is offline; `None` while it works.
    #[must_use]
    pub fn offline(&self) -> Option<&Offline> {
        self.offline.get()
    }

    /// Whether it works.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.offline.get().is_none()
    }

    /// Takes it offline because `doing` failed, and says what its reason now is: the first one.
    pub fn fail(&self, doing: &str, error: &io::Error) -> Offline {
        let offline = self.offline.get_or_init(|| Offline {
            reason: format!("{doing} in log directory {} failed: {error}", self.path.display()),
        });
        // Another process may take the directory over: this one never touches it again.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        offline.clone()
    }

    fn check<T>(&self, doing: &str, result: io::Result<T>) -> Result<T, Offline> {
        result.map_err(|error| self.fail(doing, &error))
    }

    fn online(&self) -> Result<(), Offline> {
        match self.offline.get() {
            None => Ok(()),
            Some(offline) => Err(offline.clone()),
        }
    }

    /// Makes those checkpoint files that are missing, empty, as a first start does.
    pub fn create_checkpoints(&self) -> Result<(), Offline> {
        self.online()?;
        for checkpoint in OffsetCheckpoint::ALL {
            let path = self.path.join(checkpoint.file_name());
            let made = self.disk.open(&path, Open::Create).map(drop);
            self.check("Making a checkpoint file", made)?;
        }
        Ok(())
    }

    /// Replaces a checkpoint with the entries of all partitions of this directory.
    pub fn write_offsets(
        &self,
        checkpoint: OffsetCheckpoint,
        entries: &[(TopicPartition, i64)],
    ) -> Result<(), Offline> {
        self.online()?;
        let _one_writer = self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.join(checkpoint.file_name());
        let written = checkpoint::write_offsets(&*self.disk, &path, entries);
        self.check("Writing a checkpoint file", written)
    }

    /// The entries of a checkpoint, and a warning where the file is malformed: then it counts as
    /// empty, so that recovery begins at the first segment rather than not at all.
    pub fn read_offsets(&self, checkpoint: OffsetCheckpoint) -> Result<OffsetsRead, Offline> {
        self.online()?;
        let name = checkpoint.file_name();
        match checkpoint::read_offsets(&*self.disk, &self.path.join(name)) {
            Ok(entries) => Ok(OffsetsRead { entries, warning: None }),
            Err(CheckpointError::Malformed(reason)) => {
                let directory = self.path.display();
                let warning = format!("{name} of directory {directory} counts as empty: {reason}");
                Ok(OffsetsRead { entries: Vec::new(), warning: Some(warning) })
            }
            Err(CheckpointError::Io(error)) => self.check("Reading a checkpoint file", Err(error)),
        }
    }

    /// Makes the directory of a partition that is new here.
    pub fn create_partition(
        &self,
        partition: &TopicPartition,
        purpose: Purpose,
        topic_id: Uuid,
        random: &dyn Random,
    ) -> Result<PathBuf, Offline> {
        self.online()?;
        let name = partition_directory::name(partition, purpose, random);
        let made = partition_directory::create(&*self.disk, &self.path, &name, topic_id);
        self.check("Making a partition's directory", made)
    }

    /// Gives a partition's directory a name of `Delete`, and the work that removes it in the end.
    pub fn delete_partition(
        &self,
        directory: &Path,
        partition: &TopicPartition,
        random: &dyn Random,
    ) -> Result<Removal, Offline> {
        let directory = self.rename_partition(directory, partition, Purpose::Delete, random)?;
        Ok(Removal { directory })
    }

    /// Gives a partition's directory the name for `purpose` and says where it now lies.
    pub fn rename_partition(
        &self,
        directory: &Path,
        partition: &TopicPartition,
        purpose: Purpose,
        random: &dyn Random,
    ) -> Result<PathBuf, Offline> {
        self.online()?;
        let renamed =
            partition_directory::rename(&*self.disk, directory, partition, purpose, random);
        self.check("Renaming a partition's directory", renamed)
    }

    /// The directories in it that name a partition. `Err` in the inner result names the first that
    /// does not and that Kafka would not start beside.
    pub fn partitions(&self) -> Result<Result<Vec<(String, PartitionName)>, String>, Offline> {
        self.online()?;
        let entries = self.check("Listing", self.disk.list(&self.path))?;
        let mut found = Vec::new();
        for Entry { name, is_directory, .. } in entries {
            if !is_directory || name == REMOTE_INDEX_DIRECTORY {
                continue;
            }
            match PartitionName::parse(&name) {
                Some(parsed) => found.push((name, parsed)),
                None => {
                    return Ok(Err(format!(
                        "Found directory {}, '{name}' is not in the form of topic-partition or \
                         topic-partition.uniqueId-delete (if marked for deletion). Kafka's log \
                         directories (and children) should only contain Kafka topic data.",
                        self.path.join(&name).display()
                    )));
                }
            }
        }
        Ok(Ok(found))
    }

    /// Bytes in the files directly in `directory`: what a partition takes.
    pub fn partition_size_bytes(&self, directory: &Path) -> Result<u64, Offline> {
        self.online()?;
        let entries = self.check("Listing", self.disk.list(directory))?;
        Ok(entries.iter().map(|entry| entry.size_bytes).sum())
    }

    /// Size of the file system and what is left of it.
    pub fn space(&self) -> Result<Space, Offline> {
        self.online()?;
        self.check("Asking for the space", self.disk.space(&self.path))
    }

    /// The end of a clean stop: the marker is written and the lock given up. The last call.
    pub fn close_cleanly(&self, broker_epoch: i64) -> Result<(), Offline> {
        self.online()?;
        let written = clean_shutdown::write(&*self.disk, &self.path, broker_epoch);
        self.check("Writing the clean shutdown file", written)?;
        self.unlock();
        Ok(())
    }

    /// Gives up the lock and removes its file, as a clean stop does.
    pub fn unlock(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lock) = lock {
            // Removed while held: who waits for the name takes a new file. A file that stays is
            // no harm, so a failure is nobody's concern.
            let _ = self.disk.remove_file(&self.path.join(LOCK_FILE_NAME));
            drop(lock);
        }
    }
}
