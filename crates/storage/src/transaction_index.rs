//! The `.txnindex` of a segment: transactions whose abort marker it holds.
//!
//! Entries of 34 bytes: version int16 (0), producer id int64, first offset int64, last offset int64
//! (the marker's), last stable offset int64 (once this transaction is complete). Last offsets rise
//! strictly.

/// The size of an entry in the file.
pub const ENTRY_SIZE: usize = 34;

/// An aborted transaction, as a fetch reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortedTransaction {
    /// Whose transaction.
    pub producer_id: i64,
    /// Its first offset in this partition.
    pub first_offset: i64,
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aborted {
    /// What a fetch reports.
    pub transaction: AbortedTransaction,
    /// The marker's offset.
    pub last_offset: i64,
    /// The last stable offset once this transaction is complete.
    pub last_stable_offset: i64,
}

/// A segment's transaction index in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionIndex {
    entries: Vec<Aborted>,
}

/// An entry that cannot belong to the segment; the index must be rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorruptTransactionIndex {
    /// The entry's number.
    pub entry: usize,
}

impl TransactionIndex {
    /// The index that `bytes` hold.
    ///
    /// # Errors
    /// An entry of an unknown version, or one that ends before the segment at `base_offset` begins.
    pub fn decode(base_offset: i64, bytes: &[u8]) -> Result<Self, CorruptTransactionIndex> {
        let (chunks, _) = bytes.as_chunks::<ENTRY_SIZE>();
        let mut entries = Vec::with_capacity(chunks.len());
        for (number, chunk) in chunks.iter().enumerate() {
            let aborted = decode_entry(chunk);
            match aborted {
                Some(aborted) if aborted.last_offset >= base_offset => entries.push(aborted),
                Some(_) | None => return Err(CorruptTransactionIndex { entry: number }),
            }
        }
        Ok(Self { entries })
    }

    /// Appends the entries as the file has them.
    pub fn encode(&self, into: &mut Vec<u8>) {
        for entry in &self.entries {
            into.extend_from_slice(&0_i16.to_be_bytes());
            for field in [
                entry.transaction.producer_id,
                entry.transaction.first_offset,
                entry.last_offset,
                entry.last_stable_offset,
            ] {
                into.extend_from_slice(&field.to_be_bytes());
            }
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Adds an aborted transaction.
    pub fn append(&mut self, aborted: Aborted) {
        self.entries.push(aborted);
    }

    /// Forgets the transactions that end at or above `offset`.
    pub fn truncate_to(&mut self, offset: i64) {
        let count = self.entries.iter().position(|entry| entry.last_offset >= offset);
        self.entries.truncate(count.unwrap_or(self.entries.len()));
    }

    /// Adds the transactions that touch `start..end` to `into`; true if later segments cannot hold
    /// more of them.
    pub fn collect(&self, start: i64, end: i64, into: &mut Vec<AbortedTransaction>) -> bool {
        self.visit(start, end, |entry| into.push(entry.transaction))
    }

    /// Shows the entries whose transactions touch `start..end`; true if later segments cannot hold
    /// more of them.
    pub fn visit(&self, start: i64, end: i64, mut visit: impl FnMut(&Aborted)) -> bool {
        for entry in &self.entries {
            if entry.last_offset >= start && entry.transaction.first_offset < end {
                visit(entry);
            }
            if entry.last_stable_offset >= end {
                return true;
            }
        }
        false
    }

    /// Bytes that the entries take in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Aborted>()
    }
}

fn decode_entry(bytes: &[u8; ENTRY_SIZE]) -> Option<Aborted> {
    let (version, fields) = bytes.split_first_chunk::<2>()?;
    if i16::from_be_bytes(*version) != 0 {
        return None;
    }
    let (fields, _) = fields.as_chunks::<8>();
    let [producer_id, first_offset, last_offset, last_stable_offset] =
        *fields.first_chunk::<4>()?;
    Some(Aborted {
        transaction: AbortedTransaction {
            producer_id: i64::from_be_bytes(producer_id),
            first_offset: i64::from_be_bytes(first_offset),
        },
        last_offset: i64::from_be_bytes(last_offset),
        last_stable_offset: i64::from_be_bytes(last_stable_offset),
    })
}
