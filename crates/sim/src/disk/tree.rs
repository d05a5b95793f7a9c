//! Files, directories and names: as programs see them, and as they would be found after a crash.
//!
//! Every node has two faces. *Live* is what calls see. *Durable* is what is on the medium for
//! certain. Between them lie, in the order they were made, the changes that no sync has covered:
//! per file its writes, and for the whole tree its changes of names.

use super::content::{Content, pages_of};
use super::defect::is_lost_rename;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

/// The number of a file or directory; a name points to it.
pub(super) type Inode = u64;
pub(super) const ROOT: Inode = 0;

/// The longest name in a directory, as Linux's file systems have it.
const NAME_BYTES_MAX: usize = 255;
/// Changes of names between two collections of nodes that nothing refers to.
const CHANGES_PER_SWEEP: u32 = 256;

/// A change of a file that no sync has covered.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { position: u64, bytes: Arc<[u8]> },
    SetSize(u64),
}

impl Change {
    pub(super) fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { position, bytes } => content.write(*position, bytes),
            Self::SetSize(size_bytes) => content.set_size(*size_bytes),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub(super) live: Content,
    pub(super) durable: Content,
    pub(super) unsynced: Vec<Change>,
    /// How many of those a flush should have covered, where flushes come late.
    pub(super) promised: usize,
    pub(super) read_only: bool,
    /// Pages that are not in the page cache.
    pub(super) cold: BTreeSet<u64>,
    pub(super) handles: u32,
}

