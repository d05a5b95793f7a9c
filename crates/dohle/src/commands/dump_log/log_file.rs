//! A segment or snapshot on disk, batch by batch.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use dohle_protocol::record::AnyBatch;
use dohle_protocol::record::Batches;

use super::unreadable;
use crate::console::Failure;

/// Offset, length, and what else comes up to the magic: what tells where a batch ends.
const PREFIX_SIZE: u64 = 17;
const LOG_OVERHEAD: u64 = 12;
/// The smallest length that a record of the oldest magic has.
const LENGTH_MIN: i32 = 14;

/// A file of batches, of which a range is looked at.
pub(in crate::commands) struct LogFile {
    path: PathBuf,
    file: File,
    size_bytes: u64,
}

impl LogFile {
    pub(in crate::commands) fn open(path: &Path) -> Result<Self, Failure> {
        let open = || {
            let file = File::open(path)?;
            let size_bytes = file.metadata()?.len();
            Ok((file, size_bytes))
        };
        let (file, size_bytes) = open().map_err(|error: io::Error| unreadable(path, &error))?;
        Ok(Self { path: path.to_path_buf(), file, size_bytes })
    }

    pub(in crate::commands) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Reads the batches from `start` on that end before `end`.
    pub(in crate::commands) fn range(&self, start: u64, end: u64) -> Range<'_> {
        Range { file: self, position: start, end: end.min(self.size_bytes), buffer: Vec::new() }
    }
}

/// The batches of a range. Not an iterator: each batch borrows the one buffer.
pub(in crate::commands) struct Range<'f> {
    file: &'f LogFile,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
}

impl Range<'_> {
    /// The next whole batch; `None` where none is left, or only the beginning of one.
    pub(in crate::commands) fn next(&mut self) -> Result<Option<AnyBatch<'_>>, Failure> {
        let LogFile { path, file, .. } = self.file;
        if self.position.saturating_add(PREFIX_SIZE) >= self.end {
            return Ok(None);
        }
        let mut prefix = [0; PREFIX_SIZE as usize];
        let read = file.read_exact_at(&mut prefix, self.position);
        read.map_err(|error| unreadable(path, &error))?;
        let length = i32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        if length < LENGTH_MIN {
            return Err(Failure::new(format!(
                "Found record size {length} smaller than minimum record overhead ({LENGTH_MIN}) \
                 in file {}.",
                path.display()
            )));
        }
        let size = LOG_OVERHEAD + length.unsigned_abs() as u64;
        if size > self.end - self.position {
            return Ok(None);
        }
        self.buffer.clear();
        self.buffer.resize(usize::try_from(size).map_err(io::Error::other)?, 0);
        let read = file.read_exact_at(&mut self.buffer, self.position);
        read.map_err(|error| unreadable(path, &error))?;
        let batch = match Batches::new(&self.buffer).next() {
            Some(Ok(batch)) => batch,
            Some(Err(error)) => {
                return Err(Failure::new(format!(
                    "Batch at position {} of {}: {error}",
                    self.position,
                    path.display()
                )));
            }
            None => return Ok(None),
        };
        self.position += size;
        Ok(Some(batch))
    }
}
