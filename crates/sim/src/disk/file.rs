//! Open files and held locks of a simulated disk.

use super::SimulatedDisk;
use super::content::pages_of;
use super::fault::Operation;
use super::tree::{Change, Inode};
use dohle_env::disk::{File, Lock, Open};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// An open file; it stays readable after its name is gone.
#[derive(Debug)]
pub(super) struct SimulatedFile {
    disk: SimulatedDisk,
    inode: Inode,
    /// As it was opened: what faults match and errors say.
    path: PathBuf,
    is_writable: bool,
}

/// What Linux answers (EBADF) when a file that was opened for reading is written.
const BAD_DESCRIPTOR: i32 = 9;

impl SimulatedFile {
    /// Owns a handle that was counted before.
    pub(super) fn new(disk: SimulatedDisk, inode: Inode, path: &Path, how: Open) -> Self {
        Self { disk, inode, path: path.to_owned(), is_writable: how != Open::Read }
    }

    fn check_writable(&self) -> io::Result<()> {
        let error = || Err(io::Error::from_raw_os_error(BAD_DESCRIPTOR));
        if self.is_writable { Ok(()) } else { error() }
    }
}

impl File for SimulatedFile {
    fn write_at(&self, position: u64, bytes: &[IoSlice<'_>]) -> io::Result<()> {
        self.check_writable()?;
        self.disk.state().write((self.inode, &self.path), position, bytes)
    }

    fn read_at(&self, position: u64, into: &mut [u8]) -> io::Result<usize> {
        self.disk.state().read((self.inode, &self.path), position, into)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.allow(Operation::Stat, &self.path)?;
        Ok(state.tree.file(self.inode)?.live.size_bytes())
    }

    fn has_name(&self) -> io::Result<bool> {
        let state = self.disk.state();
        let found = state.tree.find(&self.path);
        // Under the name that it was opened by, or another.
        Ok(matches!(found, Ok(Some(inode)) if inode == self.inode)
            || state.tree.is_named(self.inode))
    }

    fn set_size(&self, size_bytes: u64) -> io::Result<()> {
        self.check_writable()?;
        let mut state = self.disk.state();
        state.allow(Operation::SetSize, &self.path)?;
        state.tree.file_mut(self.inode)?.change(Change::SetSize(size_bytes));
        Ok(())
    }

    fn is_cached(&self, range: Range<u64>) -> bool {
        let state = self.disk.state();
        let pages = pages_of(&range);
        state.tree.file(self.inode).is_ok_and(|file| file.cold.range(pages).next().is_none())
    }

    /// Nothing to do: what was not synced may survive a crash anyway.
    fn start_writeback(&self, _range: Range<u64>) {}

    fn sync(&self) -> io::Result<()> {
        self.disk.state().sync((self.inode, &self.path))
    }

    fn set_read_only(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.allow(Operation::SetReadOnly, &self.path)?;
        state.tree.file_mut(self.inode)?.read_only = true;
        Ok(())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        self.disk.state().close(self.inode);
    }
}

/// A lock that is held.
pub(super) struct SimulatedLock {
    disk: SimulatedDisk,
    inode: Inode,
}

impl SimulatedLock {
    pub(super) fn new(disk: SimulatedDisk, inode: Inode) -> Self {
        Self { disk, inode }
    }
}

impl Lock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.inode);
    }
}
