//! The log directories of a node together (JBOD): opened as one, checked against each other, and
//! chosen from for a new partition.
//!
//! Opening has two steps, because a first start formats in between: [`LockedDirs::lock`] makes and
//! locks the directories and reads their `meta.properties`; [`LockedDirs::open`] checks them.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dohle_env::disk::{Disk, Lock};
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;

use crate::log_dir::load::LoadPlan;
use crate::log_dir::{LOCK_FILE_NAME, LogDir};
use crate::meta_properties::{self, MetaProperties, MetaPropertiesError};
use crate::partition_directory::{self, METADATA_DIRECTORY};

/// Which directories a node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `log.dirs`, in the order of the configuration.
    pub directories: Vec<PathBuf>,
    /// `metadata.log.dir`; the first of `log.dirs` where that is not set.
    pub metadata_directory: PathBuf,
}

impl Layout {
    /// The directories of a node, given as configured.
    #[must_use]
    pub fn new(directories: Vec<PathBuf>, metadata_directory: Option<PathBuf>) -> Option<Self> {
        let metadata_directory = metadata_directory.or_else(|| directories.first().cloned())?;
        Some(Self { directories, metadata_directory })
    }

    /// All directories, each once: `log.dirs`, then the metadata directory if it is another.
    pub fn all(&self) -> impl Iterator<Item = &Path> {
        let apart = !self.directories.contains(&self.metadata_directory);
        let metadata = apart.then_some(&self.metadata_directory);
        self.directories.iter().chain(metadata).map(PathBuf::as_path)
    }
}

/// Why a node must not start on its directories. The texts name the directory and follow Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDirsError(pub String);

impl fmt::Display for OpenDirsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenDirsError {}

enum Found {
    Formatted(MetaProperties),
    Empty,
    Failed(io::Error),
}

struct LockedDir {
    path: Arc<Path>,
    lock: Option<Box<dyn Lock>>,
    found: Found,
}

/// Directories that this process has for itself, not yet checked.
pub struct LockedDirs {
    disk: Arc<dyn Disk>,
    layout: Layout,
    directories: Vec<LockedDir>,
}

impl LockedDirs {
    /// Makes the directories that are missing, locks each, and reads its `meta.properties`. One
    /// that fails is offline later on; one that another process has locked is an error.
    pub fn lock(disk: Arc<dyn Disk>, layout: Layout) -> Result<Self, OpenDirsError> {
        let mut seen = BTreeSet::new();
        let mut directories = Vec::new();
        for path in layout.all() {
            if !seen.insert(path) {
                return Err(OpenDirsError(format!(
                    "Duplicate log directory found: {}",
                    path.display()
                )));
            }
            let (lock, found) = match take(&*disk, path) {
                Ok(lock) => {
                    let found = match MetaProperties::read(&*disk, path) {
                        Ok(Some(properties)) => Found::Formatted(properties),
                        Ok(None) => Found::Empty,
                        Err(MetaPropertiesError::Io(error)) => Found::Failed(error),
                        Err(MetaPropertiesError::Malformed(reason)) => {
                            let path = path.join(meta_properties::FILE_NAME);
                            Found::Failed(io::Error::new(
                                io::ErrorKind::InvalidData,
                                format!("{}: {reason}", path.display()),
                            ))
                        }
                    };
                    (Some(lock), found)
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(OpenDirsError(format!(
                        "Failed to acquire lock on file .lock in {}. A Kafka instance in another \
                         process or thread is using this directory.",
                        path.display()
                    )));
                }
                Err(error) => (None, Found::Failed(error)),
            };
            directories.push(LockedDir { path: Arc::from(path), lock, found });
        }
        Ok(Self { disk, layout, directories })
    }

    /// Whether none of the directories is formatted and one could be: a first start.
    #[must_use]
    pub fn is_first_start(&self) -> bool {
        let any = |is: fn(&Found) -> bool| self.directories.iter().any(|dir| is(&dir.found));
        any(|found| matches!(found, Found::Empty))
            && !any(|found| matches!(found, Found::Formatted(_)))
    }

