//! The `.timeindex` of a segment: which offset to look from for a timestamp.
//!
//! Entries of 12 bytes: the largest timestamp of the segment so far (int64), and the last offset of
//! the batch that has it, relative to the segment's base (int32). Timestamps rise strictly.

/// The size of an entry in the file.
pub const ENTRY_SIZE: usize = 12;

/// A timestamp and the last offset of the first batch that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampOffset {
    /// The timestamp; -1 if there is none.
    pub timestamp: i64,
    /// The offset.
    pub offset: i64,
}

/// A segment's time index in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeIndex {
    base_offset: i64,
    entries: Vec<(i64, u32)>,
}

impl TimeIndex {
    /// An empty index of the segment at `base_offset`.
    #[must_use]
    pub fn new(base_offset: i64) -> Self {
        Self { base_offset, entries: Vec::new() }
    }

    /// The index that `bytes` hold; it ends where timestamps stop rising or offsets fall.
    #[must_use]
    pub fn decode(base_offset: i64, bytes: &[u8]) -> Self {
        let mut entries: Vec<(i64, u32)> = Vec::with_capacity(bytes.len() / ENTRY_SIZE);
        for chunk in bytes.as_chunks::<ENTRY_SIZE>().0 {
            let (timestamp, relative) = decode_entry(chunk);
            let rises = entries.last().is_none_or(|last| timestamp > last.0 && relative >= last.1);
            if !rises || relative > i32::MAX as u32 || timestamp < 0 {
                break;
            }
            entries.push((timestamp, relative));
        }
        entries.shrink_to_fit();
        Self { base_offset, entries }
    }

    /// The entry that `bytes` hold alone.
    #[must_use]
    pub fn decode_one(base_offset: i64, bytes: &[u8; ENTRY_SIZE]) -> TimestampOffset {
        let (timestamp, relative) = decode_entry(bytes);
        TimestampOffset { timestamp, offset: base_offset + i64::from(relative) }
    }

    /// Appends the entries as the file has them.
    pub fn encode(&self, into: &mut Vec<u8>) {
        for (timestamp, relative) in &self.entries {
            into.extend_from_slice(&timestamp.to_be_bytes());
            into.extend_from_slice(&relative.to_be_bytes());
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry if its timestamp is above the last one's.
    pub fn append(&mut self, entry: TimestampOffset) {
        let last = self.last();
        let Ok(relative) = u32::try_from(entry.offset.wrapping_sub(self.base_offset)) else {
            return;
        };
        if entry.timestamp > last.timestamp && entry.offset >= last.offset {
            self.entries.push((entry.timestamp, relative));
        }
    }

    /// The last entry; without one: timestamp -1 at the segment's base.
    #[must_use]
    pub fn last(&self) -> TimestampOffset {
        match self.entries.last() {
            Some(&(timestamp, relative)) => self.resolve(timestamp, relative),
            None => TimestampOffset { timestamp: -1, offset: self.base_offset },
        }
    }

    /// The last entry whose timestamp is at most `timestamp`; without one: timestamp -1 at the
    /// segment's base.
    #[must_use]
    pub fn lookup(&self, timestamp: i64) -> TimestampOffset {
        let count = self.entries.partition_point(|entry| entry.0 <= timestamp);
        match count.checked_sub(1) {
            Some(slot) => self.resolve(self.entries[slot].0, self.entries[slot].1),
            None => TimestampOffset { timestamp: -1, offset: self.base_offset },
        }
    }

    /// Forgets the entries at and above `offset`.
    pub fn truncate_to(&mut self, offset: i64) {
        let relative = offset.saturating_sub(self.base_offset);
        let count = self.entries.partition_point(|entry| i64::from(entry.1) < relative);
        self.entries.truncate(count);
    }

    /// Bytes that the entries take in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(i64, u32)>()
    }

    fn resolve(&self, timestamp: i64, relative: u32) -> TimestampOffset {
        TimestampOffset { timestamp, offset: self.base_offset + i64::from(relative) }
    }
}

fn decode_entry(bytes: &[u8; ENTRY_SIZE]) -> (i64, u32) {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
    (i64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes([i, j, k, l]))
}
