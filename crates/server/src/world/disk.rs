//! The machine's files.

use super::cached;
use super::counters::{self, Call};
use super::descriptors::{self, Counted};
use dohle_env::disk::{Disk, Entry, File, Lock, Open, Space};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::Mode;
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, OpenOptions};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most slices that the kernel takes at once (`UIO_MAXIOV`).
const SLICES_MAX: usize = 1024;

/// The machine's file systems.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn files_max(&self) -> usize {
        descriptors::for_files()
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        // A working directory that was removed has no name: the path stays as it is.
        let Ok(directory) = std::env::current_dir() else { return path.to_path_buf() };
        let joined = directory.join(path);
        let mut absolute = OsString::new();
        for part in joined.as_os_str().as_bytes().split(|byte| *byte == b'/') {
            if !part.is_empty() {
                absolute.push("/");
                absolute.push(OsStr::from_bytes(part));
            }
        }
        if absolute.is_empty() { PathBuf::from("/") } else { PathBuf::from(absolute) }
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => &mut options,
            Open::Write => options.write(true),
            Open::Create => options.write(true).create(true).truncate(false),
            Open::Truncate => options.write(true).create(true).truncate(true),
        };
        let descriptor = options.open(path)?.into();
        Ok(Arc::new(RealFile { descriptor, _counted: Counted::file() }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                entries.push(Entry { name, is_directory: true, size_bytes: 0 });
                continue;
            }
            let found = if kind.is_symlink() {
                self.entry(&entry.path())?.map(|found| Entry { name, ..found })
            } else {
                // By the open directory: its path is not walked again for each of its files.
                let of = there(entry.metadata())?;
                of.map(|of| Entry { name, is_directory: false, size_bytes: of.len() })
            };
            // `None`: removed since the directory was read.
            entries.extend(found);
        }
        entries.sort();
        Ok(entries)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        let Some(metadata) = there(std::fs::metadata(path))? else { return Ok(None) };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_directory = metadata.is_dir();
        let size_bytes = if is_directory { 0 } else { metadata.len() };
        Ok(Some(Entry { name, is_directory, size_bytes }))
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        counters::count(Call::Sync);
        std::fs::File::open(directory)?.sync_all()
    }

    fn sync_tree(&self, directory: &Path) -> io::Result<()> {
        counters::count(Call::Sync);
        Ok(rustix::fs::syncfs(std::fs::File::open(directory)?)?)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        cached::try_lock(&file)?;
        Ok(Box::new(RealLock { _held: file }))
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let found = rustix::fs::statvfs(path)?;
        Ok(Space {
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
            usable_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }
}

/// `None` for what is not there.
fn there(found: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// The lock is the open file's: closing it releases.
struct RealLock {
    _held: std::fs::File,
}

impl Lock for RealLock {}

struct RealFile {
    descriptor: OwnedFd,
    _counted: Counted,
}

impl RealFile {
    /// Writes some of `bytes`; returns how much.
    fn write_some(&self, position: u64, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        let batch = &bytes[..bytes.len().min(SLICES_MAX)];
        loop {
            counters::count(Call::Write);
            match rustix::io::pwritev(&self.descriptor, batch, position) {
                Err(Errno::INTR) => {}
                written => return Ok(written?),
            }
        }
    }
}

impl File for RealFile {
    fn write_at(&self, mut position: u64, bytes: &[IoSlice<'_>]) -> io::Result<()> {
        let total: usize = bytes.iter().map(|slice| slice.len()).sum();
        if total == 0 {
            return Ok(());
        }
        let mut written = self.write_some(position, bytes)?;
        if written == total {
            return Ok(());
        }
        // Rare: more slices than one call takes, or the kernel stopped half-way.
        let mut left = total;
        let mut rest = bytes.to_vec();
        let mut rest = &mut rest[..];
        loop {
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            position += written as u64;
            left -= written;
            IoSlice::advance_slices(&mut rest, written);
            if left == 0 {
                return Ok(());
            }
            written = self.write_some(position, rest)?;
        }
    }

    fn read_at(&self, mut position: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            counters::count(Call::Read);
            match rustix::io::pread(&self.descriptor, &mut into[filled..], position) {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    position += read as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filled)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        let size = rustix::fs::fstat(&self.descriptor)?.st_size;
        u64::try_from(size).map_err(io::Error::other)
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.descriptor)?.st_nlink != 0)
    }

    fn set_size(&self, size_bytes: u64) -> io::Result<()> {
        loop {
            match rustix::fs::ftruncate(&self.descriptor, size_bytes) {
                Err(Errno::INTR) => {}
                done => return Ok(done?),
            }
        }
    }

    fn is_cached(&self, range: Range<u64>) -> bool {
        counters::count(Call::ProbeCache);
        cached::is_cached(self.descriptor.as_fd(), &range)
    }

    fn start_writeback(&self, range: Range<u64>) {
        counters::count(Call::StartWriteback);
        cached::start_writeback(self.descriptor.as_fd(), &range);
    }

    fn sync(&self) -> io::Result<()> {
        counters::count(Call::Sync);
        Ok(rustix::fs::fdatasync(&self.descriptor)?)
    }

    fn set_read_only(&self) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.descriptor, Mode::RUSR)?)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.descriptor.as_fd())
    }
}
