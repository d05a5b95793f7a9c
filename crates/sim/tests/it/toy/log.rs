//! A log of checked entries in segments, as a strand's state: write, sync on a lane, then answer.

use super::Bug;
use dohle_env::collections::FixedHasher;
use dohle_env::disk::{Disk, File, Open, read_file, replace_file};
use dohle_env::gather::Slot;
use dohle_env::strand::{Owned, Strand, Then, Turned};
use dohle_env::tasks::Lane;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DIRECTORY: &str = "/data/log";
const ENTRIES_PER_SEGMENT: u64 = 6;
const HEADER_BYTES: usize = 20;

/// Who sent what: a client's numbers never repeat.
pub(super) type Id = (u32, u32);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: Id,
    pub(super) payload: Vec<u8>,
}

/// The bytes of `id`'s payload, known to the checker.
pub(super) fn payload_of(id: Id) -> Vec<u8> {
    let size = (id.0 * 37 + id.1 * 131) % 900;
    (0..size).map(|index| (index.wrapping_mul(31) ^ id.0 ^ id.1) as u8).collect()
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = FixedHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

// size u32, checksum of all that follows u64, client u32, number u32, payload
fn encode(entry: &Entry, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend(entry.id.0.to_be_bytes());
    body.extend(entry.id.1.to_be_bytes());
    body.extend(&entry.payload);
    out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    out.extend(checksum(&body).to_be_bytes());
    out.extend(body);
}

/// The first entry of `bytes` and its size.
fn decode(bytes: &[u8], bug: Option<Bug>) -> Option<(Entry, usize)> {
    let size = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let sum = u64::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
    let body = bytes.get(12..12 + size)?;
    if size < 8 || (bug != Some(Bug::NoChecksum) && checksum(body) != sum) {
        return None;
    }
    let client = u32::from_be_bytes(*body.first_chunk()?);
    let number = u32::from_be_bytes(*body.get(4..)?.first_chunk()?);
    let entry = Entry { id: (client, number), payload: body[8..].to_vec() };
    Some((entry, HEADER_BYTES - 8 + size))
}

fn segment_path(base: u64) -> PathBuf {
    PathBuf::from(format!("{DIRECTORY}/{base:020}"))
}

/// What a start finds: the entries in order, and nothing else left in the directory.
pub(super) fn recover(disk: &dyn Disk, bug: Option<Bug>) -> io::Result<Vec<Entry>> {
    let directory = Path::new(DIRECTORY);
    disk.create_directories(directory)?;
    for directory in ["/", "/data", DIRECTORY] {
        disk.sync_directory(Path::new(directory))?;
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_torn = false;
    for found in disk.list(directory)? {
        let path = directory.join(&found.name);
        let base = found.name.parse::<u64>().ok();
        if is_torn || base != Some(entries.len() as u64) {
            disk.remove_file(&path)?;
            continue;
        }
        let content = read_file(disk, &path)?;
        let mut position = 0;
        let before = entries.len();
        while let Some((entry, size)) = decode(&content[position..], bug) {
            entries.push(entry);
            position += size;
        }
        is_torn = position < content.len() || entries.len() - before < ENTRIES_PER_SEGMENT as usize;
        // Written anew: after a failed sync the cache may show what the disk has not.
        if bug != Some(Bug::TrustCache) {
            replace_file(disk, &path, &content[..position])?;
        } else if position < content.len() {
            disk.open(&path, Open::Write)?.set_size(position as u64)?;
        }
    }
    disk.sync_directory(directory)?;
    Ok(entries)
}

pub(super) struct Log {
    disk: Arc<dyn Disk>,
    bug: Option<Bug>,
    /// The position of each entry.
    positions: BTreeMap<Id, u64>,
    file: Option<Arc<dyn File>>,
    file_end: u64,
    /// A write or sync failed: nothing is taken any more.
    failed: bool,
}

pub(super) struct Append {
    pub(super) entry: Entry,
    pub(super) slot: Slot<u64>,
}

/// What is to be synced, and who waits for it.
#[derive(Default)]
struct Staged {
    files: Vec<Arc<dyn File>>,
    new_names: bool,
    answers: Vec<(Slot<u64>, u64)>,
}

impl Log {
    pub(super) fn open(disk: Arc<dyn Disk>, bug: Option<Bug>) -> io::Result<Self> {
        let entries = recover(&*disk, bug)?;
        let count = entries.len() as u64;
        let positions = entries.iter().zip(0..).map(|(entry, at)| (entry.id, at)).collect();
        let mut log = Self { disk, bug, positions, file: None, file_end: 0, failed: false };
        let filled = count % ENTRIES_PER_SEGMENT;
        if filled > 0 {
            let file = log.disk.open(&segment_path(count - filled), Open::Write)?;
            log.file_end = file.size_bytes()?;
            log.file = Some(file);
        }
        Ok(log)
    }

    fn stage(&mut self, append: Append, staged: &mut Staged) -> io::Result<()> {
        let known = self.positions.get(&append.entry.id);
        if let Some(position) = known.filter(|_| self.bug != Some(Bug::NoDuplicateCheck)) {
            // Its first time is synced: commands of one turn are synced before the next turn.
            staged.answers.push((append.slot, *position));
            return Ok(());
        }
        let position = self.positions.len() as u64;
        if position.is_multiple_of(ENTRIES_PER_SEGMENT) {
            self.file = Some(self.disk.open(&segment_path(position), Open::Create)?);
            self.file_end = 0;
            staged.new_names = true;
        }
        let file = self.file.as_ref().expect("a segment was opened with its first entry");
        let mut bytes = Vec::new();
        encode(&append.entry, &mut bytes);
        let (header, body) = bytes.split_at(HEADER_BYTES);
        file.write_at(self.file_end, &[IoSlice::new(header), IoSlice::new(body)])?;
        self.file_end += bytes.len() as u64;
        self.positions.insert(append.entry.id, position);
        if !staged.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            staged.files.push(file.clone());
        }
        staged.answers.push((append.slot, position));
        Ok(())
    }
}

impl Owned for Log {
    type Command = Append;
    type Effect = (Slot<u64>, u64);

    fn turn(
        &mut self,
        commands: &mut Vec<Append>,
        effects: &mut Vec<Self::Effect>,
    ) -> Turned<Self> {
        let mut staged = Staged::default();
        for append in commands.drain(..) {
            // A slot that is dropped answers that the log is gone.
            if !self.failed && self.stage(append, &mut staged).is_err() {
                self.failed = true;
            }
        }
        if self.failed {
            return Turned::Done;
        }
        if self.bug == Some(Bug::AnswerBeforeSync) {
            effects.append(&mut staged.answers);
        }
        let (disk, bug) = (self.disk.clone(), self.bug);
        let lane = Lane::Disk(Path::new("/data").into());
        let work = move || -> Then<Self> {
            let mut result = staged.files.iter().try_for_each(|file| file.sync());
            if staged.new_names && bug != Some(Bug::NoDirectorySync) {
                result = result.and_then(|()| disk.sync_directory(Path::new(DIRECTORY)));
            }
            Box::new(move |log: &mut Self, effects| {
                match result {
                    Ok(()) => effects.extend(staged.answers),
                    Err(_) => log.failed = true,
                }
                Turned::Done
            })
        };
        Turned::Job(lane, Box::new(work))
    }

    fn perform(_strand: &Arc<Strand<Self>>, (slot, position): Self::Effect) {
        slot.fill(position);
    }
}
