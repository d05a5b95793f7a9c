//! Opening a log: what Kafka left, or this process, or a crash.

use super::Log;
use crate::flush::EPOCHS_FILE;
use crate::leader_epochs::LeaderEpochs;
use crate::log_config::LogConfig;
use crate::place::Place;
use crate::recovery::{self, Known};
use crate::segment::Segment;
use crate::segment_files::{Deletion, mark_segment_deleted};
use crate::segments::Segments;
use crate::snapshots::Snapshots;
use crate::tail::Tail;
use dohle_env::disk;
use dohle_env::scratch::Scratch;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What is known of a log before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The last process that had it has closed it.
    pub clean: bool,
    /// From the checkpoint; 0 if it does not name the log.
    pub recovery_point: i64,
    /// From the checkpoint; 0 if it does not name the log.
    pub log_start_offset: i64,
    /// Wall time.
    pub now: i64,
}

/// What opening has found and done.
#[derive(Debug, Default)]
pub struct OpenReport {
    /// Segments that were scanned.
    pub recovered_segments: usize,
    /// Bytes cut off behind the last good batch.
    pub truncated_bytes: u64,
    /// Whole segments that were removed behind a cut.
    pub removed_segments: usize,
    /// The leader epochs' file was unreadable and counts as empty.
    pub malformed_epochs: bool,
    /// Files to remove after `file.delete.delay.ms`.
    pub deletion: Deletion,
}

/// A log that cannot be opened: its directory cannot be read or written.
#[derive(Debug)]
pub struct OpenError {
    /// The partition's directory.
    pub directory: PathBuf,
    /// What failed.
    pub error: io::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open the log in {}: {}", self.directory.display(), self.error)
    }
}

impl std::error::Error for OpenError {}

impl Log {
    /// Opens the log at `place`; makes it if there is none. After a clean stop nothing is scanned;
    /// else all from the recovery point on is, and the log is cut at the first batch that is not
    /// right.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(
        place: Arc<Place>,
        config: LogConfig,
        opening: Opening,
    ) -> Result<(Self, OpenReport), OpenError> {
        let directory = place.directory.clone();
        open(place, config, opening).map_err(|error| OpenError { directory, error })
    }
}

fn open(place: Arc<Place>, config: LogConfig, opening: Opening) -> io::Result<(Log, OpenReport)> {
    let mut report = OpenReport::default();
    let files = recovery::files(&place)?;
    let has_epochs = files.contains_key(EPOCHS_FILE);
    let mut epochs =
        if has_epochs { read_epochs(&place, &mut report)? } else { LeaderEpochs::default() };
    let epochs_read = epochs.clone();
    let mut snapshots = Snapshots::found(files.keys());
    let mut loader = recovery::Loader {
        place: &place,
        config: &config,
        opening,
        epochs: &mut epochs,
        snapshots: &mut snapshots,
        report: &mut report,
        segments: Vec::new(),
        unsound: BTreeSet::new(),
    };
    loader.load(&files)?;
    let end_offset = loader.recover()?;
    let segments = loader.segments;
    let segments = with_active(segments, &place, opening, &config)?;
    let end_offset = end_offset.unwrap_or(segments.active.base_offset);
    epochs.truncate_from_end(end_offset);
    epochs.truncate_from_start(opening.log_start_offset);
    let start_offset = opening.log_start_offset.max(segments.first().base_offset);
    let bases: BTreeSet<i64> = segments.iter().map(|segment| segment.base_offset).collect();
    snapshots.remove_strays(&place, &bases)?;
    let known = Known { start_offset, end_offset, clean: opening.clean, now: opening.now };
    let producers = recovery::rebuild_producers(&place, &segments, &mut snapshots, &config, known)?;
    let recovery_point =
        if opening.clean { end_offset } else { opening.recovery_point.min(end_offset) };
    let epochs_version = u64::from(epochs != epochs_read);
    let mut epochs_kept = epochs_read;
    epochs_kept.truncate_from_end(end_offset);
    let log = Log {
        tail: Tail::new(place.storage.tail_bytes.clone()),
        place,
        config,
        segments,
        producers,
        verifications: crate::producers::Verifications::default(),
        snapshots,
        // What the file has too much is the start of an epoch in which nothing was written.
        epochs_idle: opening.clean && epochs_kept == epochs,
        epochs,
        epochs_version,
        epochs_written: 0,
        staged: Scratch::default(),
        staged_end: end_offset,
        start_offset,
        end_offset,
        recovery_point,
        flushed_at: opening.now,
        generation: 0,
        offline: None,
        first_dirty_offset: None,
        end_memo: Cell::new(None),
    };
    Ok((log, report))
}

fn read_epochs(place: &Place, report: &mut OpenReport) -> io::Result<LeaderEpochs> {
    let text = disk::read_file(place.disk(), &place.directory.join(EPOCHS_FILE))?;
    Ok(LeaderEpochs::parse(&text).unwrap_or_else(|_| {
        report.malformed_epochs = true;
        LeaderEpochs::default()
    }))
}

/// A log without segments begins with an empty one at its start.
fn with_active(
    mut segments: Vec<Segment>,
    place: &Place,
    opening: Opening,
    config: &LogConfig,
) -> io::Result<Segments> {
    let active = match segments.pop() {
        Some(active) => active,
        None => {
            let active = Segment::fresh(opening.log_start_offset, opening.now).preallocated(config);
            active.begin_file(place)?;
            active.close_file();
            active
        }
    };
    Ok(Segments::new(segments, active))
}

/// Removes `segments` as a log that does not want them any more.
pub(crate) fn discard(
    place: &Place,
    segments: &[Segment],
    snapshots: &mut Snapshots,
    report: &mut OpenReport,
) -> io::Result<()> {
    for segment in segments {
        mark_segment_deleted(place, segment, &mut report.deletion)?;
        snapshots.mark_deleted(place, segment.base_offset, &mut report.deletion)?;
        report.removed_segments += 1;
    }
    if segments.is_empty() {
        return Ok(());
    }
    // What was removed must not come back beside what is appended now.
    place.disk().sync_directory(&place.directory)
}
