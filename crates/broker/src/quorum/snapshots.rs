//! Snapshots of the metadata: written when enough has changed, so that a start reads little.

use super::owner::{Effect, MetadataLog};
use super::retention::MetadataRetention;
use dohle_env::clock::Instant;
use dohle_env::disk::Disk;
use dohle_env::random::Random;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::image::Image;
use dohle_protocol::messages::VotersRecord;
use dohle_storage::metadata_snapshot::{SnapshotId, SnapshotStart, SnapshotWriter};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// When the next snapshot is due, and what each one says of the quorum.
pub(super) struct Snapshots {
    directory: PathBuf,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    bytes_between_max: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 for never.
    interval_ms: i64,
    retention: MetadataRetention,
    last: Option<SnapshotId>,
    last_log_bytes: u64,
    last_at: Option<i64>,
    quorum: Option<(i16, Option<VotersRecord>)>,
    /// One was there at the start.
    pub(super) is_loaded: bool,
    /// The newest that was written since the start: its bytes, and when.
    pub(super) written: Option<(u64, Instant)>,
    /// Somebody asks whether one is due.
    asked: bool,
    /// One is being written.
    is_writing: bool,
    /// Older ones went: the log may begin here.
    log_start: Option<i64>,
}

/// A snapshot that is written.
pub(crate) struct Written {
    size_bytes: u64,
    /// Where the log may begin, if older snapshots went.
    log_start: Option<i64>,
}

/// A snapshot to be written on the lane.
pub(crate) struct SnapshotWork {
    directory: PathBuf,
    start: SnapshotStart,
    image: Image,
    retention: MetadataRetention,
    log_bytes: u64,
    now: i64,
    disk: Arc<dyn Disk>,
    random: Arc<dyn Random>,
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
            retention: MetadataRetention::new(config),
            is_loaded: last.is_some(),
            last,
            last_log_bytes: 0,
            last_at: None,
            quorum: (1 <= kraft_version).then_some((kraft_version, voters)),
            written: None,
            asked: false,
            is_writing: false,
            log_start: None,
        }
    }

    /// To be looked at once all that was decided is committed.
    pub(super) fn ask(&mut self) {
        self.asked = true;
    }
}

impl MetadataLog {
    /// Begins a snapshot if one was asked for and is due. To be called when everything that was
    /// applied is committed: the image is then that of the log's end.
    pub(super) fn begin_snapshot(&mut self, effects: &mut Vec<Effect>) {
        if !std::mem::take(&mut self.snapshots.asked) || self.snapshots.is_writing {
            return;
        }
        let now = self.clock.timestamp();
        let last_at = *self.snapshots.last_at.get_or_insert(now);
        let log_bytes = self.log.size_bytes();
        let grown = log_bytes.saturating_sub(self.snapshots.last_log_bytes);
        let is_old = 0 < self.snapshots.interval_ms && self.snapshots.interval_ms <= now - last_at;
        let image = self.image();
        let id = SnapshotId {
            epoch: image.provenance.epoch.max(self.epoch),
            end_offset: self.log.end_offset(),
        };
        let is_new = self.snapshots.last.is_none_or(|last| last.end_offset < id.end_offset);
        if !is_new || !(is_old || self.snapshots.bytes_between_max <= grown) {
            return;
        }
        let start = SnapshotStart {
            id,
            last_contained_log_timestamp: image.provenance.timestamp,
            quorum: self.snapshots.quorum.clone(),
        };
        let work = SnapshotWork {
            directory: self.snapshots.directory.clone(),
            start,
            image: image.clone(),
            retention: self.snapshots.retention,
            log_bytes,
            now,
            disk: self.directory.log_dir.disk().clone(),
            random: self.random.clone(),
        };
        self.snapshots.is_writing = true;
        self.snapshots.last = Some(id);
        self.snapshots.last_at = Some(now);
        self.snapshots.last_log_bytes = log_bytes;
        effects.push(Effect::Snapshot(self.directory.clone(), Box::new(work)));
    }

    /// The lane is done with a snapshot.
    pub(super) fn on_snapshot(&mut self, written: io::Result<Written>, effects: &mut Vec<Effect>) {
        self.snapshots.is_writing = false;
        match written {
            Ok(Written { size_bytes, log_start }) => {
                self.snapshots.written = Some((size_bytes, self.clock.now()));
                self.snapshots.log_start = log_start.or(self.snapshots.log_start);
            }
            Err(error) => effects.push(Effect::Failed(self.directory.clone(), error)),
        }
    }

    /// Where older snapshots went, so does the log below the oldest that is left. To be called when
    /// nothing waits to be written to the log.
    pub(super) fn cut_log(&mut self, effects: &mut Vec<Effect>) {
        let Some(start) = self.snapshots.log_start.take() else { return };
        if !self.log.advance_start_offset(start) {
            return;
        }
        let committed = self.log.recovery_point();
        match self.log.retention(self.clock.timestamp(), committed) {
            Ok(gone) if gone.removed.is_empty() => {}
            Ok(gone) => effects.push(Effect::Delete(self.directory.clone(), gone.deletion)),
            Err(error) => effects.push(Effect::Failed(self.directory.clone(), error)),
        }
    }
}

impl SnapshotWork {
    /// Writes the snapshot and removes those that retention does not want any more.
    pub(super) fn run(self) -> io::Result<Written> {
        let Self { directory, start, image, retention, log_bytes, now, disk, random } = self;
        let disk = &*disk;
        let mut writer = SnapshotWriter::create(disk, &directory, &start, now, &*random)?;
        let level = image.metadata_version();
        for record in image.records() {
            writer.append(&record.encode_at(level), now)?;
        }
        let size_bytes = writer.freeze(now)?;
        let log_start = retention.run(disk, &directory, log_bytes, now)?;
        Ok(Written { size_bytes, log_start })
    }
}
