//! Any sequence of calls, then a crash: what was synced is there, and what is there was written.

use dohle_env::disk::{Disk, Open};
use dohle_sim::disk::SimulatedDisk;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::path::PathBuf;

#[derive(Clone, Debug)]
enum Call {
    Create(Name),
    Write(Name, u16, u16, u8),
    SetSize(Name, u16),
    Sync(Name),
    Rename(Name, Name),
    Remove(Name),
    SyncDirectory(u8),
}

/// Directory and file, each by number.
type Name = (u8, u8);

fn path(name: Name) -> PathBuf {
    PathBuf::from(format!("/d{}/f{}", name.0, name.1))
}

fn name() -> impl Strategy<Value = Name> {
    (0..2_u8, 0..3_u8)
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => name().prop_map(Call::Create),
        6 => (name(), 0..3000_u16, 1..1500_u16, 1..250_u8)
            .prop_map(|(name, position, size, byte)| Call::Write(name, position, size, byte)),
        1 => (name(), 0..4000_u16).prop_map(|(name, size)| Call::SetSize(name, size)),
        3 => name().prop_map(Call::Sync),
        2 => (name(), name()).prop_map(|(from, to)| Call::Rename(from, to)),
        1 => name().prop_map(Call::Remove),
        2 => (0..2_u8).prop_map(Call::SyncDirectory),
    ]
}

/// What the model knows of one file.
#[derive(Clone, Debug, Default)]
struct Known {
    live: Vec<u8>,
    /// Sizes it had since it was synced, the synced one too.
    sizes: BTreeSet<usize>,
    /// Bytes that each position had since it was synced, the synced one too; zero where missing.
    bytes: BTreeMap<usize, BTreeSet<u8>>,
    synced: Vec<u8>,
}

impl Known {
    fn set_size(&mut self, size: usize) {
        // What a cut took may come back as zeros, with any part of it lost.
        for position in size.min(self.live.len())..size.max(self.live.len()) {
            self.bytes.entry(position).or_default().insert(0);
        }
        self.live.resize(size, 0);
        self.sizes.insert(size);
    }

    fn write(&mut self, position: usize, size: usize, byte: u8) {
        if self.live.len() < position + size {
            self.set_size(position + size);
        }
        for at in position..position + size {
            self.live[at] = byte;
            self.bytes.entry(at).or_default().insert(byte);
        }
    }

    fn sync(&mut self) {
        self.synced = self.live.clone();
        self.sizes.clear();
        self.bytes.clear();
    }

