//! Snapshots of the metadata: written when enough has changed, so that a start reads little.

use super::owner::{Effect, MetadataLog};
use dohle_metadata::config::BrokerConfig;
use dohle_protocol::messages::VotersRecord;
use dohle_storage::metadata_snapshot::{self, SnapshotId, SnapshotStart, SnapshotWriter};
use std::io;
use std::path::PathBuf;

/// Snapshots that are kept; Kafka keeps those within its metadata retention.
const KEPT: usize = 2;

/// When the next snapshot is due, and what each one says of the quorum.
pub(super) struct Snapshots {
    directory: PathBuf,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    bytes_between_max: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 for never.
    interval_ms: i64,
    last: Option<SnapshotId>,
    last_log_bytes: u64,
    last_at: Option<i64>,
    quorum: Option<(i16, Option<VotersRecord>)>,
}

impl Snapshots {
    pub(super) fn new(
        directory: PathBuf,
        config: &BrokerConfig,
        last: Option<SnapshotId>,
        kraft_version: i16,
        voters: Option<VotersRecord>,
    ) -> Self {
        let bytes = config.integer("metadata.log.max.record.bytes.between.snapshots");
        Self {
            directory,
            bytes_between_max: u64::try_from(bytes).unwrap_or(u64::MAX),
            interval_ms: config.integer("metadata.log.max.snapshot.interval.ms"),
            last,
            last_log_bytes: 0,
            last_at: None,
            quorum: (1 <= kraft_version).then_some((kraft_version, voters)),
        }
    }
}

impl MetadataLog {
    /// Writes a snapshot if one is due. Small and rare enough to be written in the turn.
    pub(super) fn write_snapshot(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.timestamp();
        let last_at = *self.snapshots.last_at.get_or_insert(now);
        let grown = self.log.size_bytes().saturating_sub(self.snapshots.last_log_bytes);
        let is_old = 0 < self.snapshots.interval_ms && self.snapshots.interval_ms <= now - last_at;
        let provenance = self.image().provenance;
        let id = SnapshotId {
            epoch: provenance.epoch.max(self.epoch),
            end_offset: self.log.end_offset(),
        };
        let is_new = self.snapshots.last.is_none_or(|last| last.end_offset < id.end_offset);
        if !is_new || !(is_old || self.snapshots.bytes_between_max <= grown) {
            return;
        }
        match self.freeze(id, now) {
            Ok(()) => {
                self.snapshots.last = Some(id);
                self.snapshots.last_at = Some(now);
                self.snapshots.last_log_bytes = self.log.size_bytes();
            }
            Err(error) => effects.push(Effect::Failed(self.directory.clone(), error)),
        }
    }

    fn freeze(&self, id: SnapshotId, now: i64) -> io::Result<()> {
        let image = self.image();
        let disk = &**self.directory.log_dir.disk();
        let start = SnapshotStart {
            id,
            last_contained_log_timestamp: image.provenance.timestamp,
            quorum: self.snapshots.quorum.clone(),
        };
        let directory = &self.snapshots.directory;
        let mut writer = SnapshotWriter::create(disk, directory, &start, now, &*self.random)?;
        let level = image.metadata_version();
        for record in image.records() {
            writer.append(&record.encode_at(level), now)?;
        }
        writer.freeze(now)?;
        let mut all = metadata_snapshot::list(disk, directory)?;
        all.sort_unstable();
        let old = all.len().saturating_sub(KEPT);
        for id in all.into_iter().take(old) {
            metadata_snapshot::retire(disk, directory, id)?.run(disk)?;
        }
        Ok(())
    }
}
