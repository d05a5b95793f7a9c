//! Files and directories.
//!
//! Calls block on purpose: who calls decides on which thread. The simulated disk takes effect at
//! once and remembers what was synced, so that a crash can lose, tear or reorder the rest.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must exist; it is only read.
    Read,
    /// It must exist; read and written.
    Write,
    /// Made if it is missing; read and written; what is in it stays.
    Create,
    /// Made if it is missing; emptied if not.
    Truncate,
}

/// What a directory holds under one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name in the directory. Names that are not UTF-8 are left out of a listing.
    pub name: String,
    /// A directory or a file.
    pub is_directory: bool,
    /// Bytes of a file; 0 for a directory.
    pub size_bytes: u64,
}

/// Sizes of the file system below a path, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The whole file system.
    pub total_bytes: u64,
    /// What this process may still use.
    pub usable_bytes: u64,
}

/// Whether a file cannot be opened because too many are open: by this process (`EMFILE`) or by all
/// (`ENFILE`).
#[must_use]
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    /// Linux's numbers, the same on every architecture.
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// A tree of directories.
pub trait Disk: Send + Sync {
    /// How many files may be kept open right now, so that others can still be opened: a part of the
    /// descriptors that the process may have, and less where connections need them.
    fn files_max(&self) -> usize {
        usize::MAX
    }

    /// The path from the root on, as Java writes it: `.` and `..` stay. A disk on which nothing is
    /// relative gives the path itself.
    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    /// Opens a file. `NotFound` where `how` asks for one that exists.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>>;

    /// What lies in `directory`, sorted by name.
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>>;

    /// What lies at `path`; `None` if nothing does.
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>>;

    /// Makes a directory and all above it. No error if it is there.
    fn create_directories(&self, path: &Path) -> io::Result<()>;

    /// Atomically gives `from` the name `to`, replacing a file there. Survives a crash once the
    /// directory is synced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and all in it.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in `directory` (creations, renames, removals) survive a crash.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Makes all that was written in and below `directory` survive a crash, names and contents, and
    /// perhaps what others wrote on the same file system: one wait where syncs of hundreds of files
    /// would be hundreds. Like a sync, it is never tried again after a failure.
    fn sync_tree(&self, directory: &Path) -> io::Result<()>;

    /// Takes an exclusive lock on the file `path` (made if missing), for as long as the answer
    /// lives. `WouldBlock` if another process has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;

    /// Space on the file system that holds `path`.
    fn space(&self, path: &Path) -> io::Result<Space>;
}

/// Held while alive; released on drop.
pub trait Lock: Send + Sync {}

/// An open file. All methods take positions, so one handle serves all threads.
pub trait File: Send + Sync {
    /// Writes all of `bytes` at `position`, one after another, or fails. After a failure any part
    /// may have been written.
    fn write_at(&self, position: u64, bytes: &[IoSlice<'_>]) -> io::Result<()>;

    /// Reads at `position`; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, position: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Bytes in the file.
    fn size_bytes(&self) -> io::Result<u64>;

    /// Cuts the file to, or fills it with zeros up to, `size_bytes`.
    fn set_size(&self, size_bytes: u64) -> io::Result<()>;

    /// Whether reading `range` would not wait for the disk. A guess is allowed.
    fn is_cached(&self, range: Range<u64>) -> bool;

    /// Asks the kernel to begin writing `range` to the disk, without waiting.
    fn start_writeback(&self, range: Range<u64>);

    /// Makes all that was written survive a crash (fdatasync). A failure is final: what was
    /// written before may be lost although a later call succeeds, so it is never retried.
    fn sync(&self) -> io::Result<()>;

    /// Whether the file still has a name. One that was removed lives on for who has it open, and no
    /// longer.
    fn has_name(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// Forbids writing from now on (mode 0400), as Kafka does with finished snapshots.
    fn set_read_only(&self) -> io::Result<()>;

    /// The kernel's handle, if there is one: what `sendfile` needs.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// Reads exactly `into.len()` bytes at `position`; `UnexpectedEof` if the file ends before.
pub fn read_exact_at(file: &dyn File, position: u64, into: &mut [u8]) -> io::Result<()> {
    if file.read_at(position, into)? == into.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// The whole content of the file at `path`.
pub fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, Open::Read)?;
    let size = usize::try_from(file.size_bytes()?).map_err(io::Error::other)?;
    let mut content = vec![0; size];
    read_exact_at(&*file, 0, &mut content)?;
    Ok(content)
}

/// Replaces the file at `path` so that after a crash either the old or the new content is there:
/// written beside it as `<name>.tmp`, synced, renamed, directory synced.
pub fn replace_file(disk: &dyn Disk, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let file = disk.open(temporary, Open::Truncate)?;
    file.write_at(0, &[IoSlice::new(content)])?;
    file.sync()?;
    disk.rename(temporary, path)?;
    match path.parent() {
        Some(directory) => disk.sync_directory(directory),
        None => Ok(()),
    }
}
