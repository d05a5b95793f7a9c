//! How many descriptors this process may have, and who gets them.
//!
//! Connections come and go as others please, so they get what is left: a quarter is for the files of
//! logs, some are for everything else. Thus it is a connection that is refused when they run out, never a
//! write.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For reactors, lanes, listeners, checkpoints and the cleaner.
const OTHERS: usize = 64;
/// Of all descriptors this part is for the files of logs: 1/4.
const FILES_SHARE: usize = 4;

/// Raises the limit to what the process may ask for, as a JVM does.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Where it cannot be raised the old one holds.
        let _as_before =
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

fn all() -> usize {
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

/// Files of logs that may be open at once.
pub(super) fn for_files() -> usize {
    files_of(all())
}

/// Connections that may be open at once.
pub(super) fn for_connections() -> usize {
    connections_of(all())
}

fn files_of(all: usize) -> usize {
    (all / FILES_SHARE).max(1)
}

fn connections_of(all: usize) -> usize {
    all.saturating_sub(files_of(all).min(dohle_storage::limits::FILES_OPEN_MAX))
        .saturating_sub(OTHERS)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_what() {
        // (all, files, connections)
        for (all, files, connections) in [
            (64, 16, 1),
            (256, 64, 128),
            (1024, 256, 704),
            (20_000, 5_000, 14_936),
            (1_048_576, 262_144, 982_976),
        ] {
            assert_eq!((files_of(all), connections_of(all)), (files, connections), "{all}");
        }
    }
}
