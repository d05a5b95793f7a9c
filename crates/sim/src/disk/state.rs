//! All that a disk is made of, behind its one lock.

use super::content::pages_of;
use super::crash::keep_some;
use super::defect::{self, Defect};
use super::fault::{Costs, Counts, Fault, Operation, What};
use super::tree::{Change, DirectoryNode, FileNode, Inode, Node, Place, ROOT, Tree, parts_of};
use crate::random::Generator;
use crate::trace::Trace;
use dohle_env::disk::{Entry, Open};
use std::collections::BTreeSet;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) locked: BTreeSet<Inode>,
    pub(super) capacity_bytes: u64,
    pub(super) faults: Vec<Fault>,
    pub(super) counts: Counts,
    /// Changes that still take effect before the power is lost.
    pub(super) changes_left: Option<u64>,
    pub(super) has_lost_power: bool,
    pub(super) costs: Costs,
    pub(super) spent: Duration,
    /// The bug that the node seems to have.
    pub(super) defect: Option<Defect>,
    /// Only for what faults leave behind.
    random: Generator,
    /// Where changes are written down, and whose they are.
    pub(super) trace: Option<(Trace, String)>,
}

/// What becomes of an operation that is about to begin.
enum Verdict {
    Go,
    FlipBit,
    FlipCheckedBit,
    /// It fails and may leave a part of what it should have done.
    Fail(io::Error),
    /// It fails and has no effect.
    Off(io::Error),
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            tree: Tree::new(),
            locked: BTreeSet::new(),
            capacity_bytes: 1 << 40,
            faults: Vec::new(),
            counts: Counts::default(),
            changes_left: None,
            has_lost_power: false,
            costs: Costs::default(),
            spent: Duration::ZERO,
            defect: None,
            random: Generator::named(seed, "disk"),
            trace: None,
        }
    }

    fn begin(&mut self, operation: Operation, path: &Path) -> Verdict {
        let changes = operation.changes();
        if changes && let Some(left) = self.changes_left {
            self.has_lost_power |= left == 0;
            self.changes_left = Some(left.saturating_sub(1));
        }
        if self.has_lost_power {
            let message = format!("power lost before {operation:?} {}", path.display());
            return Verdict::Off(io::Error::other(message));
        }
        self.counts.count(operation);
        if changes && let Some((trace, name)) = &self.trace {
            trace.line(format_args!("{name} disk {operation:?} {}", path.display()));
        }
        let syncs = [Operation::Sync, Operation::SyncDirectory, Operation::SyncTree];
        let is_sync = syncs.contains(&operation);
        self.spent += if is_sync { self.costs.sync } else { self.costs.operation };
        let text = path.to_string_lossy();
        let mut faults = self.faults.iter_mut();
        let Some(what) = faults.find_map(|fault| fault.strike(operation, &text)) else {
            return Verdict::Go;
        };
        self.counts.faults += 1;
        match what {
            What::FlipBit => Verdict::FlipBit,
            What::FlipCheckedBit => Verdict::FlipCheckedBit,
            What::Error(kind) => {
                let message = format!("injected: {operation:?} {text}: {kind}");
                Verdict::Fail(io::Error::new(kind, message))
            }
            What::Slow(time) => {
                self.spent += time;
                Verdict::Go
            }
        }
    }

    /// A file is about to get another name: says that a compacted segment comes into its place.
    pub(super) fn note_swap(&mut self, from: &Path) {
        if self.defect == Some(Defect::CarelessCleaner)
            && defect::is_cleaned_log(from)
            && let Ok(Place { found: Some(inode), .. }) = self.tree.place(from)
            && let Ok(file) = self.tree.file_mut(inode)
        {
            file.empty_last_batch();
        }
        if let Some((trace, _)) = &self.trace
            && from.to_string_lossy().ends_with(".log.swap")
        {
            trace.sometimes("compacted segment put in place");
        }
    }

    /// Counts an operation that has no effect when it fails.
    pub(super) fn allow(&mut self, operation: Operation, path: &Path) -> io::Result<()> {
        match self.begin(operation, path) {
            Verdict::Go | Verdict::FlipBit | Verdict::FlipCheckedBit => Ok(()),
            Verdict::Fail(error) | Verdict::Off(error) => Err(error),
        }
    }

    /// Finds or makes the file and counts a handle.
    pub(super) fn open(&mut self, path: &Path, how: Open) -> io::Result<Inode> {
        let inode = match self.tree.place(path) {
            Ok(Place { found: Some(inode), .. }) => {
                self.allow(Operation::Open, path)?;
                inode
            }
            Ok(place) if matches!(how, Open::Create | Open::Truncate) => {
                self.allow(Operation::Create, path)?;
                self.tree.link_new(place, Node::File(FileNode::default()))
            }
            Ok(_) => {
                self.allow(Operation::Open, path)?;
                return Err(io::ErrorKind::NotFound.into());
            }
            Err(error) => return Err(error),
        };
        let file = self.tree.file(inode)?;
        if file.read_only && how != Open::Read {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if how == Open::Truncate && file.live.size_bytes() > 0 {
            self.allow(Operation::SetSize, path)?;
            self.tree.file_mut(inode)?.change(Change::SetSize(0));
        }
        self.tree.file_mut(inode)?.handles += 1;
        Ok(inode)
    }

    pub(super) fn close(&mut self, inode: Inode) {
        if let Ok(file) = self.tree.file_mut(inode) {
            file.handles = file.handles.saturating_sub(1);
        }
    }

    fn entry_of(&self, name: &str, inode: Inode) -> Entry {
        let name = name.to_owned();
        match self.tree.file(inode) {
            Ok(file) => Entry { name, is_directory: false, size_bytes: file.live.size_bytes() },
            Err(_) => Entry { name, is_directory: true, size_bytes: 0 },
        }
    }

    pub(super) fn list(&mut self, directory: &Path) -> io::Result<Vec<Entry>> {
        self.allow(Operation::List, directory)?;
        let inode = self.tree.find(directory)?.ok_or(io::ErrorKind::NotFound)?;
        let names = &self.tree.directory(inode)?.live;
        Ok(names.iter().map(|(name, inode)| self.entry_of(name, *inode)).collect())
    }

    pub(super) fn entry(&mut self, path: &Path) -> io::Result<Option<Entry>> {
        self.allow(Operation::Stat, path)?;
        let found = self.tree.find(path)?;
        let name = parts_of(path)?.last().copied().unwrap_or("");
        Ok(found.map(|inode| self.entry_of(name, inode)))
    }

    pub(super) fn make_directories(&mut self, path: &Path) -> io::Result<()> {
        let mut directory = ROOT;
        for part in parts_of(path)? {
            let name = part.to_owned();
            directory = match self.tree.directory(directory)?.live.get(part) {
                Some(found) => *found,
                None => {
                    let node = Node::Directory(DirectoryNode::default());
                    self.tree.link_new(Place { directory, name, found: None }, node)
                }
            };
        }
        self.tree.directory(directory).map(|_| ())
    }

    pub(super) fn write(
        &mut self,
        (inode, path): (Inode, &Path),
        position: u64,
        slices: &[IoSlice<'_>],
    ) -> io::Result<()> {
        let verdict = self.begin(Operation::Write, path);
        if let Verdict::Off(error) = verdict {
            return Err(error);
        }
        let mut bytes = Vec::with_capacity(slices.iter().map(|slice| slice.len()).sum());
        slices.iter().for_each(|slice| bytes.extend_from_slice(slice));
        if self.defect == Some(Defect::ForgottenProducers) {
            bytes = defect::without_producers(path, bytes);
        }
        self.counts.written_bytes += bytes.len() as u64;
        self.spent += self.costs.write_kib * u32::try_from(bytes.len() >> 10).unwrap_or(u32::MAX);
        let mut result = Ok(());
        if let Verdict::Fail(error) = verdict {
            bytes.truncate(self.random.index(bytes.len() + 1));
            result = Err(error);
        }
        let end = position.checked_add(bytes.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        let fitting = self.fitting_bytes(inode, &(position..end))?;
        if fitting < bytes.len() {
            bytes.truncate(fitting);
            self.counts.unfit += 1;
            result = Err(io::ErrorKind::StorageFull.into());
        }
        if !bytes.is_empty() {
            if let Some((trace, _)) = &self.trace {
                trace.note_bytes(&[6, position, bytes.len() as u64], &bytes);
            }
            let change = Change::Write { position, bytes: bytes.into() };
            self.tree.file_mut(inode)?.change(change);
        }
        result
    }

    /// How many bytes of `range` there is room for.
    fn fitting_bytes(&self, inode: Inode, range: &Range<u64>) -> io::Result<usize> {
        let file = self.tree.file(inode)?;
        let whole = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let growth = file.live.growth_bytes(range);
        // Without a small capacity, the sum over all files is never made.
        if growth == 0 || self.capacity_bytes >= 1 << 40 {
            return Ok(whole);
        }
        let mut free = self.capacity_bytes.saturating_sub(self.tree.used_bytes());
        let mut end = range.start;
        for page in pages_of(range) {
            let page_end = range.end.min((page + 1) * super::content::PAGE_BYTES);
            let needed = file.live.growth_bytes(&(end..page_end));
            if needed > free {
                break;
            }
            free -= needed;
            end = page_end;
        }
        usize::try_from(end - range.start).map_err(io::Error::other)
    }

    pub(super) fn read(
        &mut self,
        (inode, path): (Inode, &Path),
        position: u64,
        into: &mut [u8],
    ) -> io::Result<usize> {
        let verdict = self.begin(Operation::Read, path);
        if let Verdict::Fail(error) | Verdict::Off(error) = verdict {
            return Err(error);
        }
        let file = self.tree.file_mut(inode)?;
        let length = file.live.read(position, into);
        if self.defect == Some(Defect::UncheckedCrc) && defect::is_log(path) {
            file.mend_checksums(position, &mut into[..length]);
        }
        let pages = pages_of(&(position..position + length as u64));
        let cold: Vec<u64> = file.cold.range(pages).copied().collect();
        for page in &cold {
            file.cold.remove(page);
        }
        self.spent += self.costs.cold_page * u32::try_from(cold.len()).unwrap_or(u32::MAX);
        self.counts.read_bytes += length as u64;
        if length > 0 && matches!(verdict, Verdict::FlipBit | Verdict::FlipCheckedBit) {
            let mut at = self.random.index(length);
            if matches!(verdict, Verdict::FlipCheckedBit) {
                let checked = self.tree.file(inode)?.checked_from(position + at as u64);
                at = usize::try_from(checked - position).map_err(io::Error::other)?;
            }
            let bit = 1 << self.random.below(8);
            into[..length].get_mut(at).into_iter().for_each(|byte| *byte ^= bit);
        }
        Ok(length)
    }

    /// A sync that fails keeps a random part of what it should have, and nobody will try again:
    /// the kernel has marked the pages clean.
    pub(super) fn sync(&mut self, (inode, path): (Inode, &Path)) -> io::Result<()> {
        match self.begin(Operation::Sync, path) {
            Verdict::Go | Verdict::FlipBit | Verdict::FlipCheckedBit => {
                let is_late =
                    self.defect == Some(Defect::UncommittedAnswers) && defect::is_log(path);
                let file = self.tree.file_mut(inode)?;
                if is_late {
                    file.sync_late()
                } else {
                    file.sync()
                }
                Ok(())
            }
            Verdict::Fail(error) => {
                let file = self.tree.file_mut(inode)?;
                let unsynced = std::mem::take(&mut file.unsynced);
                keep_some(&mut file.durable, &unsynced, &mut self.random);
                Err(error)
            }
            Verdict::Off(error) => Err(error),
        }
    }
}
