//! The `.index` of a segment: which byte of the log to look from for an offset.
//!
//! Entries of 8 bytes: the last offset of a batch relative to the segment's base (int32), and the
//! position of the batch's first byte (int32). Both rise strictly.

/// The size of an entry in the file.
pub const ENTRY_SIZE: usize = 8;

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    relative_offset: u32,
    position: u32,
}

/// A segment's offset index in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetIndex {
    base_offset: i64,
    entries: Vec<Entry>,
}

impl OffsetIndex {
    /// An empty index of the segment at `base_offset`.
    #[must_use]
    pub fn new(base_offset: i64) -> Self {
        Self { base_offset, entries: Vec::new() }
    }

    /// The index that `bytes` hold. It ends where entries stop rising or point behind the log
    /// (`size_bytes`): what follows is preallocated space or damage, and lookups do well without.
    #[must_use]
    pub fn decode(base_offset: i64, bytes: &[u8], size_bytes: u64) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(bytes.len() / ENTRY_SIZE);
        for chunk in bytes.as_chunks::<ENTRY_SIZE>().0 {
            let [a, b, c, d, e, f, g, h] = *chunk;
            let relative_offset = u32::from_be_bytes([a, b, c, d]);
            let position = u32::from_be_bytes([e, f, g, h]);
            let rises = entries.last().is_none_or(|last| {
                relative_offset > last.relative_offset && position > last.position
            });
            let inside = relative_offset <= i32::MAX as u32 && u64::from(position) < size_bytes;
            // A segment's first batch never has an entry, so position 0 is no entry either.
            if !rises || !inside || position == 0 {
                break;
            }
            entries.push(Entry { relative_offset, position });
        }
        entries.shrink_to_fit();
        Self { base_offset, entries }
    }

    /// Appends the entries as the file has them.
    pub fn encode(&self, into: &mut Vec<u8>) {
        for entry in &self.entries {
            into.extend_from_slice(&entry.relative_offset.to_be_bytes());
            into.extend_from_slice(&entry.position.to_be_bytes());
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Adds the batch at `position` that ends with `last_offset`. An entry that would not rise is
    /// left out.
    pub fn append(&mut self, last_offset: i64, position: u64) {
        let Ok(relative) = i32::try_from(last_offset.wrapping_sub(self.base_offset)) else {
            return;
        };
        let (Ok(relative_offset), Ok(position)) =
            (u32::try_from(relative), u32::try_from(position))
        else {
            return;
        };
        if self.entries.last().is_none_or(|last| relative_offset > last.relative_offset) {
            self.entries.push(Entry { relative_offset, position });
        }
    }

    /// The position to look from for the batch with `offset`: that of the last entry at or below
    /// it, else 0.
    #[must_use]
    pub fn lookup(&self, offset: i64) -> u64 {
        let relative = offset.saturating_sub(self.base_offset);
        let count = self.entries.partition_point(|e| i64::from(e.relative_offset) <= relative);
        count.checked_sub(1).map_or(0, |slot| u64::from(self.entries[slot].position))
    }

    /// The last entry's offset and position.
    #[must_use]
    pub fn last(&self) -> Option<(i64, u64)> {
        self.entries.last().map(|entry| self.resolve(*entry))
    }

    /// The offset of the first entry at or behind `position`.
    #[must_use]
    pub fn upper_bound(&self, position: u64) -> Option<i64> {
        let slot = self.entries.partition_point(|e| u64::from(e.position) < position);
        self.entries.get(slot).map(|entry| self.resolve(*entry).0)
    }

    /// The last position at or before `position` where, by an entry, a batch begins.
    #[must_use]
    pub fn boundary(&self, position: u64) -> Option<u64> {
        let count = self.entries.partition_point(|e| u64::from(e.position) <= position);
        count.checked_sub(1).map(|slot| u64::from(self.entries[slot].position))
    }

    /// Forgets the entries at and above `offset`.
    pub fn truncate_to(&mut self, offset: i64) {
        let relative = offset.saturating_sub(self.base_offset);
        let count = self.entries.partition_point(|e| i64::from(e.relative_offset) < relative);
        self.entries.truncate(count);
    }

    /// Bytes that the entries take in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    fn resolve(&self, entry: Entry) -> (i64, u64) {
        (self.base_offset + i64::from(entry.relative_offset), u64::from(entry.position))
    }
}
