//! A disk in memory that loses, tears and flips what real ones do.
//!
//! Every change is seen by readers at once and is remembered as unsynced until `sync` (a file's
//! content) or `sync_directory` (names) covers it. [`SimulatedDisk::crash`] gives a disk as power
//! loss could leave it: all that was synced, and a part of the rest that the seed picks.
//! [`SimulatedDisk::kill`] gives the disk as the end of the process leaves it: all is there, still
//! unsynced, and no lock is held.
//!
//! ```text
//! for seed in 0..10 {
//!     for point in 0.. {
//!         let disk = prepared.fork();
//!         disk.lose_power_after(point);
//!         let result = workload(&disk);          // every call past the point fails
//!         check(&disk.crash(seed));
//!         if result.is_ok() { break; }
//!     }
//! }
//! ```

mod content;
mod crash;
mod defect;
mod fault;
mod file;
mod state;
mod tree;

pub use defect::Defect;
pub use fault::{Costs, Counts, Fault, Operation};

use crate::random::Generator;
use crate::trace::Trace;
use dohle_env::disk::{Disk, Entry, File, Lock, Open, Space};
use file::{SimulatedFile, SimulatedLock};
use state::State;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tree::{Change, FileNode, Node};

/// A disk in memory. Cloning shares it; [`fork`](Self::fork) copies it.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimulatedDisk {
    /// An empty disk of 1 TiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// An empty disk whose faults (how much of a failed write is there) draw from `seed`.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self::of(State::new(seed))
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy with everything, unsynced changes, faults and counts too; no file of it is open and
    /// none locked. It costs a pointer per page.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut state = self.state().clone();
        state.locked.clear();
        state.tree.files_mut().for_each(|file| file.handles = 0);
        Self::of(state)
    }

    /// The disk after the process was killed: all is there, what was unsynced still is, locks are
    /// free. Faults are gone and counts begin at zero; capacity and costs stay. `self` stays as it
    /// is: what the dead process still does to it is not seen here.
    #[must_use]
    pub fn kill(&self) -> Self {
        let disk = self.fork();
        let mut state = disk.state();
        state.faults.clear();
        state.counts = Counts::default();
        state.changes_left = None;
        state.has_lost_power = false;
        state.spent = Duration::ZERO;
        if state.defect == Some(Defect::EarlyAcknowledgement) {
            state.tree.forget_newest_writes();
        }
        drop(state);
        disk
    }

    /// The disk after power loss, as [`kill`](Self::kill) otherwise: what was synced, and a part
    /// of the rest that `seed` picks. Nothing is in the page cache.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let disk = self.kill();
        disk.state().tree.lose_power(&mut Generator::named(seed, "crash"));
        disk
    }

    /// Lets `changes` more operations that change something take effect (see
    /// [`Operation::changes`]); from the next one on every call fails and has no effect.
    pub fn lose_power_after(&self, changes: u64) {
        self.state().changes_left = Some(changes);
    }

    /// Whether the point of [`lose_power_after`](Self::lose_power_after) was reached.
    #[must_use]
    pub fn has_lost_power(&self) -> bool {
        self.state().has_lost_power
    }

    /// Plays a node with this bug from now on, over kills and power losses.
    pub fn set_defect(&self, defect: Defect) {
        self.state().defect = Some(defect);
    }

    /// Adds a rule. Of several that match one operation, the first added strikes.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Forgets all rules.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Room for all files together, rounded up to pages. A write that does not fit leaves what
    /// does and fails with `StorageFull`.
    pub fn set_capacity(&self, capacity_bytes: u64) {
        self.state().capacity_bytes = capacity_bytes;
    }

    /// Lets `free_bytes` more be written.
    pub fn set_free(&self, free_bytes: u64) {
        let mut state = self.state();
        state.capacity_bytes = state.tree.used_bytes() + free_bytes;
    }

    /// What all files take together, rounded up to pages.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state().tree.used_bytes()
    }

    /// What operations cost from now on.
    pub fn set_costs(&self, costs: Costs) {
        self.state().costs = costs;
    }

    /// The virtual time that operations took since this was last asked.
    #[must_use]
    pub fn take_spent(&self) -> Duration {
        std::mem::take(&mut self.state().spent)
    }

    /// Writes every change down in `trace`, as one of `name`.
    pub fn trace_into(&self, trace: Trace, name: &str) {
        self.state().trace = Some((trace, name.to_owned()));
    }

    /// How often each operation was asked for.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// Empties the page cache: `is_cached` is false until something is read or written again.
    pub fn drop_caches(&self) {
        self.state().tree.files_mut().for_each(FileNode::cool);
    }

    /// Makes all that is there durable, as `sync(2)` does and the kernel by itself after a while.
    pub fn sync_all(&self) {
        self.state().tree.sync_all();
    }

    /// Whether a power loss now could lose anything.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        let mut state = self.state();
        let names = !state.tree.unsynced_names.is_empty();
        names || state.tree.files_mut().any(|file| !file.unsynced.is_empty())
    }

    /// Turns bit `bit` (0 to 7) of the byte at `position` over, on the medium and for readers, as
    /// decay does. `UnexpectedEof` if the file has no such byte.
    pub fn flip_bit(&self, path: &Path, position: u64, bit: u8) -> io::Result<()> {
        let mut state = self.state();
        let inode = state.tree.find(path)?.ok_or(io::ErrorKind::NotFound)?;
        let file = state.tree.file_mut(inode)?;
        file.durable.flip_bit(position, bit);
        if file.live.flip_bit(position, bit) {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// The content of the file at `path` as programs see it, uncounted and without faults.
    pub fn content(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let inode = state.tree.find(path)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(state.tree.file(inode)?.live.to_vec())
    }

    /// The part of the file at `path` that surely survives a crash, if its name does.
    pub fn durable_content(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let inode = state.tree.find(path)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(state.tree.file(inode)?.durable.to_vec())
    }

    /// Puts a file there, durable with its name and all above it; for preparing tests. Neither
    /// counted nor bound by faults and capacity.
    pub fn put(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if let Some(parent) = path.parent() {
            state.make_directories(parent)?;
        }
        let place = state.tree.place(path)?;
        let inode = match place.found {
            Some(inode) => inode,
            None => state.tree.link_new(place, Node::File(FileNode::default())),
        };
        let file = state.tree.file_mut(inode)?;
        file.change(Change::SetSize(0));
        file.change(Change::Write { position: 0, bytes: content.into() });
        file.sync();
        for directory in path.ancestors().skip(1) {
            if let Some(inode) = state.tree.find(directory)? {
                state.tree.sync_names(inode, false);
            }
        }
        Ok(())
    }

    /// Every path, sorted: directories with a `/` at the end, files with their size.
    #[must_use]
    pub fn paths(&self) -> Vec<(String, u64)> {
        let state = self.state();
        let mut paths = Vec::new();
        let mut open = vec![(tree::ROOT, String::new())];
        while let Some((inode, path)) = open.pop() {
            match state.tree.nodes.get(&inode) {
                Some(Node::File(file)) => paths.push((path, file.live.size_bytes())),
                Some(Node::Directory(directory)) => {
                    let children = directory.live.iter();
                    open.extend(children.map(|(name, child)| (*child, format!("{path}/{name}"))));
                    paths.push((format!("{path}/"), 0));
                }
                None => {}
            }
        }
        paths.sort();
        paths
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>> {
        let inode = self.state().open(path, how)?;
        Ok(Arc::new(SimulatedFile::new(self.clone(), inode, path, how)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        self.state().list(directory)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        self.state().entry(path)
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::CreateDirectories, path)?;
        state.make_directories(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::Rename, from)?;
        state.note_swap(from);
        state.tree.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::RemoveFile, path)?;
        let place = state.tree.place(path)?;
        let inode = place.found.ok_or(io::ErrorKind::NotFound)?;
        state.tree.file(inode)?;
        state.tree.unlink(place);
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::RemoveDirectory, path)?;
        let place = state.tree.place(path)?;
        let inode = place.found.ok_or(io::ErrorKind::NotFound)?;
        state.tree.clear_directory(inode)?;
        state.tree.unlink(place);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::SyncDirectory, directory)?;
        let inode = state.tree.find(directory)?.ok_or(io::ErrorKind::NotFound)?;
        state.tree.directory(inode)?;
        let loses_renames = state.defect == Some(Defect::LostRename);
        state.tree.sync_names(inode, loses_renames);
        Ok(())
    }

    fn sync_tree(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.allow(Operation::SyncTree, directory)?;
        state.tree.sync_all();
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut state = self.state();
        state.allow(Operation::Lock, path)?;
        let inode = state.open(path, Open::Create)?;
        state.close(inode);
        if !state.locked.insert(inode) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(state);
        Ok(Box::new(SimulatedLock::new(self.clone(), inode)))
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.state();
        let used = state.tree.used_bytes();
        let total_bytes = state.capacity_bytes;
        Ok(Space { total_bytes, usable_bytes: total_bytes.saturating_sub(used) })
    }
}
