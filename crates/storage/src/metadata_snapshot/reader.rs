//! Reading a snapshot, batch by batch.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use dohle_env::disk::{self, Disk, File, Open};
use dohle_protocol::messages::{KRaftVersionRecord, SnapshotHeaderRecord, VotersRecord};
use dohle_protocol::record::batch::HEADER_SIZE;
use dohle_protocol::record::{Batch, BatchHeader, ControlRecordType};
use dohle_protocol::wire::{Message, Reader};

use super::SnapshotId;

/// The largest batch that is read: generous, as other writers' limits may differ.
const READ_BATCH_SIZE_MAX: usize = 256 * 1024 * 1024;

/// Why a snapshot cannot be used.
#[derive(Debug)]
pub struct SnapshotError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// The disk's error, if it was that.
    pub io: Option<io::Error>,
}

impl SnapshotError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self { path: path.to_path_buf(), reason: error.to_string(), io: Some(error) }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot {}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for SnapshotError {}

/// A metadata record of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRecord<'a> {
    /// Its place in the file, from 0; no offset of the log.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key; metadata records have none.
    pub key: Option<&'a [u8]>,
    /// Its value: a framed metadata record.
    pub value: Option<&'a [u8]>,
}

/// The quorum's own state in a snapshot, with kraft.version 1 and up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quorum {
    /// kraft.version; 0 if the snapshot does not say.
    pub kraft_version: i16,
    /// The voters, if the snapshot names them.
    pub voters: Option<VotersRecord>,
}

/// What a snapshot says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotHead {
    /// The timestamp of the last record of the log that it contains.
    pub last_contained_log_timestamp: i64,
    /// The quorum.
    pub quorum: Quorum,
}

/// What can be known of a snapshot without reading it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotSummary {
    /// The size of its file.
    pub size_bytes: u64,
    /// As in [`SnapshotHead`].
    pub last_contained_log_timestamp: i64,
}

