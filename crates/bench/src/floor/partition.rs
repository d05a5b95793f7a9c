//! A file of batches, and where each begins.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::worker::Waiter;

/// One partition of the floor.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) file: Arc<File>,
    pub(super) end_position: u64,
    pub(super) end_offset: i64,
    /// First offset and position of every batch, rising.
    batches: Vec<(i64, u64)>,
    /// Connections that wait for the next batch.
    pub(super) waiting: Vec<Waiter>,
}

impl Partition {
    /// # Errors
    /// When the file cannot be created.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Self {
            file: Arc::new(file),
            end_position: 0,
            end_offset: 0,
            batches: Vec::new(),
            waiting: Vec::new(),
        })
    }

    /// Writes a batch of so many records at the end; answers its first offset.
    ///
    /// # Errors
    /// When the write fails.
    pub(super) fn append(&mut self, batch: &mut [u8], record_count: i32) -> io::Result<i64> {
        let base_offset = self.end_offset;
        batch[..8].copy_from_slice(&base_offset.to_be_bytes());
        let mut written = 0;
        while written < batch.len() {
            let position = self.end_position + written as u64;
            match rustix::io::pwrite(&*self.file, &batch[written..], position) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.batches.push((base_offset, self.end_position));
        self.end_position += batch.len() as u64;
        self.end_offset += i64::from(record_count);
        Ok(base_offset)
    }

    /// Where the batch that holds `offset` begins; the end of the file for later offsets.
    pub(super) fn position(&self, offset: i64) -> u64 {
        if offset >= self.end_offset {
            return self.end_position;
        }
        let after = self.batches.partition_point(|&(first, _)| first <= offset);
        after.checked_sub(1).map_or(0, |index| self.batches[index].1)
    }
}
