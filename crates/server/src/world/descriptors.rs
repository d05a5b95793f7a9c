//! How many descriptors this process may have, and who gets them.
//!
//! Connections come and go as others please, so they get what is left: a quarter is for the files of
//! logs, some are for everything else, and it is a connection that is refused when they run out, never
//! a write. What no connection needs files may have as well, save a quarter, and as much again as there
//! are connections, for those that come next; as they come the files are closed.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::atomic::{AtomicUsize, Ordering};

/// For reactors, lanes, listeners, checkpoints and the cleaner.
const OTHERS: usize = 64;
/// Of all descriptors this part is for files, and this part for connections to come: 1/4.
const KEPT_SHARE: usize = 4;

/// Files that are open. The limit is the process's, and so is what counts against it.
static FILES: AtomicUsize = AtomicUsize::new(0);
/// Connections that were accepted and are open.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

/// One of the files or connections that are open, until it is dropped.
pub(super) struct Counted(&'static AtomicUsize);

impl Counted {
    fn one_of(count: &'static AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    /// A file that was opened.
    pub(super) fn file() -> Self {
        Self::one_of(&FILES)
    }

    /// A connection that was accepted by a process of `all` descriptors, or how many there may be if
    /// there are as many.
    pub(super) fn connection(all: usize) -> Result<Self, usize> {
        let counted = Self::one_of(&CONNECTIONS);
        let most = connections_of(all, FILES.load(Ordering::Relaxed));
        if CONNECTIONS.load(Ordering::Relaxed) <= most { Ok(counted) } else { Err(most) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Raises the limit to what the process may ask for, as a JVM does.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Where it cannot be raised the old one holds.
        let _as_before =
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// What the process may have.
pub(super) fn all() -> usize {
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

/// Files of logs that may be open now.
pub(super) fn for_files() -> usize {
    files_of(all(), CONNECTIONS.load(Ordering::Relaxed))
}

fn files_of(all: usize, connections: usize) -> usize {
    let kept = (all / KEPT_SHARE).max(1);
    let unused = all.saturating_sub(OTHERS + kept).saturating_sub(connections.saturating_mul(2));
    kept.max(unused)
}

fn connections_of(all: usize, files: usize) -> usize {
    let kept = (all / KEPT_SHARE).min(dohle_storage::limits::FILES_OPEN_MAX);
    all.saturating_sub(OTHERS).saturating_sub(files.max(kept)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_what() {
        // (all, connections, files that may be open)
        for (all, connections, files) in [
            (64, 0, 16),
            (256, 0, 128),
            (256, 40, 64),
            (1024, 1, 702),
            (20_000, 100, 14_736),
            (20_000, 4_000, 6_936),
            (20_000, 10_000, 5_000),
            (1_048_576, 10_000, 766_368),
        ] {
            assert_eq!(files_of(all, connections), files, "{connections} of {all}");
        }
        // (all, files, connections that may be open)
        for (all, files, connections) in [
            (64, 16, 1),
            (256, 20, 128),
            (256, 128, 64),
            (1024, 0, 704),
            (20_000, 12, 14_936),
            (20_000, 10_000, 9_936),
            (20_000, 14_736, 5_200),
            (1_048_576, 100, 982_976),
        ] {
            assert_eq!(connections_of(all, files), connections, "{files} of {all}");
        }
    }

    #[test]
    fn all_descriptors_are_enough_for_both() {
        for all in [256, 1024, 20_000, 1_048_576] {
            for connections in [0, 1, all / 8, all / 4, all / 2] {
                let files = files_of(all, connections);
                let more = connections_of(all, files);
                assert!(files + more + OTHERS <= all, "{files} and {more} of {all}");
                // A burst of connections finds room before the files are closed.
                assert!(connections + all / 8 <= more || all / 4 <= connections, "{more} of {all}");
            }
        }
    }
}
