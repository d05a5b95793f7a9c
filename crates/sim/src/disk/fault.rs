//! What can go wrong on a disk on demand, and counts of what was asked of it.

use super::defect::is_log;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What a program asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Opening a file that exists.
    Open,
    /// Making a file that did not exist, by opening or locking it.
    Create,
    /// Reading from a file.
    Read,
    /// Writing to a file.
    Write,
    /// Cutting or growing a file, by opening it with `Truncate` too.
    SetSize,
    /// Making a file's content survive.
    Sync,
    /// Listing a directory.
    List,
    /// Asking what lies at a path, or how large an open file is.
    Stat,
    /// Making a directory; counted once per call.
    CreateDirectories,
    /// Giving another name.
    Rename,
    /// Removing a file.
    RemoveFile,
    /// Removing a directory; counted once per call.
    RemoveDirectory,
    /// Making a directory's names survive.
    SyncDirectory,
    /// Making all that there is survive.
    SyncTree,
    /// Locking a file.
    Lock,
    /// Forbidding writes to a file.
    SetReadOnly,
}

impl Operation {
    /// Whether it can change what lies on the disk or what survives a crash. Crash points are
    /// counted in these.
    #[must_use]
    pub fn changes(self) -> bool {
        match self {
            Self::Create
            | Self::Write
            | Self::SetSize
            | Self::Sync
            | Self::CreateDirectories
            | Self::Rename
            | Self::RemoveFile
            | Self::RemoveDirectory
            | Self::SyncDirectory
            | Self::SyncTree
            | Self::SetReadOnly => true,
            Self::Open | Self::Read | Self::List | Self::Stat | Self::Lock => false,
        }
    }
}

/// A rule: which operations go wrong, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    operation: Option<Operation>,
    path_part: String,
    skip: u64,
    times: u64,
    what: What,
}

/// How an operation goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Error(io::ErrorKind),
    FlipBit,
    /// Only of a log, and only where a checksum covers it.
    FlipCheckedBit,
    Slow(Duration),
}

impl Fault {
    fn new(operation: Option<Operation>, what: What) -> Self {
        Self { operation, path_part: String::new(), skip: 0, times: 1, what }
    }

    /// The next `operation` fails with `kind`. A failed write leaves a random part of its bytes;
    /// a failed sync forgets a random part of what it should have kept, for good.
    #[must_use]
    pub fn fail(operation: Operation, kind: io::ErrorKind) -> Self {
        Self::new(Some(operation), What::Error(kind))
    }

    /// The next operation of any kind fails with `kind`.
    #[must_use]
    pub fn fail_any(kind: io::ErrorKind) -> Self {
        Self::new(None, What::Error(kind))
    }

    /// One random bit of what the next read returns is wrong; the file stays as it is.
    #[must_use]
    pub fn flip_read() -> Self {
        Self::new(Some(Operation::Read), What::FlipBit)
    }

    /// One random bit of a batch is wrong in what the next read of a log (`.log`) returns, if its
    /// checksum covers any of that.
    #[must_use]
    pub fn flip_checked_read() -> Self {
        Self::new(Some(Operation::Read), What::FlipCheckedBit)
    }

    /// The next `operation` costs `time` more.
    #[must_use]
    pub fn slow(operation: Operation, time: Duration) -> Self {
        Self::new(Some(operation), What::Slow(time))
    }

    /// Only where the path contains `part`.
    #[must_use]
    pub fn at(mut self, part: &str) -> Self {
        self.path_part = part.to_owned();
        self
    }

    /// Lets `count` matching operations pass first.
    #[must_use]
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Goes wrong `count` times instead of once.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = count;
        self
    }

    /// Goes wrong until the faults are cleared.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    /// What goes wrong now, if this rule matches; counts.
    pub(super) fn strike(&mut self, operation: Operation, path: &str) -> Option<What> {
        let matches = self.operation.is_none_or(|wanted| wanted == operation);
        let is_its = self.what != What::FlipCheckedBit || is_log(Path::new(path));
        if !matches || !is_its || self.times == 0 || !path.contains(&self.path_part) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.what)
    }
}

/// How often each operation was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_operation: BTreeMap<Operation, u64>,
    /// Faults that struck.
    pub faults: u64,
    /// Writes for which there was no room.
    pub unfit: u64,
    /// Bytes given to writes.
    pub written_bytes: u64,
    /// Bytes that reads returned.
    pub read_bytes: u64,
}

impl Counts {
    /// How often `operation` was asked for, failures included.
    #[must_use]
    pub fn of(&self, operation: Operation) -> u64 {
        self.by_operation.get(&operation).copied().unwrap_or(0)
    }

    /// How many operations were asked for that change something: the number of crash points.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.by_operation.iter().filter(|(operation, _)| operation.changes()).map(|(_, n)| n).sum()
    }

    pub(super) fn count(&mut self, operation: Operation) {
        *self.by_operation.entry(operation).or_default() += 1;
    }
}

/// What operations cost in virtual time. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Any operation that is none of those below.
    pub operation: Duration,
    /// A sync of a file or directory.
    pub sync: Duration,
    /// A KiB written.
    pub write_kib: Duration,
    /// A page read that is not cached.
    pub cold_page: Duration,
}
