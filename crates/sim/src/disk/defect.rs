//! Deliberate defects: a checker that cannot fail proves nothing.
//!
//! Each is played by the world around a node that has no bug: what it would do to its disk, by the
//! disk; what it would take a request or a setting for, by who sends or sets it. Production code knows
//! nothing of them, and no binary but the simulation's can have one.

use super::tree::{Change, FileNode, NameChange, Node, Tree};
use std::ops::Range;
use std::path::Path;

/// A bug that a node seems to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Nobody compares checksums: what is read of a log always has the right ones.
    UncheckedCrc,
    /// What is acknowledged is not written yet: a kill finds each log's newest write still in the
    /// process.
    EarlyAcknowledgement,
    /// The snapshot of a log's producers is written without them.
    ForgottenProducers,
    /// The rename that puts a checkpoint in its place does not survive a power loss, whatever is
    /// synced.
    LostRename,
    /// Answers rest on what is not committed: each flush of a log is over before anything is on the
    /// disk, and is made good by the next.
    UncommittedAnswers,
    /// Compaction takes the last batch of each segment that it writes for superseded.
    CarelessCleaner,
    /// Readers of committed records are served above the last stable offset, and what was aborted:
    /// the workload has them ask as readers of everything do.
    UnstableReads,
    /// Records leave long before `retention.ms`: the administrator asks for less than is looked for.
    HastyRetention,
    /// Limits of what a node holds are not kept: the workload sets others than it looks for.
    BoundlessMemory,
    /// The same of its fetch sessions.
    BoundlessSessions,
    /// The same of its connections.
    BoundlessConnections,
}

impl Defect {
    /// All of them, with their names on command lines.
    pub const ALL: [(&str, Self); 11] = [
        ("unchecked-crc", Self::UncheckedCrc),
        ("early-acknowledgement", Self::EarlyAcknowledgement),
        ("forgotten-producers", Self::ForgottenProducers),
        ("lost-rename", Self::LostRename),
        ("uncommitted-answers", Self::UncommittedAnswers),
        ("careless-cleaner", Self::CarelessCleaner),
        ("unstable-reads", Self::UnstableReads),
        ("hasty-retention", Self::HastyRetention),
        ("boundless-memory", Self::BoundlessMemory),
        ("boundless-sessions", Self::BoundlessSessions),
        ("boundless-connections", Self::BoundlessConnections),
    ];

    /// Whether this is what a check says that finds the defect. Other things go wrong on a node with
    /// a defect too, and a check that they blind would not be missed.
    pub fn is_told_by(self, violation: &str) -> bool {
        self.known_by().iter().any(|part| violation.contains(part))
    }

    /// What is said of it, one of these.
    fn known_by(self) -> &'static [&'static str] {
        match self {
            Self::UncheckedCrc => {
                &["cannot be unpacked", "a fetched record is none", "a record that nobody sent"]
            }
            Self::EarlyAcknowledgement => &["is acknowledged at", "marks go back", " is at "],
            Self::ForgottenProducers => &[" is at "],
            Self::LostRename => &["were deleted, and after a power loss the log starts at"],
            Self::UncommittedAnswers => {
                &["was made and is gone", "was promised", "after a power loss the log ends at"]
            }
            Self::CarelessCleaner => &["is gone, and nothing explains it"],
            Self::UnstableReads => &["which was aborted"],
            Self::HastyRetention => &["ms old at most, retention keeps it"],
            Self::BoundlessMemory => &["bytes of requests, its limit is"],
            Self::BoundlessSessions => &["fetch sessions, its limit is"],
            Self::BoundlessConnections => &["connections, its limit is"],
        }
    }
}

/// A snapshot of no producers: version, CRC-32C of the rest, count.
const NO_PRODUCERS: [u8; 10] = [0, 1, 0x48, 0x67, 0x4b, 0xc7, 0, 0, 0, 0];

/// Whether a rename is the first that a compacted log file goes through.
pub(super) fn is_cleaned_log(from: &Path) -> bool {
    from.to_string_lossy().ends_with(".log.cleaned")
}

pub(super) fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

/// What is written in place of a snapshot's bytes.
pub(super) fn without_producers(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    let is_snapshot = path.extension().is_some_and(|extension| extension == "snapshot");
    if is_snapshot { NO_PRODUCERS.to_vec() } else { bytes }
}

