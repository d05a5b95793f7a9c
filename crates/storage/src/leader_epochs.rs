//! Where each leader's epoch begins in the log: the `leader-epoch-checkpoint` of a partition.
//!
//! Text: version `0`, the number of entries, then `epoch startOffset` per line.

use std::fmt::Write;

/// An epoch and the first offset that its leader wrote, or would have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochEntry {
    /// The leader's epoch.
    pub epoch: i32,
    /// Where it begins.
    pub start_offset: i64,
}

/// The epochs of a log, oldest first; epochs and start offsets rise strictly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<EpochEntry>,
}

/// A `leader-epoch-checkpoint` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedEpochs {
    /// The first line that is wrong, counted from 1.
    pub line: usize,
}

impl LeaderEpochs {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not of the format above.
    pub fn parse(text: &[u8]) -> Result<Self, MalformedEpochs> {
        let text = std::str::from_utf8(text).map_err(|_| MalformedEpochs { line: 1 })?;
        let mut lines = text.lines();
        let Some(version) = lines.next() else { return Ok(Self::default()) };
        if version.trim() != "0" {
            return Err(MalformedEpochs { line: 1 });
        }
        let count: usize = lines
            .next()
            .and_then(|line| line.trim().parse().ok())
            .ok_or(MalformedEpochs { line: 2 })?;
        let mut epochs = Self::default();
        let mut read = 0;
        for (number, line) in lines.enumerate() {
            let entry = parse_entry(line).ok_or(MalformedEpochs { line: number + 3 })?;
            epochs.assign(entry.epoch, entry.start_offset);
            read += 1;
        }
        if read == count { Ok(epochs) } else { Err(MalformedEpochs { line: 2 }) }
    }

    /// The file's text.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {}", entry.epoch, entry.start_offset);
        }
        text.into_bytes()
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest epoch.
    #[must_use]
    pub fn latest(&self) -> Option<i32> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Epoch `epoch` begins at `start_offset`. Entries that contradict it go. True if anything
    /// changed.
    pub fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        if epoch < 0 || start_offset < 0 {
            return false;
        }
        if let Some(last) = self.entries.last()
            && last.epoch == epoch
            && last.start_offset <= start_offset
        {
            return false;
        }
        while let Some(last) = self.entries.last()
            && (last.epoch >= epoch || last.start_offset >= start_offset)
        {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// The epoch that has `epoch`'s answer and where it ends, by the rules of
    /// OffsetsForLeaderEpoch: the newest epoch ends at `end_offset`; an unknown one answers for the
    /// largest below it. (-1, -1) where nothing is known.
    #[must_use]
    pub fn end_offset_for(&self, epoch: i32, end_offset: i64) -> (i32, i64) {
        if epoch == -1 {
            return (-1, -1);
        }
        if self.latest() == Some(epoch) {
            return (epoch, end_offset);
        }
        let above = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(higher) = self.entries.get(above) else { return (-1, -1) };
        let answered = above.checked_sub(1).map_or(epoch, |floor| self.entries[floor].epoch);
        (answered, higher.start_offset)
    }

    /// The epoch in which the record at `offset` was written.
    #[must_use]
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        let above = self.entries.partition_point(|entry| entry.start_offset <= offset);
        above.checked_sub(1).map(|slot| self.entries[slot].epoch)
    }

    /// Forgets the epochs that begin at or behind `end_offset`. True if anything changed.
    pub fn truncate_from_end(&mut self, end_offset: i64) -> bool {
        let count = self.entries.len();
        self.entries.retain(|entry| entry.start_offset < end_offset);
        self.entries.len() != count
    }

    /// The log begins at `start_offset` now: older epochs go, the one that spans it begins there.
    /// True if anything changed.
    pub fn truncate_from_start(&mut self, start_offset: i64) -> bool {
        let above = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(spanning) = above.checked_sub(1) else { return false };
        let changed = spanning > 0 || self.entries[0].start_offset != start_offset;
        self.entries.drain(..spanning);
        self.entries[0].start_offset = start_offset;
        changed
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

fn parse_entry(line: &str) -> Option<EpochEntry> {
    let mut words = line.split_whitespace();
    let entry = EpochEntry {
        epoch: words.next()?.parse().ok()?,
        start_offset: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(entry)
}
