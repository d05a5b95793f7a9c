//! Which snapshots the metadata log keeps, and with them where it begins.
//!
//! The oldest snapshot goes while it is too old or all that is kept is too large, as long as there is a
//! newer one; the log then begins where the oldest that is left ends (`metadata.max.retention.ms`
//! and `metadata.max.retention.bytes`, both KIP-630).

use dohle_env::disk::Disk;
use dohle_metadata::config::BrokerConfig;
use dohle_storage::metadata_snapshot::{self, SnapshotError, SnapshotId};
use std::io;
use std::path::Path;

/// The limits of what is kept; negative for none.
#[derive(Clone, Copy)]
pub(super) struct MetadataRetention {
    bytes: i64,
    ms: i64,
}

/// A finished snapshot.
#[derive(Clone, Copy, Debug)]
struct Kept {
    id: SnapshotId,
    size_bytes: u64,
    /// Of the last record of the log that it contains.
    timestamp: i64,
}

impl MetadataRetention {
    pub(super) fn new(config: &BrokerConfig) -> Self {
        Self {
            bytes: config.integer("metadata.max.retention.bytes"),
            ms: config.integer("metadata.max.retention.ms"),
        }
    }

    /// Removes snapshots that nobody wants any more from the metadata log's `directory`; says where
    /// the log may begin if any went.
    pub(super) fn run(
        self,
        disk: &dyn Disk,
        directory: &Path,
        log_bytes: u64,
        now: i64,
    ) -> io::Result<Option<i64>> {
        let kept = kept(disk, directory)?;
        let first = self.first_kept(&kept, log_bytes, now);
        for snapshot in &kept[..first] {
            metadata_snapshot::retire(disk, directory, snapshot.id)?.run(disk)?;
        }
        Ok(kept.get(first).filter(|_| first != 0).map(|oldest| oldest.id.end_offset))
    }

    /// The index of the oldest snapshot that stays. The newest always does.
    fn first_kept(self, kept: &[Kept], log_bytes: u64, now: i64) -> usize {
        let mut bytes = log_bytes + kept.iter().map(|snapshot| snapshot.size_bytes).sum::<u64>();
        let mut first = 0;
        while let [oldest, _, ..] = &kept[first..] {
            let is_old = 0 <= self.ms && self.ms < now.saturating_sub(oldest.timestamp);
            let is_large = u64::try_from(self.bytes).is_ok_and(|limit| limit < bytes);
            if !is_old && !is_large {
                break;
            }
            bytes -= oldest.size_bytes;
            first += 1;
        }
        first
    }
}

fn kept(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<Kept>> {
    let of = |id| match metadata_snapshot::read_summary(disk, directory, id) {
        Ok(found) => {
            let timestamp = found.last_contained_log_timestamp;
            Ok(Kept { id, size_bytes: found.size_bytes, timestamp })
        }
        Err(SnapshotError { io: Some(error), .. }) => Err(error),
        // Nobody can use it: it goes as soon as age matters.
        Err(unreadable) => {
            tracing::warn!("{unreadable}");
            Ok(Kept { id, size_bytes: 0, timestamp: i64::MIN })
        }
    };
    metadata_snapshot::list(disk, directory)?.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Kept, MetadataRetention, SnapshotId};

    fn kept(sizes_and_times: &[(u64, i64)]) -> Vec<Kept> {
        let of = |(end_offset, (size_bytes, timestamp)): (i64, &(u64, i64))| Kept {
            id: SnapshotId { end_offset, epoch: 1 },
            size_bytes: *size_bytes,
            timestamp: *timestamp,
        };
        (0..).zip(sizes_and_times).map(of).collect()
    }

    #[test]
    fn old_and_surplus_snapshots_go_and_the_newest_stays() {
        let three = kept(&[(10, 100), (20, 200), (30, 300)]);
        let cases = [
            // bytes, ms, bytes of the log, now, index of the first that stays
            ((-1, -1), 1000, 10_000, 0),
            ((100, -1), 40, 0, 0),
            ((99, -1), 40, 0, 1),
            ((89, -1), 40, 0, 2),
            ((0, -1), 1000, 0, 2),
            ((-1, 100), 0, 200, 0),
            ((-1, 100), 0, 201, 1),
            ((-1, 100), 0, 10_000, 2),
            ((89, 100), 40, 201, 2),
        ];
        for ((bytes, ms), log_bytes, now, stays) in cases {
            let retention = MetadataRetention { bytes, ms };
            let found = retention.first_kept(&three, log_bytes, now);
            assert_eq!(found, stays, "{bytes} bytes, {ms} ms, log of {log_bytes}, at {now}");
        }
        assert_eq!(MetadataRetention { bytes: 0, ms: 0 }.first_kept(&[], 1, 1), 0);
    }
}