/// Whether no sync covers this change of names.
pub(super) fn is_lost_rename(change: &NameChange) -> bool {
    matches!(change, NameChange::Rename { to, .. } if to.1.ends_with("-checkpoint"))
}

impl Tree {
    /// Takes back the newest write of each log that no sync has covered.
    pub(super) fn forget_newest_writes(&mut self) {
        let mut logs = Vec::new();
        for node in self.nodes.values() {
            if let Node::Directory(directory) = node {
                let names = directory.live.iter();
                logs.extend(names.filter(|(name, _)| is_log(Path::new(name))).map(|(_, at)| *at));
            }
        }
        for inode in logs {
            if let Ok(file) = self.file_mut(inode)
                && matches!(file.unsynced.last(), Some(Change::Write { .. }))
            {
                file.unsynced.pop();
                file.live = file.durable.clone();
                file.unsynced.iter().for_each(|change| change.apply(&mut file.live));
            }
        }
    }
}

impl FileNode {
    /// Makes durable what the flush before this one should have.
    pub(super) fn sync_late(&mut self) {
        let due = self.promised.min(self.unsynced.len());
        for change in self.unsynced.drain(..due) {
            change.apply(&mut self.durable);
        }
        self.promised = self.unsynced.len();
    }

    /// Leaves of the last batch what compaction leaves of one without records.
    pub(super) fn empty_last_batch(&mut self) {
        let (mut start, mut last) = (0, None);
        while let Some(batch) = self.batch_at(start) {
            let next = start + batch.len() as u64;
            last = Some((start, batch));
            start = next;
        }
        let Some((start, mut batch)) = last else { return };
        batch[RECORD_COUNT].fill(0);
        let crc = crc32c(&batch[CRC.end..]);
        batch[CRC].copy_from_slice(&crc.to_be_bytes());
        self.change(Change::Write { position: start, bytes: batch.into() });
        self.sync();
    }

    /// Puts the right checksum into each batch of which `into` has a part; `into` is what lies at
    /// `position`.
    pub(super) fn mend_checksums(&self, position: u64, into: &mut [u8]) {
        let wanted = position..position + into.len() as u64;
        let mut start = 0;
        while start < wanted.end {
            let Some(batch) = self.batch_at(start) else { return };
            let end = start + batch.len() as u64;
            if wanted.start < end {
                let crc = crc32c(&batch[CRC.end..]).to_be_bytes();
                for (at, byte) in (start + CRC.start as u64..).zip(crc) {
                    if wanted.contains(&at) {
                        into[usize::try_from(at - position).expect("inside")] = byte;
                    }
                }
            }
            start = end;
        }
    }

    /// The first byte from `position` on that a checksum covers, or that is one, of the batch that
    /// lies there.
    pub(super) fn checked_from(&self, position: u64) -> u64 {
        let mut start = 0;
        while let Some(batch) = self.batch_at(start) {
            let end = start + batch.len() as u64;
            if position < end {
                return position.max(start + CRC.start as u64);
            }
            start = end;
        }
        position
    }

    /// The batch of magic 2 that begins at `start`; `None` if there is no whole one.
    fn batch_at(&self, start: u64) -> Option<Vec<u8>> {
        let mut head = [0; HEADER_BYTES];
        if self.live.read(start, &mut head) < HEADER_BYTES || head[16] != 2 {
            return None;
        }
        let length = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let size = usize::try_from(length).ok()?.checked_add(12)?;
        if size < HEADER_BYTES || self.live.size_bytes() < start + size as u64 {
            return None;
        }
        let mut batch = vec![0; size];
        self.live.read(start, &mut batch);
        Some(batch)
    }
}

const HEADER_BYTES: usize = 61;
/// Where a batch of magic 2 has its checksum, of all that follows it.
const CRC: Range<usize> = 17..21;

/// Where it has the number of its records.
const RECORD_COUNT: Range<usize> = 57..61;

/// CRC-32C, bit by bit: the world alone knows no crate that has it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{NO_PRODUCERS, crc32c};

    #[test]
    fn the_checksum_is_kafkas() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&NO_PRODUCERS[6..]).to_be_bytes(), NO_PRODUCERS[2..6]);
    }
}
