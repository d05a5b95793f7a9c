//! Where a log lies, and what it shares with the other logs of its node.

use crate::limits::{FILES_OPEN_MAX, INDEX_BYTES_MAX};
use crate::partition_directory;
use crate::pool::Pool;
use crate::segment::Indexes;
use dohle_env::disk::{Disk, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What all logs of a node share: the disk, open files, loaded indexes.
pub struct Storage {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) files: Pool<Arc<dyn File>>,
    pub(crate) indexes: Pool<Arc<Indexes>>,
    /// What the tails of all logs hold.
    pub(crate) tail_bytes: Arc<AtomicUsize>,
}

impl Storage {
    /// Nothing open yet; the limits of [`crate::limits`], and not more files than the disk allows.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Arc<Self> {
        Self::with_limits(disk, FILES_OPEN_MAX, INDEX_BYTES_MAX)
    }

    /// Keeps at most `files_max` files open, nor more than the disk allows, and `index_bytes_max` bytes
    /// of sealed segments' indexes.
    #[must_use]
    pub fn with_limits(disk: Arc<dyn Disk>, files_max: usize, index_bytes_max: usize) -> Arc<Self> {
        let allowing = disk.clone();
        Arc::new(Self {
            disk,
            files: Pool::new(move || allowing.files_max().min(files_max)),
            indexes: Pool::new(move || index_bytes_max),
            tail_bytes: Arc::default(),
        })
    }

    /// Closes the files that the disk does not allow any more.
    pub fn close_surplus_files(&self) {
        self.files.shrink();
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }
}

/// One log's place.
pub struct Place {
    pub(crate) storage: Arc<Storage>,
    pub(crate) directory: PathBuf,
    /// `topic-partition`, for messages.
    pub(crate) name: String,
    /// The directory and its topic id may not survive a crash yet: nothing in it counts as flushed
    /// before they do.
    is_new: AtomicBool,
}

impl Place {
    /// The log of `name` (`topic-partition`) in `directory`.
    #[must_use]
    pub fn new(
        storage: Arc<Storage>,
        directory: impl Into<PathBuf>,
        name: impl Into<String>,
    ) -> Arc<Self> {
        let is_new = AtomicBool::new(false);
        Arc::new(Self { storage, directory: directory.into(), name: name.into(), is_new })
    }

    /// Says that the directory was just made, or that nobody knows that it was ever flushed: see
    /// [`Place::make_durable`].
    pub fn set_new(&self) {
        self.is_new.store(true, Ordering::Release);
    }

    /// Makes the directories of new places survive a crash, those that do not yet. All must lie in
    /// one log directory. A flush does the same for its log.
    ///
    /// # Errors
    /// The disk's; `NotFound` where a directory has another name by now.
    pub fn make_durable(places: &[Arc<Self>]) -> io::Result<()> {
        let is_new = |place: &&Arc<Self>| place.is_new.load(Ordering::Acquire);
        let new: Vec<&Arc<Self>> = places.iter().filter(is_new).collect();
        let Some(first) = new.first() else { return Ok(()) };
        let directories: Vec<&Path> = new.iter().map(|place| &*place.directory).collect();
        partition_directory::make_durable(first.disk(), &directories)?;
        new.iter().for_each(|place| place.is_new.store(false, Ordering::Release));
        Ok(())
    }

    /// The partition's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `topic-partition`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.storage.disk
    }

    /// The path of the file `<20 digits><suffix>`.
    pub(crate) fn path(&self, offset: i64, suffix: &str) -> PathBuf {
        self.directory.join(file_name(offset, suffix))
    }
}

/// Suffixes of the files of a log.
pub(crate) mod suffix {
    pub(crate) const LOG: &str = ".log";
    pub(crate) const OFFSET_INDEX: &str = ".index";
    /// What an offset index is called until it is whole.
    pub(crate) const NEW_OFFSET_INDEX: &str = ".index.tmp";
    pub(crate) const TIME_INDEX: &str = ".timeindex";
    pub(crate) const TRANSACTION_INDEX: &str = ".txnindex";
    pub(crate) const SNAPSHOT: &str = ".snapshot";
    pub(crate) const DELETED: &str = ".deleted";
    pub(crate) const CLEANED: &str = ".cleaned";
    pub(crate) const SWAP: &str = ".swap";
    /// The four files of a segment.
    pub(crate) const SEGMENT: [&str; 4] = [LOG, OFFSET_INDEX, TIME_INDEX, TRANSACTION_INDEX];
}

/// `<20 digits><suffix>`, as Kafka names the files of a segment.
pub(crate) fn file_name(offset: i64, suffix: &str) -> String {
    format!("{offset:020}{suffix}")
}

/// The offset that a file name begins with.
pub(crate) fn offset_of(name: &str) -> Option<i64> {
    let (digits, _) = name.split_once('.')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