    fn allows(&self, content: &[u8]) -> Result<(), String> {
        let smallest = self.sizes.iter().copied().chain([self.synced.len()]).min().unwrap_or(0);
        let largest = self.sizes.iter().copied().chain([self.synced.len()]).max().unwrap_or(0);
        if content.len() < smallest || content.len() > largest {
            return Err(format!("size {} is not in {smallest}..={largest}", content.len()));
        }
        for (position, byte) in content.iter().enumerate() {
            let synced = self.synced.get(position).copied().unwrap_or(0);
            let written = self.bytes.get(&position).is_some_and(|bytes| bytes.contains(byte));
            if *byte != synced && !written {
                return Err(format!("byte {byte} at {position} was never there"));
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Model {
    files: Vec<Known>,
    live: BTreeMap<Name, usize>,
    durable: BTreeMap<Name, usize>,
    /// Names changed since their directory was synced, with all files they stood for since.
    changed: BTreeMap<Name, BTreeSet<usize>>,
}

impl Model {
    fn change(&mut self, name: Name, file: Option<usize>) {
        let before = match file {
            Some(file) => self.live.insert(name, file),
            None => self.live.remove(&name),
        };
        let durable = self.durable.get(&name).copied();
        let stood_for = self.changed.entry(name).or_default();
        stood_for.extend(before.into_iter().chain(file).chain(durable));
    }

    fn sync_directory(&mut self, directory: u8) {
        self.durable.retain(|name, _| name.0 != directory);
        let live = self.live.iter().filter(|(name, _)| name.0 == directory);
        self.durable.extend(live.map(|(name, file)| (*name, *file)));
        self.changed.retain(|name, _| name.0 != directory);
    }

    /// Makes the call on both.
    fn call(&mut self, disk: &SimulatedDisk, call: &Call) {
        match *call {
            Call::Create(name) => {
                drop(disk.open(&path(name), Open::Create).unwrap());
                if !self.live.contains_key(&name) {
                    self.files.push(Known::default());
                    self.change(name, Some(self.files.len() - 1));
                }
            }
            Call::Write(name, position, size, byte) => {
                let Some(known) = self.live.get(&name).map(|file| &mut self.files[*file]) else {
                    assert!(disk.open(&path(name), Open::Write).is_err());
                    return;
                };
                let file = disk.open(&path(name), Open::Write).unwrap();
                let bytes = vec![byte; usize::from(size)];
                file.write_at(u64::from(position), &[IoSlice::new(&bytes)]).unwrap();
                known.write(usize::from(position), usize::from(size), byte);
            }
            Call::SetSize(name, size) => {
                let Some(file) = self.live.get(&name) else { return };
                let open = disk.open(&path(name), Open::Write).unwrap();
                open.set_size(u64::from(size)).unwrap();
                self.files[*file].set_size(usize::from(size));
            }
            Call::Sync(name) => {
                let Some(file) = self.live.get(&name) else { return };
                disk.open(&path(name), Open::Read).unwrap().sync().unwrap();
                self.files[*file].sync();
            }
            Call::Rename(from, to) => {
                let Some(file) = self.live.get(&from).copied() else { return };
                disk.rename(&path(from), &path(to)).unwrap();
                if from != to {
                    self.change(from, None);
                    self.change(to, Some(file));
                }
            }
            Call::Remove(name) => {
                assert_eq!(disk.remove_file(&path(name)).is_ok(), self.live.contains_key(&name));
                if self.live.contains_key(&name) {
                    self.change(name, None);
                }
            }
            Call::SyncDirectory(directory) => {
                disk.sync_directory(&PathBuf::from(format!("/d{directory}"))).unwrap();
                self.sync_directory(directory);
            }
        }
    }

    fn check_live(&self, disk: &SimulatedDisk) {
        for name in (0..2).flat_map(|directory| (0..3).map(move |file| (directory, file))) {
            let content = disk.content(&path(name)).ok();
            let known = self.live.get(&name).map(|file| self.files[*file].live.clone());
            assert_eq!(content, known, "{name:?}");
        }
    }

    fn check_crashed(&self, disk: &SimulatedDisk) {
        for name in (0..2).flat_map(|directory| (0..3).map(move |file| (directory, file))) {
            let content = disk.content(&path(name)).ok();
            let possible: Vec<usize> = match self.changed.get(&name) {
                Some(files) => files.iter().copied().collect(),
                None => {
                    let file = self.durable.get(&name);
                    assert_eq!(content.is_some(), file.is_some(), "{name:?} is synced");
                    file.copied().into_iter().collect()
                }
            };
            let Some(content) = content else { continue };
            let reasons: Vec<_> =
                possible.iter().map(|file| self.files[*file].allows(&content)).collect();
            assert!(reasons.iter().any(Result::is_ok), "{name:?}: {reasons:?}");
        }
        assert!(!disk.is_dirty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_crash_keeps_what_was_synced_and_invents_nothing(
        calls in prop::collection::vec(call(), 1..60),
        seed in any::<u64>(),
    ) {
        let disk = SimulatedDisk::new();
        for directory in ["/d0", "/d1"] {
            disk.create_directories(directory.as_ref()).unwrap();
        }
        disk.sync_all();
        let mut model = Model::default();
        for call in &calls {
            model.call(&disk, call);
        }
        model.check_live(&disk);
        model.check_live(&disk.kill());
        for seed in (0..8).map(|step| seed.wrapping_add(step)) {
            let crashed = disk.crash(seed);
            model.check_crashed(&crashed);
            prop_assert_eq!(crashed.paths(), disk.crash(seed).paths());
        }
    }
}