impl FileNode {
    pub(super) fn change(&mut self, change: Change) {
        if let Change::Write { position, bytes } = &change {
            for page in pages_of(&(*position..*position + bytes.len() as u64)) {
                self.cold.remove(&page);
            }
        }
        change.apply(&mut self.live);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Empties the page cache of it.
    pub(super) fn cool(&mut self) {
        self.cold = self.live.page_numbers().collect();
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct DirectoryNode {
    pub(super) live: BTreeMap<String, Inode>,
    pub(super) durable: BTreeMap<String, Inode>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    File(FileNode),
    Directory(DirectoryNode),
}

/// A change of names that no sync has covered.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Link { directory: Inode, name: String, inode: Inode },
    Unlink { directory: Inode, name: String },
    Rename { from: (Inode, String), to: (Inode, String), inode: Inode },
}

impl NameChange {
    /// The directories whose names it changes; the same twice if it is one.
    pub(super) fn directories(&self) -> [Inode; 2] {
        match self {
            Self::Link { directory, .. } | Self::Unlink { directory, .. } => {
                [*directory, *directory]
            }
            Self::Rename { from, to, .. } => [from.0, to.0],
        }
    }

    fn inode(&self) -> Option<Inode> {
        match self {
            Self::Link { inode, .. } | Self::Rename { inode, .. } => Some(*inode),
            Self::Unlink { .. } => None,
        }
    }
}

/// The directory and the name that a path's last part stands for.
pub(super) struct Place {
    pub(super) directory: Inode,
    pub(super) name: String,
    pub(super) found: Option<Inode>,
}

#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) nodes: BTreeMap<Inode, Node>,
    pub(super) unsynced_names: Vec<NameChange>,
    next_inode: Inode,
    changes_since_sweep: u32,
}

/// The parts of `path`, from the root; `.` and `..` are resolved by name.
pub(super) fn parts_of(path: &Path) -> io::Result<Vec<&str>> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => {
                let part = part.to_str().ok_or(io::ErrorKind::InvalidInput)?;
                if part.len() > NAME_BYTES_MAX {
                    return Err(io::ErrorKind::InvalidFilename.into());
                }
                parts.push(part);
            }
            Component::ParentDir => drop(parts.pop()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Ok(parts)
}

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node::Directory(DirectoryNode::default());
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            unsynced_names: Vec::new(),
            next_inode: ROOT + 1,
            changes_since_sweep: 0,
        }
    }

    pub(super) fn directory(&self, inode: Inode) -> io::Result<&DirectoryNode> {
        match self.nodes.get(&inode) {
            Some(Node::Directory(directory)) => Ok(directory),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn directory_mut(&mut self, inode: Inode) -> &mut DirectoryNode {
        match self.nodes.get_mut(&inode) {
            Some(Node::Directory(directory)) => directory,
            Some(Node::File(_)) | None => unreachable!("names change only in directories"),
        }
    }

    pub(super) fn file(&self, inode: Inode) -> io::Result<&FileNode> {
        match self.nodes.get(&inode) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn file_mut(&mut self, inode: Inode) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn files_mut(&mut self) -> impl Iterator<Item = &mut FileNode> {
        self.nodes.values_mut().filter_map(|node| match node {
            Node::File(file) => Some(file),
            Node::Directory(_) => None,
        })
    }

    /// What `path` names; `None` if nothing.
    pub(super) fn find(&self, path: &Path) -> io::Result<Option<Inode>> {
        let mut inode = ROOT;
        for part in parts_of(path)? {
            match self.directory(inode)?.live.get(part) {
                Some(next) => inode = *next,
                None => return Ok(None),
            }
        }
        Ok(Some(inode))
    }

    /// Where `path` is or would be. `NotFound` if its directory is missing, `InvalidInput` for
    /// the root.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let parts = parts_of(path)?;
        let (name, above) = parts.split_last().ok_or(io::ErrorKind::InvalidInput)?;
        let mut directory = ROOT;
        for part in above {
            let next = self.directory(directory)?.live.get(*part);
            directory = *next.ok_or(io::ErrorKind::NotFound)?;
        }
        let found = self.directory(directory)?.live.get(*name).copied();
        Ok(Place { directory, name: (*name).to_owned(), found })
    }

    fn change_names(&mut self, change: NameChange) {
        self.apply_names(&change, |directory| &mut directory.live);
        self.unsynced_names.push(change);
        self.changes_since_sweep += 1;
        if self.changes_since_sweep >= CHANGES_PER_SWEEP {
            self.sweep();
        }
    }

    pub(super) fn apply_names(
        &mut self,
        change: &NameChange,
        face: fn(&mut DirectoryNode) -> &mut BTreeMap<String, Inode>,
    ) {
        match change {
            NameChange::Link { directory, name, inode } => {
                face(self.directory_mut(*directory)).insert(name.clone(), *inode);
            }
            NameChange::Unlink { directory, name } => {
                face(self.directory_mut(*directory)).remove(name);
            }
            NameChange::Rename { from, to, inode } => {
                face(self.directory_mut(from.0)).remove(&from.1);
                face(self.directory_mut(to.0)).insert(to.1.clone(), *inode);
            }
        }
    }

    /// Makes `node` and gives it the name of `place`.
    pub(super) fn link_new(&mut self, place: Place, node: Node) -> Inode {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.nodes.insert(inode, node);
        let Place { directory, name, found } = place;
        assert!(found.is_none(), "a new node takes a free name");
        self.change_names(NameChange::Link { directory, name, inode });
        inode
    }

    /// Whether any directory has the inode.
    pub(super) fn is_named(&self, inode: Inode) -> bool {
        self.nodes.values().any(|node| match node {
            Node::Directory(directory) => directory.live.values().any(|child| *child == inode),
            Node::File(_) => false,
        })
    }

    pub(super) fn unlink(&mut self, place: Place) {
        let Place { directory, name, .. } = place;
        self.change_names(NameChange::Unlink { directory, name });
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let source = self.place(from)?;
        let target = self.place(to)?;
        let inode = source.found.ok_or(io::ErrorKind::NotFound)?;
        if target.found == Some(inode) {
            return Ok(());
        }
        if parts_of(to)?.starts_with(&parts_of(from)?) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let moves_directory = self.directory(inode).is_ok();
        match target.found.map(|there| self.directory(there)) {
            None => {}
            Some(Err(_)) if moves_directory => return Err(io::ErrorKind::NotADirectory.into()),
            Some(Err(_)) => {}
            Some(Ok(_)) if !moves_directory => return Err(io::ErrorKind::IsADirectory.into()),
            Some(Ok(there)) if !there.live.is_empty() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            Some(Ok(_)) => {}
        }
        let from = (source.directory, source.name);
        let to = (target.directory, target.name);
        self.change_names(NameChange::Rename { from, to, inode });
        Ok(())
    }

    /// Removes what is in the directory, deepest first, each name as a change of its own.
    pub(super) fn clear_directory(&mut self, inode: Inode) -> io::Result<()> {
        let entries = self.directory(inode)?.live.clone();
        for (name, child) in entries {
            if self.directory(child).is_ok() {
                self.clear_directory(child)?;
            }
            self.change_names(NameChange::Unlink { directory: inode, name });
        }
        Ok(())
    }

    /// Makes the changes of names in `directory` durable, and those in other directories on which
    /// they rest (a rename from there, and all before it there). A node that loses renames loses
    /// those of checkpoints all the same.
    pub(super) fn sync_names(&mut self, directory: Inode, loses_renames: bool) {
        let mut directories = BTreeSet::from([directory]);
        let mut covered = vec![false; self.unsynced_names.len()];
        for (index, change) in self.unsynced_names.iter().enumerate().rev() {
            let touched = change.directories();
            if touched.iter().any(|inode| directories.contains(inode)) {
                directories.extend(touched);
                covered[index] = !(loses_renames && is_lost_rename(change));
            }
        }
        let changes = std::mem::take(&mut self.unsynced_names);
        for (change, covered) in changes.into_iter().zip(covered) {
            if covered {
                self.apply_names(&change, |directory| &mut directory.durable);
            } else {
                self.unsynced_names.push(change);
            }
        }
    }

    /// Makes all that is there durable.
    pub(super) fn sync_all(&mut self) {
        for change in std::mem::take(&mut self.unsynced_names) {
            self.apply_names(&change, |directory| &mut directory.durable);
        }
        self.files_mut().for_each(FileNode::sync);
    }

    /// Bytes of all files that have a name or a handle.
    pub(super) fn used_bytes(&self) -> u64 {
        let named = self.reachable(vec![ROOT], false);
        let used = self.nodes.iter().filter_map(|(inode, node)| match node {
            Node::File(file) if file.handles > 0 || named.contains(inode) => Some(file),
            Node::File(_) | Node::Directory(_) => None,
        });
        used.map(|file| file.live.allocated_bytes()).sum()
    }

    /// What the live names lead to from `roots`, or the live and the durable ones.
    fn reachable(&self, roots: Vec<Inode>, durable_too: bool) -> BTreeSet<Inode> {
        let mut reached = BTreeSet::new();
        let mut open = roots;
        while let Some(inode) = open.pop() {
            if !reached.insert(inode) {
                continue;
            }
            if let Some(Node::Directory(directory)) = self.nodes.get(&inode) {
                open.extend(directory.live.values());
                if durable_too {
                    open.extend(directory.durable.values());
                }
            }
        }
        reached
    }

    /// Forgets nodes that no name, handle or unsynced change refers to.
    pub(super) fn sweep(&mut self) {
        self.changes_since_sweep = 0;
        let mut roots = vec![ROOT];
        for change in &self.unsynced_names {
            roots.extend(change.directories());
            roots.extend(change.inode());
        }
        roots.extend(self.nodes.iter().filter_map(|(inode, node)| match node {
            Node::File(file) if file.handles > 0 => Some(*inode),
            Node::File(_) | Node::Directory(_) => None,
        }));
        let kept = self.reachable(roots, true);
        self.nodes.retain(|inode, _| kept.contains(inode));
    }
}