    /// Which directories there are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads every `meta.properties` again: after formatting.
    pub fn read_again(&mut self) {
        for directory in &mut self.directories {
            if directory.lock.is_none() {
                continue;
            }
            match MetaProperties::read(&*self.disk, &directory.path) {
                Ok(Some(properties)) => directory.found = Found::Formatted(properties),
                Ok(None) => directory.found = Found::Empty,
                Err(MetaPropertiesError::Io(error)) => directory.found = Found::Failed(error),
                Err(MetaPropertiesError::Malformed(reason)) => {
                    directory.found =
                        Found::Failed(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
            }
        }
    }

    /// Checks that the directories belong to `node_id` and to one cluster, gives an id to those
    /// that an old version formatted without, and opens them.
    pub fn open(
        self,
        node_id: i32,
        random: &dyn Random,
        now: i64,
    ) -> Result<LogDirs, OpenDirsError> {
        let cluster_id = self.check(node_id)?;
        let mut ids = self.ids();
        let mut directories = Vec::new();
        let metadata_directory = self.layout.metadata_directory;
        let mut metadata = None;
        for LockedDir { path, lock, found } in self.directories {
            let (id, failure) = match found {
                Found::Failed(error) => (Uuid::ZERO, Some(error)),
                Found::Formatted(MetaProperties { version: 1, directory_id: Some(id), .. }) => {
                    (id, None)
                }
                Found::Formatted(_) | Found::Empty => {
                    let id = meta_properties::new_directory_id(random, &ids);
                    ids.push(id);
                    let properties = MetaProperties::new(cluster_id.clone(), node_id, id);
                    (id, properties.write(&*self.disk, &path, now).err())
                }
            };
            let directory = Arc::new(LogDir::new(Arc::clone(&self.disk), path, id, lock));
            if let Some(error) = failure {
                directory.fail("Opening", &error);
            }
            if **directory.path() == *metadata_directory {
                metadata = Some(Arc::clone(&directory));
            }
            directories.push(directory);
        }
        let metadata = metadata.expect("the metadata directory is one of all directories");
        if let Some(offline) = metadata.offline() {
            return Err(OpenDirsError(format!(
                "Encountered I/O error in metadata log directory {}. Cannot continue. {offline}",
                metadata.path().display()
            )));
        }
        // What lies behind `log.dirs` is the metadata directory where it is none of them.
        directories.truncate(self.layout.directories.len());
        Ok(LogDirs { cluster_id, node_id, directories, metadata })
    }

    /// The cluster's id, if all directories say the same.
    fn check(&self, node_id: i32) -> Result<String, OpenDirsError> {
        let mut formatted = Vec::new();
        for LockedDir { path, found, .. } in &self.directories {
            match found {
                Found::Formatted(properties) => {
                    formatted.push((path.to_path_buf(), properties.clone()));
                }
                Found::Empty | Found::Failed(_) => {}
            }
        }
        if formatted.is_empty() {
            return Err(OpenDirsError("No readable meta.properties files found.".to_owned()));
        }
        meta_properties::verify(&formatted, None, Some(node_id)).map_err(OpenDirsError)?;
        for LockedDir { path, found, .. } in &self.directories {
            let path = path.display();
            match found {
                Found::Empty => {
                    return Err(OpenDirsError(format!(
                        "No `meta.properties` found in {path} (have you run `kafka-storage.sh` to \
                         format the directory?)"
                    )));
                }
                Found::Formatted(properties) if properties.cluster_id.is_none() => {
                    return Err(OpenDirsError(format!("Error: cluster ID not found in {path}")));
                }
                Found::Formatted(_) | Found::Failed(_) => {}
            }
        }
        for directory in &self.layout.directories {
            let stray = directory.join(METADATA_DIRECTORY);
            if *directory != self.layout.metadata_directory
                && matches!(self.disk.entry(&stray), Ok(Some(_)))
            {
                return Err(OpenDirsError(format!(
                    "Found unexpected metadata location in data directory `{}` (the configured \
                     metadata directory is {}).",
                    stray.display(),
                    self.layout.metadata_directory.display()
                )));
            }
        }
        let cluster_id = formatted.into_iter().find_map(|(_, properties)| properties.cluster_id);
        Ok(cluster_id.expect("every formatted directory names its cluster: checked above"))
    }

    fn ids(&self) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for directory in &self.directories {
            if let Found::Formatted(properties) = &directory.found {
                ids.extend(properties.directory_id);
            }
        }
        ids
    }
}

fn take(disk: &dyn Disk, path: &Path) -> io::Result<Box<dyn Lock>> {
    partition_directory::create_durably(disk, path)?;
    disk.lock(&path.join(LOCK_FILE_NAME))
}

/// The opened log directories of a node.
#[derive(Clone, Debug)]
pub struct LogDirs {
    cluster_id: String,
    node_id: i32,
    directories: Vec<Arc<LogDir>>,
    metadata: Arc<LogDir>,
}

impl LogDirs {
    /// The cluster that the directories belong to.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The node that they belong to.
    #[must_use]
    pub fn node_id(&self) -> i32 {
        self.node_id
    }

    /// `log.dirs` in the configuration's order, those offline too.
    #[must_use]
    pub fn all(&self) -> &[Arc<LogDir>] {
        &self.directories
    }

    /// Those that work.
    pub fn online(&self) -> impl Iterator<Item = &Arc<LogDir>> {
        self.directories.iter().filter(|directory| directory.is_online())
    }

    /// The directory that holds the metadata log. Without it the node cannot live.
    #[must_use]
    pub fn metadata(&self) -> &Arc<LogDir> {
        &self.metadata
    }

    /// The directory with this id.
    #[must_use]
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<LogDir>> {
        self.directories.iter().find(|directory| directory.id() == id)
    }

    /// Where a new partition goes: the directory with the fewest partitions, of equals the first.
    /// `None` if all are offline or `count` leaves them out by `None` (cordoned).
    pub fn place(&self, count: impl Fn(&LogDir) -> Option<usize>) -> Option<&Arc<LogDir>> {
        let counted = self.online().filter_map(|directory| Some((count(directory)?, directory)));
        counted.min_by_key(|(count, _)| *count).map(|(_, directory)| directory)
    }

    /// The epoch to register with as "stopped cleanly": the one that all directories agree on.
    /// `None` where one is offline, was not stopped cleanly or says another.
    pub fn broker_epoch<'a>(&self, plans: impl IntoIterator<Item = &'a LoadPlan>) -> Option<i64> {
        let mut epochs = plans.into_iter().map(|plan| plan.broker_epoch);
        let first = epochs.next()??;
        let agree = epochs.all(|epoch| epoch == Some(first));
        (agree && self.directories.iter().all(|directory| directory.is_online())).then_some(first)
    }
}