/// Reads the finished snapshot `id` in the metadata log's directory. Each metadata record goes to
/// `each`, in order; its error ends the reading. A snapshot without its footer is an error.
pub fn read(
    disk: &dyn Disk,
    directory: &Path,
    id: SnapshotId,
    each: impl FnMut(SnapshotRecord<'_>) -> Result<(), String>,
) -> Result<SnapshotHead, SnapshotError> {
    read_file(disk, &directory.join(id.file_name()), each)
}

/// As [`read`], from a file of any name.
pub fn read_file(
    disk: &dyn Disk,
    path: &Path,
    mut each: impl FnMut(SnapshotRecord<'_>) -> Result<(), String>,
) -> Result<SnapshotHead, SnapshotError> {
    let mut snapshot = SnapshotFile::open(disk, path)?;
    while snapshot.batch(&mut each)? {}
    match (snapshot.state.head, snapshot.state.footer) {
        (Some(head), true) => Ok(head),
        (None, _) => Err(incomplete(path, "it has no header")),
        (Some(_), false) => Err(incomplete(path, "it has no footer: it was never finished")),
    }
}

/// The size of the finished snapshot `id` and what its header says; no other batch is read.
pub fn read_summary(
    disk: &dyn Disk,
    directory: &Path,
    id: SnapshotId,
) -> Result<SnapshotSummary, SnapshotError> {
    let path = directory.join(id.file_name());
    let mut snapshot = SnapshotFile::open(disk, &path)?;
    snapshot.batch(&mut |_| Ok(()))?;
    let head = snapshot.state.head.ok_or_else(|| incomplete(&path, "it has no header"))?;
    let last_contained_log_timestamp = head.last_contained_log_timestamp;
    Ok(SnapshotSummary { size_bytes: snapshot.size_bytes, last_contained_log_timestamp })
}

/// A snapshot that is read from its start on.
struct SnapshotFile<'a> {
    path: &'a Path,
    file: Arc<dyn File>,
    size_bytes: u64,
    position: u64,
    state: State,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
}

impl<'a> SnapshotFile<'a> {
    fn open(disk: &dyn Disk, path: &'a Path) -> Result<Self, SnapshotError> {
        let failed = |error| SnapshotError::io(path, error);
        let file = disk.open(path, Open::Read).map_err(failed)?;
        let size_bytes = file.size_bytes().map_err(failed)?;
        let (buffer, scratch) = (Vec::new(), Vec::new());
        Ok(Self { path, file, size_bytes, position: 0, state: State::default(), buffer, scratch })
    }

    /// Reads the next batch; false at the end.
    fn batch(
        &mut self,
        each: &mut impl FnMut(SnapshotRecord<'_>) -> Result<(), String>,
    ) -> Result<bool, SnapshotError> {
        if self.size_bytes <= self.position {
            return Ok(false);
        }
        let (path, position) = (self.path, self.position);
        let malformed = |reason: String| SnapshotError {
            path: path.to_path_buf(),
            reason: format!("{reason}, at position {position}"),
            io: None,
        };
        let length = next_batch(&*self.file, position, self.size_bytes, &mut self.buffer).map_err(
            |error| match error {
                Failure::Io(error) => SnapshotError::io(path, error),
                Failure::Malformed(reason) => malformed(reason),
            },
        )?;
        self.state.batch(&self.buffer, &mut self.scratch, each).map_err(malformed)?;
        self.position += length;
        Ok(true)
    }
}

fn incomplete(path: &Path, reason: &str) -> SnapshotError {
    SnapshotError { path: path.to_path_buf(), reason: reason.to_owned(), io: None }
}

enum Failure {
    Io(io::Error),
    Malformed(String),
}

/// Fills `buffer` with the batch at `position` and gives its size.
fn next_batch(
    file: &dyn File,
    position: u64,
    size: u64,
    buffer: &mut Vec<u8>,
) -> Result<u64, Failure> {
    let left = usize::try_from(size - position).unwrap_or(usize::MAX);
    buffer.clear();
    buffer.resize(HEADER_SIZE.min(left), 0);
    disk::read_exact_at(file, position, buffer).map_err(Failure::Io)?;
    let header =
        BatchHeader::parse(buffer).map_err(|error| Failure::Malformed(error.to_string()))?;
    let length = header.size_bytes();
    if length > left || length > READ_BATCH_SIZE_MAX {
        return Err(Failure::Malformed(format!("a batch of {length} bytes where {left} are left")));
    }
    buffer.resize(length, 0);
    disk::read_exact_at(file, position, buffer).map_err(Failure::Io)?;
    Ok(length as u64)
}

#[derive(Default)]
struct State {
    head: Option<SnapshotHead>,
    footer: bool,
}

impl State {
    fn batch(
        &mut self,
        bytes: &[u8],
        scratch: &mut Vec<u8>,
        each: &mut impl FnMut(SnapshotRecord<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let batch = Batch::parse(bytes).map_err(|error| error.to_string())?;
        batch.ensure_valid().map_err(|error| error.to_string())?;
        if self.footer {
            return Err("a batch behind the footer".to_owned());
        }
        let is_control = batch.header.attributes.is_control();
        let records =
            batch.records(scratch, READ_BATCH_SIZE_MAX).map_err(|error| error.to_string())?;
        for record in records {
            let record = record.map_err(|error| error.to_string())?;
            if is_control {
                self.control(record.key, record.value)?;
                continue;
            }
            if self.head.is_none() {
                return Err("a record before the header".to_owned());
            }
            each(SnapshotRecord {
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
            })?;
        }
        Ok(())
    }

    fn control(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), String> {
        let kind = ControlRecordType::parse_key(key).map_err(|error| error.to_string())?;
        let value = Bytes::copy_from_slice(value.unwrap_or_default());
        match (kind, &mut self.head) {
            (ControlRecordType::SnapshotHeader, None) => {
                let header: SnapshotHeaderRecord = decoded(value)?;
                self.head = Some(SnapshotHead {
                    last_contained_log_timestamp: header.last_contained_log_timestamp,
                    quorum: Quorum::default(),
                });
            }
            (ControlRecordType::KRaftVersion, Some(head)) => {
                let version: KRaftVersionRecord = decoded(value)?;
                head.quorum.kraft_version = version.kraft_version;
            }
            (ControlRecordType::KRaftVoters, Some(head)) => {
                head.quorum.voters = Some(decoded(value)?);
            }
            (ControlRecordType::SnapshotFooter, Some(_)) => self.footer = true,
            (kind, _) => return Err(format!("{kind:?} where none may be")),
        }
        Ok(())
    }
}

fn decoded<M: Message>(value: Bytes) -> Result<M, String> {
    M::decode(&mut Reader::new(value), 0).map_err(|error| error.to_string())
}
