//! What a disk may hold after power loss: all that was synced, and any part of the rest.

use super::content::Content;
use super::tree::{Change, FileNode, Inode, NameChange, Node, Tree};
use crate::random::Generator;
use std::collections::BTreeMap;

/// What a disk writes as a whole, at least.
const SECTOR_BYTES: u64 = 512;

impl Tree {
    /// Loses what `random` picks of the unsynced changes. What is left is durable.
    pub(super) fn lose_power(&mut self, random: &mut Generator) {
        let changes = std::mem::take(&mut self.unsynced_names);
        for change in surviving_names(changes, random) {
            self.apply_names(&change, |directory| &mut directory.durable);
        }
        for node in self.nodes.values_mut() {
            match node {
                Node::File(file) => lose_content(file, random),
                Node::Directory(directory) => directory.live.clone_from(&directory.durable),
            }
        }
        self.sweep();
    }
}

/// Changes of names survive in order: those before some point of the journal, or, where the file
/// system orders each directory alone, those before a point of each directory. A rename between
/// two directories survives in both or in none.
fn surviving_names(changes: Vec<NameChange>, random: &mut Generator) -> Vec<NameChange> {
    if random.one_in(2) {
        let kept = random.index(changes.len() + 1);
        return changes.into_iter().take(kept).collect();
    }
    let mut counts: BTreeMap<Inode, u64> = BTreeMap::new();
    for directory in changes.iter().flat_map(NameChange::directories) {
        *counts.entry(directory).or_default() += 1;
    }
    let mut left: BTreeMap<Inode, u64> =
        counts.into_iter().map(|(inode, count)| (inode, random.below(count + 1))).collect();
    let survives = |change: &NameChange| {
        let directories = change.directories();
        let kept = directories.iter().all(|inode| left.get(inode).is_some_and(|left| *left > 0));
        for inode in directories {
            // After the first change lost in a directory, all later ones there are lost.
            left.entry(inode)
                .and_modify(|left| *left = if kept { left.saturating_sub(1) } else { 0 });
        }
        kept
    };
    changes.into_iter().filter(survives).collect()
}

fn lose_content(file: &mut FileNode, random: &mut Generator) {
    let unsynced = std::mem::take(&mut file.unsynced);
    keep_some(&mut file.durable, &unsynced, random);
    file.live = file.durable.clone();
    file.handles = 0;
    file.cool();
}

/// Applies a random part of `unsynced` to `durable`, in one of the ways in which disks, caches
/// and file systems lose writes.
pub(super) fn keep_some(durable: &mut Content, unsynced: &[Change], random: &mut Generator) {
    if unsynced.is_empty() {
        return;
    }
    match random.below(6) {
        0 => {}
        1 => unsynced.iter().for_each(|change| change.apply(durable)),
        2 => keep_prefix(durable, unsynced, random),
        3 => keep_subset(durable, unsynced, random, false),
        4 => keep_subset(durable, unsynced, random, true),
        _ => keep_sectors(durable, unsynced, random),
    }
}

/// Everything up to some byte of some write.
fn keep_prefix(durable: &mut Content, unsynced: &[Change], random: &mut Generator) {
    let kept = random.index(unsynced.len());
    unsynced[..kept].iter().for_each(|change| change.apply(durable));
    if let Change::Write { position, bytes } = &unsynced[kept] {
        let torn = random.index(bytes.len() + 1);
        durable.write(*position, &bytes[..torn]);
    }
}

/// Any of the writes, each as a whole; reordered ones overwrite later ones.
fn keep_subset(durable: &mut Content, unsynced: &[Change], random: &mut Generator, reorder: bool) {
    let mut kept: Vec<&Change> = unsynced.iter().filter(|_| random.one_in(2)).collect();
    if reorder {
        random.shuffle(&mut kept);
    }
    kept.into_iter().for_each(|change| change.apply(durable));
}

/// Each sector and the size as they were at some time of their own: the page cache writes back
/// when it likes, and the size is metadata.
fn keep_sectors(durable: &mut Content, unsynced: &[Change], random: &mut Generator) {
    let mut points: BTreeMap<u64, usize> = BTreeMap::new();
    let size_point = random.index(unsynced.len() + 1);
    let mut size_bytes = durable.size_bytes();
    for (index, change) in unsynced.iter().enumerate() {
        match change {
            Change::Write { position, bytes } => {
                if index < size_point {
                    size_bytes = size_bytes.max(*position + bytes.len() as u64);
                }
                let mut done = 0;
                while done < bytes.len() {
                    let at = *position + done as u64;
                    let sector = at / SECTOR_BYTES;
                    let rest = usize::try_from(SECTOR_BYTES - at % SECTOR_BYTES).expect("small");
                    let end = bytes.len().min(done + rest);
                    let point =
                        points.entry(sector).or_insert_with(|| random.index(unsynced.len() + 1));
                    if index < *point {
                        durable.write(at, &bytes[done..end]);
                    }
                    done = end;
                }
            }
            Change::SetSize(size) if index < size_point => {
                size_bytes = *size;
                durable.set_size(*size);
            }
            Change::SetSize(_) => {}
        }
    }
    durable.set_size(size_bytes);
}
