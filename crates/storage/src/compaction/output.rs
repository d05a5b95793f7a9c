//! The new segment while it is written, under `.cleaned` names.

use super::error::CleaningError;
use crate::place::{Place, file_name, suffix};
use crate::segment::{NewEntry, Segment};
use crate::segment_files::remove_if_there;
use crate::transaction_index::Aborted;
use dohle_env::disk::{File, Open};
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;

/// The path of a file that is being compacted.
pub(crate) fn cleaned_path(place: &Place, base_offset: i64, of: &str) -> PathBuf {
    place.directory.join(format!("{}{}", file_name(base_offset, of), suffix::CLEANED))
}

/// Removes what a cleaning that ended early has left.
pub(crate) fn remove_cleaned(place: &Place, base_offset: i64) -> io::Result<()> {
    suffix::SEGMENT
        .iter()
        .try_for_each(|of| remove_if_there(place.disk(), &cleaned_path(place, base_offset, of)))
}

/// A segment in the making.
pub(crate) struct Output {
    place: Arc<Place>,
    segment: Segment,
    file: Arc<dyn File>,
    /// Not written yet.
    buffer: Vec<u8>,
    written_bytes: u64,
    buffer_bytes_max: usize,
    index_interval_bytes: u64,
}

impl Output {
    /// An empty one; what an earlier cleaning left under its names is gone.
    pub(crate) fn begin(
        place: &Arc<Place>,
        base_offset: i64,
        opened_at: i64,
        buffer_bytes_max: usize,
        index_interval_bytes: u64,
    ) -> io::Result<Self> {
        remove_cleaned(place, base_offset)?;
        let path = cleaned_path(place, base_offset, suffix::LOG);
        let file = place.disk().open(&path, Open::Truncate)?;
        Ok(Self {
            place: place.clone(),
            segment: Segment::fresh(base_offset, opened_at),
            file,
            buffer: Vec::with_capacity(buffer_bytes_max),
            written_bytes: 0,
            buffer_bytes_max,
            index_interval_bytes,
        })
    }

    pub(crate) fn base_offset(&self) -> i64 {
        self.segment.base_offset
    }

    /// Adds a batch.
    pub(crate) fn append(
        &mut self,
        last_offset: i64,
        max_timestamp: i64,
        bytes: &[u8],
    ) -> Result<(), CleaningError> {
        let relative = last_offset.checked_sub(self.segment.base_offset);
        if !relative.is_some_and(|offset| (0..=i64::from(i32::MAX)).contains(&offset)) {
            let base_offset = self.segment.base_offset;
            return Err(CleaningError::Unreadable(format!(
                "offset {last_offset} is outside of the segment at {base_offset}"
            )));
        }
        let entry = NewEntry { last_offset, max_timestamp, size_bytes: bytes.len() as u64 };
        self.segment.append(&self.place, entry, self.index_interval_bytes)?;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= self.buffer_bytes_max {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_at(self.written_bytes, &[IoSlice::new(&self.buffer)])?;
            let end = self.written_bytes + self.buffer.len() as u64;
            self.file.start_writeback(self.written_bytes..end);
            self.written_bytes = end;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes and syncs all of it, indexes too. The segment whose files these will be.
    pub(crate) fn finish(mut self, aborted: &[Aborted]) -> io::Result<Segment> {
        self.write()?;
        self.file.sync()?;
        let mut segment = self.segment;
        assert_eq!(segment.size_bytes, self.written_bytes, "what was counted is written");
        segment.seal_times(&self.place)?;
        let indexes = segment.indexes_mut(&self.place)?;
        aborted.iter().for_each(|entry| indexes.transactions.append(*entry));
        segment.has_transactions = !aborted.is_empty();
        let indexes = segment.indexes(&self.place)?;
        let mut bytes = Vec::new();
        let write = |of: &str, bytes: &mut Vec<u8>| -> io::Result<()> {
            let path = cleaned_path(&self.place, segment.base_offset, of);
            let file = self.place.disk().open(&path, Open::Truncate)?;
            if !bytes.is_empty() {
                file.write_at(0, &[IoSlice::new(bytes)])?;
            }
            bytes.clear();
            file.sync()
        };
        indexes.offsets.encode(&mut bytes);
        write(suffix::OFFSET_INDEX, &mut bytes)?;
        indexes.times.encode(&mut bytes);
        write(suffix::TIME_INDEX, &mut bytes)?;
        if segment.has_transactions {
            indexes.transactions.encode(&mut bytes);
            write(suffix::TRANSACTION_INDEX, &mut bytes)?;
        }
        segment.on_indexes_written();
        Ok(segment)
    }
}
