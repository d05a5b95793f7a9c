//! Why a log could not be compacted this time.

use crate::segment::is_given_up;
use std::fmt;
use std::io;

/// Why a cleaning ends early. The log is as it was, or compacted in part.
#[derive(Debug)]
pub enum CleaningError {
    /// The log has given up the segments meanwhile: another cleaning may begin at once.
    Outrun,
    /// A file is missing or what is in it is no log: the log cannot be compacted before somebody
    /// has looked at it.
    Unreadable(String),
    /// There is no room for the compacted segment: try again later.
    Full(io::Error),
    /// The disk failed: the directory is to go offline.
    Disk(io::Error),
}

impl From<io::Error> for CleaningError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, NotFound, QuotaExceeded, StorageFull, UnexpectedEof};
        let kind = error.kind();
        if is_given_up(&error) {
            Self::Outrun
        } else if [NotFound, InvalidData, UnexpectedEof].contains(&kind) {
            Self::Unreadable(error.to_string())
        } else if [StorageFull, QuotaExceeded].contains(&kind) {
            Self::Full(error)
        } else {
            Self::Disk(error)
        }
    }
}

impl fmt::Display for CleaningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outrun => f.write_str("the log has changed meanwhile"),
            Self::Unreadable(why) => f.write_str(why),
            Self::Full(error) | Self::Disk(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CleaningError {}
